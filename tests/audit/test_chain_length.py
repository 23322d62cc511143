import numpy as np
import pytest

from personae.audit.chain_length import length_effect
from personae.audit.knowledge import others_right
from personae.errors import BadInput
from personae.metrics.logistic import fit_logistic, sigmoid


def made(effect=-0.8, through_difficulty=0.0, seed=0, n_models=6, n_questions=500):
    random = np.random.default_rng(seed)
    hard = random.normal(size=n_questions)
    log_length = random.normal(size=(n_models, n_questions)) + through_difficulty * hard
    z = (log_length - log_length.mean(1, keepdims=True)) / log_length.std(1, keepdims=True)
    chance = sigmoid(np.linspace(-1, 1, n_models)[:, None] + effect * z - 1.5 * hard)
    return np.exp(log_length), (random.random(chance.shape) < chance).astype(float)


def test_the_effect_is_that_of_a_plain_logistic_regression():
    lengths, right = made()
    logs = np.log(lengths)
    z = (logs - logs.mean(1, keepdims=True)) / logs.std(1, keepdims=True)
    levels = np.repeat(np.eye(6), 500, axis=0)
    plain = fit_logistic(np.column_stack([levels, z.ravel()]), right.ravel())
    assert length_effect(lengths, right, draws=50).value == pytest.approx(plain[-1], abs=1e-5)


def test_one_step_draws_are_those_of_refitted_samples():
    lengths, right = made(n_questions=200)
    quick = length_effect(lengths, right, draws=300)
    random = np.random.default_rng(1)
    refitted = [
        length_effect(lengths[:, picks], right[:, picks], draws=2).value
        for picks in random.integers(200, size=(300, 200))
    ]
    assert quick.high - quick.low == pytest.approx(np.ptp(np.quantile(refitted, [0.025, 0.975])), rel=0.2)


def test_difficulty_takes_away_what_only_runs_through_it():
    lengths, right = made(effect=0.0, through_difficulty=0.7, n_models=40)
    alone = length_effect(lengths, right, draws=200)
    given = length_effect(lengths, right, difficulty=others_right(right), draws=200)
    assert alone.high < -0.5
    assert abs(given.value) < 0.1


def test_lengths_that_mean_nothing_have_no_effect():
    lengths, right = made(effect=0.0)
    found = length_effect(lengths, right, draws=200)
    assert found.low < 0 < found.high


def test_answers_without_length_or_mark_are_left_out():
    lengths, right = made()
    lengths[0, :10], lengths[1, :5], right[2, :7] = 0.0, np.nan, np.nan
    assert length_effect(lengths, right, draws=50).n == 6 * 500 - 22


def test_a_model_that_is_always_right_tells_nothing():
    lengths, right = made()
    right[0] = 1.0
    assert length_effect(lengths, right, draws=50).n == 5 * 500
    with pytest.raises(BadInput, match="both right and wrong"):
        length_effect(lengths[:1], right[:1])


def test_shapes_must_agree():
    with pytest.raises(BadInput, match="one shape"):
        length_effect(np.ones((2, 3)), np.ones((3, 2)))
