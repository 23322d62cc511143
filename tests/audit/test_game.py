import numpy as np
import pytest

from personae.audit.game import Trial, outcome, play
from personae.errors import BadInput


def noisy(secret, random):
    return [Trial(secret, int(random.random() < 0.5), float(random.random()), random.random())]


def test_the_advantage_is_what_a_hand_counts():
    """Guess 1 in 3 of 4 rounds with secret 1, and in 1 of 2 with secret 0: advantage 3/4 - 1/2; right in 3 + 1 of 6."""
    guesses = [(1, 1), (1, 1), (1, 1), (1, 0), (0, 1), (0, 0)]
    found = outcome([Trial(secret, guess, 2.0 * guess) for secret, guess in guesses], draws=200)
    assert found.advantage.value == pytest.approx(0.25)
    assert found.accuracy.value == pytest.approx(4 / 6)
    assert found.auroc.value == pytest.approx(0.5 + 0.25 / 2)
    assert found.advantage.low < 0.25 < found.advantage.high


def test_intervals_draw_whole_victims():
    trials = [Trial(i % 2, i % 2 if i < 20 else 1 - i % 2, 0.0, victim=i < 20) for i in range(40)]
    found = outcome(trials, draws=200).accuracy
    assert (found.value, found.n_clusters) == (0.5, 2)
    assert (found.low, found.high) == (0.0, 1.0)
    assert outcome([Trial(t.secret, t.guess, 0.0) for t in trials], draws=200).accuracy.high < 0.8


def test_rounds_alternate_secrets_and_repeat_under_a_seed():
    first, again = play(noisy, rounds=9, random_state=3), play(noisy, rounds=9, random_state=3)
    assert first == again
    assert [each.secret for each in first] == [0, 1] * 4 + [0]
    assert first != play(noisy, rounds=9, random_state=4)


def test_a_score_that_is_none_is_refused():
    with pytest.raises(BadInput, match="A score is NaN"):
        outcome([Trial(0, 0, float("nan")), Trial(1, 1, 1.0)])


def test_processes_change_nothing():
    pytest.importorskip("joblib")
    assert play(noisy, rounds=4, n_jobs=2) == play(noisy, rounds=4)


def test_a_guess_that_knows_nothing_has_no_advantage():
    found = outcome(play(noisy, rounds=400), draws=400)
    assert found.advantage.low < 0 < found.advantage.high
    assert abs(found.accuracy.value - 0.5) < 0.08


@pytest.mark.parametrize("rounds", [0, 1])
def test_too_few_rounds_are_refused(rounds):
    with pytest.raises(BadInput, match="at least one with each secret"):
        play(noisy, rounds=rounds)


def test_one_secret_is_refused():
    with pytest.raises(BadInput, match="one secret"):
        outcome([Trial(1, 1, 1.0), Trial(1, 0, 0.0)])
    assert np.isfinite(outcome([Trial(1, 1, 1.0), Trial(0, 0, 0.0)], draws=10).accuracy.value)
