import copy

import numpy as np
import pytest

from personae.errors import BadInput
from personae.mind.twins import HybridTwin, StatisticalTwin, cross_fit


def people(n=400, noise=1.0, seed=0, n_outcomes=6):
    """Invented people: what is known of them, their answers, and a language model that sees something else of them."""
    random = np.random.default_rng(seed)
    known = random.normal(size=(n, 8))
    hidden = random.normal(size=n)
    weights = random.normal(size=(8, n_outcomes))
    answers = 3 + known @ weights + hidden[:, None] + noise * random.normal(size=(n, n_outcomes))
    model = 10 + 2 * hidden[:, None] + random.normal(size=answers.shape)
    return known, answers, model


def r(a, b):
    known = ~(np.isnan(a) | np.isnan(b))
    return np.corrcoef(a[known], b[known])[0, 1]


def test_weights_come_in_the_units_of_features_and_answers():
    known, _, _ = people()
    answers = 5 + 100 * known[:, :1] - known[:, 1:2] / 10
    twin = StatisticalTwin(alphas=(1e-6,), shares=(0.0,)).fit(known * 1000, answers)
    assert twin.coef_[:2, 0] == pytest.approx([0.1, -0.0001])
    assert twin.predict(known * 1000) == pytest.approx(answers, abs=1e-3)
    assert twin.reliability_ == pytest.approx([1.0])


def test_predictions_on_new_people_are_as_reliable_as_expected():
    known, answers, _ = people(n=2000, noise=4.0)
    twin = StatisticalTwin().fit(known[:1000], answers[:1000])
    reached = [r(answers[1000:, j], twin.predict(known[1000:])[:, j]) for j in range(6)]
    assert twin.reliability_ == pytest.approx(reached, abs=0.08)


def test_the_language_models_answer_adds_what_features_lack():
    known, answers, model = people()
    alone = cross_fit(StatisticalTwin(), known, answers)
    both = cross_fit(HybridTwin(), known, answers, model)
    for j in range(6):
        assert r(answers[:, j], both.predicted[:, j]) > r(answers[:, j], alone.predicted[:, j])


def test_on_a_constant_feature_the_hybrid_is_linear_calibration():
    known, answers, model = people(n_outcomes=1)
    constant = np.ones((len(known), 1))
    twin = HybridTwin(alphas=(1.0,), shares=(0.0,), own_penalty=1e-9).fit(constant, answers, model)
    slope, start = np.polyfit(model[:, 0], answers[:, 0], 1)
    assert twin.own_weight_ == pytest.approx([slope])
    assert twin.predict(constant, model)[:, 0] == pytest.approx(start + slope * model[:, 0])


def test_a_prior_learned_from_all_outcomes_helps_where_each_says_little():
    random = np.random.default_rng(3)
    known = random.normal(size=(150, 40))
    weights = np.zeros((40, 30))
    weights[:2] = random.normal(size=(2, 30))  # every outcome rests on the same two features
    answers = known @ weights + 2 * random.normal(size=(150, 30))
    found = {}
    for share in (0.0, 0.9):
        made = cross_fit(
            StatisticalTwin(alphas=(30.0, 100.0, 300.0), shares=(share,)), known, answers
        ).predicted
        found[share] = np.mean([r(answers[:, j], made[:, j]) for j in range(30)])
    assert found[0.9] > found[0.0] + 0.03
    assert StatisticalTwin(alphas=(30.0, 100.0, 300.0), shares=(0.0, 0.9)).fit(known, answers).share_ == 0.9


def test_borrowing_makes_penalties_agree():
    known, answers, _ = people(n=80, noise=20.0, n_outcomes=12)
    alphas = (1.0, 10.0, 100.0, 1000.0)
    alone = StatisticalTwin(alphas=alphas, shares=(0.0,), borrow=0.0).fit(known, answers)
    together = StatisticalTwin(alphas=alphas, shares=(0.0,), borrow=1e6).fit(known, answers)
    assert len(set(together.alphas_)) == 1 < len(set(alone.alphas_))


def test_intervals_hold_what_they_say_on_new_people():
    known, answers, _ = people(n=3000, noise=3.0)
    twin = StatisticalTwin().fit(known[:600], answers[:600])
    for level in (0.5, 0.9):
        low, high = twin.interval_around(twin.predict(known[600:]), level)
        inside = (low <= answers[600:]) & (answers[600:] <= high)
        assert inside.mean() == pytest.approx(level, abs=0.03)


def test_who_was_not_asked_takes_no_part():
    known, answers, model = people()
    answers[:200, 1] = np.nan
    whole = HybridTwin().fit(known, answers, model)
    assert np.isnan(whole.learned_.residuals[:200, 1]).all()
    assert not np.isnan(whole.learned_.residuals[200:, 1]).any()
    assert np.isnan(cross_fit(HybridTwin(), known, answers, model).predicted[:200, 1]).all()
    silent = model.copy()
    silent[0, 0] = np.nan
    assert np.isnan(whole.predict(known, silent)[0, 0])
    assert np.isnan(HybridTwin().fit(known, answers, silent).learned_.residuals[0, 0])


def test_outcomes_of_different_people_are_fitted_on_their_own():
    known, answers, _ = people()
    answers[:150, 0] = np.nan
    kept = StatisticalTwin(shares=(0.0,), borrow=0.0).fit(known, answers[:, 1:])
    every = StatisticalTwin(shares=(0.0,), borrow=0.0).fit(known, answers)
    assert every.coef_[:, 1:] == pytest.approx(kept.coef_)


def test_a_constant_answer_and_a_constant_feature_break_nothing():
    known, answers, model = people()
    answers[:, 0], known[:, 0], model[:, 1] = 4.0, 7.0, 1.0
    twin = HybridTwin().fit(known, answers, model)
    assert twin.predict(known, model)[:, 0] == pytest.approx(4.0)
    assert twin.reliability_[0] == 0
    assert np.isfinite(twin.predict(known, model)).all()


@pytest.mark.parametrize("kind", [StatisticalTwin, HybridTwin])
def test_the_same_seed_gives_the_same_twin_and_leaves_the_data_alone(kind):
    known, answers, model = people()
    given = (known, answers, model)[: 2 + (kind is HybridTwin)]
    before = copy.deepcopy(given)
    again = [kind(random_state=5).fit(*given) for _ in range(2)]
    assert (again[0].coef_ == again[1].coef_).all()
    assert again[0].fit(*given) is again[0]
    assert all((a == b).all() for a, b in zip(given, before, strict=True))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alphas": ()}, "Penalties"),
        ({"alphas": (0.0,)}, "Penalties"),
        ({"shares": (1.0,)}, r"\[0, 1\)"),
        ({"n_folds": 1}, "at least 2 folds"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_fit(settings, message):
    known, answers, _ = people()
    with pytest.raises(BadInput, match=message):
        StatisticalTwin(**settings).fit(known, answers)


def test_tables_that_do_not_fit_each_other_are_refused():
    known, answers, model = people()
    with pytest.raises(BadInput, match="one row a person"):
        StatisticalTwin().fit(known[1:], answers)
    with pytest.raises(BadInput, match="one for one"):
        HybridTwin().fit(known, answers, model[:, 1:])
    with pytest.raises(BadInput, match="SurveyFeatures"):
        StatisticalTwin().fit(np.where(known > 2, np.nan, known), answers)
    with pytest.raises(BadInput, match="no outcome"):
        StatisticalTwin().fit(known, answers[:, :0])
    with pytest.raises(BadInput, match="call `fit` first"):
        StatisticalTwin().predict(known)
    with pytest.raises(BadInput, match=r"\(0, 1\)"):
        StatisticalTwin().fit(known, answers).interval_around(answers, 1.0)


def test_cross_fit_learns_nothing_from_the_people_it_predicts():
    known, answers, _ = people(n=120)
    random = np.random.default_rng(0)
    noise = random.normal(size=answers.shape)
    made = cross_fit(StatisticalTwin(alphas=(0.01,), shares=(0.0,)), known, noise)
    assert abs(r(noise, made.predicted)) < 0.15
    assert made.predicted.shape == made.low.shape == made.reliability.shape == noise.shape
    assert (made.low <= made.predicted).all()
