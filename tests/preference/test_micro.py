import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.logistic import fit_logistic
from personae.people.records import Preference
from personae.preference import MiCRo, clone, comparisons
from personae.preference.micro import _Bags, _blend, _log_softmax


def points(items):
    """Items are points, written as text."""
    return np.array([[float(part) for part in text.split()] for _, text in items])


def chosen_by(tastes, n_people=40, n_rows=12, seed=0, prefix="p", context=""):
    """People of kinds by turns, who choose by `tastes[kind]` @ point as Bradley and Terry say."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(n_people):
        taste = np.asarray(tastes[number % len(tastes)])
        for _ in range(n_rows):
            a, b = random.normal(size=(2, len(taste)))
            likes_a = random.random() < 1 / (1 + np.exp(-(a - b) @ taste))
            texts = (" ".join(f"{x:.3f}" for x in point) for point in (a, b))
            made.append(Preference(f"{prefix}{number}", context, *texts, "a" if likes_a else "b"))
    return made


OPPOSITE = [(6.0, 1.0), (-6.0, 1.0)]


@pytest.fixture(scope="module")
def model():
    return MiCRo(features=points, n_heads=2, n_directions=2, n_restarts=2).fit(chosen_by(OPPOSITE))


def test_one_head_is_logistic_regression():
    rows = chosen_by([(1.0, -0.5)], n_people=20)
    found = MiCRo(features=points, n_heads=1, n_directions=2, penalties=(1.0,)).fit(rows)
    table = comparisons(rows)
    spread = found.directions_.of(points(table.items))
    expected = fit_logistic(spread[table.a] - spread[table.b], table.chosen, penalty=1.0)
    np.testing.assert_allclose(found.coefficients_[0], expected, atol=1e-3)
    chance = found.probs(rows).probability
    np.testing.assert_allclose(
        chance, 1 / (1 + np.exp(-(spread[table.a] - spread[table.b]) @ expected)), atol=1e-3
    )


def test_hidden_kinds_are_found_and_ten_labels_tell_them_apart(model):
    first = np.sort(model.heads_[:, 0])
    assert first[0] < -2
    assert first[1] > 2
    assert model.n_effective > 1.95
    new = chosen_by(OPPOSITE, n_people=40, n_rows=30, seed=5, prefix="q")
    shots = [row for place, row in enumerate(new) if place % 30 < 10]
    test = [row for place, row in enumerate(new) if place % 30 >= 10]
    is_right = model.adapt_all(shots).probs(test).probability > 0.5
    assert np.mean(is_right == [row.choice == "a" for row in test]) > 0.85
    assert model.route("q0").entropy < 0.05 < 0.6 < model.route("nobody").entropy
    for person in {row.person for row in new}:
        model.forget(person)


def test_the_order_of_heads_means_nothing(model):
    turned = clone(model).fit(chosen_by(OPPOSITE))
    for name in ("coefficients_", "heads_", "router_"):
        setattr(turned, name, getattr(turned, name)[::-1])
    turned.mean_weights_ = turned.mean_weights_[::-1]
    rows = chosen_by(OPPOSITE, n_people=3, seed=8, prefix="t")
    test = chosen_by(OPPOSITE, n_people=3, seed=9, prefix="t")
    straight, other = (each.adapt_all(rows).probs(test).probability for each in (model, turned))
    np.testing.assert_allclose(straight, other, atol=1e-12)


def test_hedge_multiplies_weights_by_likelihoods(model):
    """Two heads that give the choice .8 and .2, twice seen: odds 16 to 1 on the prior."""
    model.coefficients_, kept = np.array([[1.0, 0.0], [-1.0, 0.0]]), model.coefficients_
    axes, center = model.directions_.axes, model.directions_.center
    gap = np.linalg.solve(axes.T, [np.log(4.0), 0.0])
    a, b = (" ".join(str(float(x)) for x in point) for point in (center + gap, center))
    model.adapt("hedge", [Preference("hedge", "", a, b, "a")] * 2)
    prior, after = model.route("nobody").weights, model.route("hedge").weights
    assert (after[0] / after[1]) / (prior[0] / prior[1]) == pytest.approx(16.0, rel=1e-6)
    found = model.prob("hedge", "", a, b)
    assert found.probability == pytest.approx(0.8 * after[0] + 0.2 * after[1])
    assert found.low <= found.probability <= found.high
    model.coefficients_ = kept


def test_heads_that_are_alike_leave_the_route_where_it_was(model):
    model.coefficients_, kept = np.ones((2, 2)), model.coefficients_
    model.adapt(
        "same",
        chosen_by(OPPOSITE, n_people=1, prefix="same")[:0] or [Preference("same", "", "1 2", "3 4", "a")] * 7,
    )
    np.testing.assert_allclose(model.route("same").weights, model.route("nobody").weights)
    model.coefficients_ = kept


def test_a_blend_is_the_dirichlet_mean():
    """Rows that only the first head explains: theta = (c * 1/2 + n) / (c + n) = (1 + 6) / (2 + 6)."""
    prior, evidence = np.log(np.full((6, 2), 0.5)), np.log(np.array([[1.0, 1e-300]] * 6))
    found = _blend(prior, evidence, np.zeros(6, dtype=int), 1, 2.0)
    np.testing.assert_allclose(0.5 * np.exp(found[0]), [7 / 8, 1 / 8], rtol=1e-6)


def test_a_head_that_the_prior_gives_up_stays_given_up_for_a_person_it_explains_as_well_as_others():
    prior, evidence = np.log(np.array([[1 - 1e-7, 1e-7]] * 10)), np.log(np.full((10, 2), 0.5))
    assert np.exp(_blend(prior, evidence, np.zeros(10, dtype=int), 1, 2.0))[0, 1] == pytest.approx(1.0)


def test_a_blend_follows_a_person_of_both_kinds():
    rows = chosen_by(OPPOSITE, n_people=40)
    blend = MiCRo(features=points, n_heads=2, n_directions=2, n_restarts=2, concentration=1.0).fit(rows)
    both = [Preference("both", "", "1 0", "-1 0", choice) for choice in "a" * 14 + "b" * 6]
    assert 0.6 < blend.adapt("both", both).route("both").weights.max() < 0.8
    hedge = clone(blend).set_params(concentration=None).fit(rows)
    assert hedge.adapt("both", both).route("both").weights.max() > 0.99


def test_the_slope_of_the_loss_is_its_slope():
    random = np.random.default_rng(0)
    bag = np.repeat(np.arange(4), 3)
    starts = np.arange(0, 12, 3)
    bags = _Bags(random.normal(size=(12, 3)), random.choice([0, 0.5, 1.0], 12), random.random(12) + 0.5, bag, starts,
                 np.hstack([random.normal(size=(4, 2)), np.ones((4, 1))]))  # fmt: skip
    model = MiCRo(features=points, balance=0.3)
    solution = random.normal(size=(3, 6))
    _, slope = model._loss(solution, 3, bags, (2.0, 0.7))
    for place in range(18):
        step = np.zeros(18)
        step[place] = 1e-5
        up, down = (
            model._loss(solution + sign * step.reshape(3, 6), 3, bags, (2.0, 0.7))[0] for sign in (1, -1)
        )
        assert slope[place] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-6)


def test_weights_sum_to_one():
    weights = np.exp(_log_softmax(np.array([[1000.0, 0.0, -1000.0], [0.0, 0.0, -np.inf]])))
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights[1], [0.5, 0.5, 0])


def test_the_router_reads_what_the_context_says():
    """Single rows whose context names the kind: no person is known, yet each kind is told apart."""

    def says(contexts):
        return np.array([[float("up" in text), float("down" in text)] for text in contexts])

    rows = chosen_by(OPPOSITE[:1], n_people=150, n_rows=2, context="up") + chosen_by(
        OPPOSITE[1:], n_people=150, n_rows=2, seed=1, context="down"
    )
    model = MiCRo(
        features=points, prompts=says, n_heads=2, n_directions=2, by_person=False, n_restarts=3
    ).fit(rows)
    up, down = (model.prob("nobody", context, "1 0", "-1 0").probability for context in ("up", "down"))
    assert up > 0.9
    assert down < 0.1
    assert model.route("nobody", "up").entropy < model.route("nobody", "neither").entropy


def test_a_masked_head_is_never_used_and_what_it_would_get_is_told(model):
    rows = chosen_by(OPPOSITE)
    masked = clone(model).set_params(masked=(0,)).fit(rows)
    fans = {person: masked.route(person) for person in ("p0", "p1")}
    assert all(route.weights[0] == 0 and route.weights[1] == 1 for route in fans.values())
    assert sorted(round(route.masked) for route in fans.values()) == [0, 1]
    only = masked.prob("p0", "", "1 0", "-1 0").probability
    assert masked.prob("p1", "", "1 0", "-1 0").probability == pytest.approx(only)


@pytest.mark.parametrize("masked", [(0, 1), (2,)])
def test_no_head_left_or_none_there_is_refused(masked):
    with pytest.raises(BadInput, match="mask"):
        MiCRo(features=points, n_heads=2, masked=masked).fit(chosen_by(OPPOSITE, n_people=2))


def test_heads_apart_hold_less_than_the_mixture(model):
    apart = MiCRo(features=points, n_heads=2, n_directions=2, bootstrap=True).fit(chosen_by(OPPOSITE))
    assert np.abs(apart.heads_[:, 0]).max() < 1 < np.abs(model.heads_[:, 0]).min()


def test_the_strongest_head_is_told_first(model):
    reasons = model.explain("p0")
    assert abs(reasons[0].weight) >= abs(reasons[1].weight)
    assert len(reasons[0].examples) == 2
    assert model.explain("nobody") == []
