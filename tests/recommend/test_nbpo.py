"""NBPO: its slopes and steps by hand, what flips say, and people placed after the fact."""

import numpy as np
import pytest
from scipy.special import expit

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.recommend import NBPO, Plan, interactions
from personae.recommend.nbpo import _Learner, _misfit, _slopes

LIKES = [("ana", "x"), ("ana", "y"), ("bo", "y"), ("bo", "z"), ("cy", "x")]


def small(**given):
    return NBPO(**{"size": 3, "flip_size": 2, "plan": Plan(n_epochs=3, batch_size=4, rate=0.05), **given})


def rows():
    return interactions(*zip(*LIKES, strict=True), catalog=["x", "y", "z", "w"])


def crowd(n_people=60, n_own=10, n_had=6, seed=0):
    """Two tastes; everybody had some items of theirs and would have liked the others of it."""
    random = np.random.default_rng(seed)
    pairs = [
        (f"p{person}", str(item + n_own * (person % 2)))
        for person in range(n_people)
        for item in random.permutation(n_own)[:n_had]
    ]
    return interactions(*zip(*pairs, strict=True), catalog=[str(item) for item in range(2 * n_own)])


@pytest.mark.parametrize("loss", ["exact", "bpo", "bpr"])
def test_slopes_are_those_of_the_likelihood(loss):
    """Against differences of the misfit; the surrogate is the slope of no single function, see the next test."""
    random = np.random.default_rng(0)
    found = [random.normal(size=(5, 4)) for _ in range(2 if loss == "exact" else 1)]
    slopes = _slopes(loss, found, np.ones((5, 3)))
    assert len(slopes) == len(found)
    for side in range(len(found)):
        for place in np.ndindex(5, 4):
            moved = [part.copy() for part in found]
            moved[side][place] += 1e-5
            slope = (
                -(_misfit(loss, moved) - _misfit(loss, found)) / 1e-5 * 15
            )  # the misfit is a mean over 15 pairs
            assert slopes[side][place] == pytest.approx(slope, abs=1e-3)


def test_slopes_of_the_surrogate_by_hand():
    """Card, step 3, at R_i = 1, R_j = -1, g_i = -2, g_j = 0."""
    like, flip = _slopes("nbpo", [np.array([[1.0, -1.0]]), np.array([[-2.0, 0.0]])], np.ones((1, 1)))
    s = {x: 1 / (1 + np.exp(-x)) for x in (-2, -1, 0, 1, 2)}
    assert like[0] == pytest.approx([s[2] * s[-1], s[0] * s[1] - s[-1]])
    assert flip[0] == pytest.approx([-s[-2] * s[1], s[0] * s[-1]])


def test_with_flips_all_but_impossible_the_surrogate_is_bpo():
    random = np.random.default_rng(1)
    score, never = random.normal(size=(6, 3)), np.full((6, 3), -30.0)
    weights = np.ones((6, 2))
    plain = _slopes("bpo", [score], weights)[0]
    for loss in ("nbpo", "exact"):
        assert _slopes(loss, [score, never], weights)[0] == pytest.approx(plain, abs=1e-9)


def test_one_step_is_the_sum_over_pairs_one_by_one(monkeypatch):
    """All five likes in one batch, two others each: dense loops over pairs, then one step with both shrunk."""
    method, table = small(n_others=2), rows()
    learner = _Learner(method, table, table.lists())
    drawn = np.array([[2, 3], [3, 2], [0, 3], [3, 0], [1, 2]])
    monkeypatch.setattr(learner.others, "draw", lambda person, n_each, random: drawn)
    (U, V), (P, Q) = ((side.people.astype(float), side.items.astype(float)) for side in learner.sides)
    dU, dV, dP, dQ = (np.zeros_like(each) for each in (U, V, P, Q))
    for u, i, others in zip(table.person, table.item, drawn, strict=True):
        for j in others:
            R, g = {k: U[u] @ V[k] for k in (i, j)}, {k: P[u] @ Q[k] for k in (i, j)}
            slopes = {
                i: (expit(-g[i]) * expit(-R[i]), -expit(g[i]) * expit(R[i])),
                j: (expit(g[j]) * expit(-R[j]) - expit(R[j]), expit(-g[j]) * expit(R[j])),
            }
            for k, (like, flip) in slopes.items():
                dU[u] += like * V[k]
                dV[k] += like * U[u]
                dP[u] += flip * Q[k]
                dQ[k] += flip * P[u]
    learner.begin(1)
    learner.step(np.array([3, 0, 4, 1, 2]), np.random.default_rng(0))
    rate = 0.05 * 0.99**2
    expected = (U + rate * (dU - U), V + rate * (dV - V), P + rate * (dP - 5 * P), Q + rate * (dQ - 5 * Q))
    (newU, newV), (newP, newQ) = ((side.people, side.items) for side in learner.sides)
    for ours, theirs in zip((newU, newV, newP, newQ), expected, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize(("flips", "n_numbers"), [("pair", 2), ("side", 2), ("one", 1)])
def test_flips_begin_rare_and_keep_their_form(flips, n_numbers):
    method, table = small(flips=flips), crowd()
    flip = _Learner(method, table, table.lists()).sides[1]
    assert np.mean(flip.people @ flip.items.T) == pytest.approx(-25 / 4, rel=0.2)
    fitted = method.fit(table)
    own, items = fitted.states_[:, 3:], fitted.sides_[1].items
    assert own.shape == (60, n_numbers)
    if flips == "side":
        assert (own[:, 1] == 1).all()
        assert (items[:, 0] == 1).all()
    if flips == "one":
        assert (own == 1).all()
        assert len(np.unique(items)) == 1
        assert items[0, 0] != -25 / 4


def test_the_chance_of_a_hidden_like_by_hand():
    fitted = small().fit(rows())
    fitted.states_[0] = [1.0, 0, 0, 2.0, 0]
    fitted.sides_[0].items[:] = [[0.5, 9, 9]] * 4
    fitted.sides_[1].items[:] = [[-1.0, 9]] * 4
    like, flip = 1 / (1 + np.exp(-0.5)), 1 / (1 + np.exp(2.0))
    expected = flip * like / (flip * like + 1 - like)
    assert fitted.chance_hidden_like("ana", ["w", "z"]) == pytest.approx([expected] * 2, abs=1e-6)


def test_what_somebody_would_have_liked_is_likelier_than_what_the_others_like():
    table = crowd(80, n_own=40, n_had=15)
    plan = Plan(n_epochs=40, batch_size=300, rate=0.05)
    fitted = NBPO(size=2, flip_size=2, plan=plan).fit(table)
    hidden = fitted.chances_hidden(fitted.states_)
    assert ((hidden > 0) & (hidden < 1)).all()
    had = np.zeros((80, 80), dtype=bool)
    had[table.person, table.item] = True
    own = (np.arange(80) // 40)[None] == (np.arange(80) % 2)[:, None]
    missed, others = own & ~had, ~own
    assert all(hidden[p][missed[p]].mean() > hidden[p][others[p]].mean() + 0.1 for p in range(80))
    assert fitted.chance_hidden_like("never met", ["0"]).shape == (1,)


def test_losses_without_flips_know_no_hidden_likes_and_misnamed_ones_are_refused():
    with pytest.raises(BadInput, match="no flipped labels"):
        small(loss="bpr").fit(rows()).chance_hidden_like("ana", ["x"])
    for given in ({"loss": "hinge"}, {"flips": "some"}):
        with pytest.raises(BadInput, match=r"hinge|some"):
            small(**given).fit(rows())


def test_those_fitted_are_placed_as_learned_until_they_are_forgotten():
    fitted = small().fit(crowd())
    own = crowd().lists().items_of(7)
    there = Lists.of([0] * 6, own[::-1], n_people=1)
    learned = fitted.states_[7].copy()
    assert np.array_equal(fitted.place(there)[0], learned)
    names = [fitted.items_.ids[item] for item in own]
    assert np.array_equal(fitted.adapt("new", names).states_[-1], learned)
    fitted.forget("p7")
    assert not any(np.array_equal(row, learned) for row in fitted.learned_.values())
    assert not np.array_equal(fitted.place(there)[0], learned)


def test_the_fitted_and_the_same_people_met_anew_agree():
    """Rows climbed to with items fixed rank the catalog nearly as rows learned with it."""
    plan = Plan(n_epochs=150, batch_size=500, rate=0.05)
    fitted = NBPO(size=8, flip_size=4, l2=0.3, flip_l2=1, plan=plan).fit(crowd())
    learned = fitted.score(fitted.states_)
    fitted.learned_ = {}
    placed = fitted.score(fitted.place(crowd().lists()))
    correlations = [np.corrcoef(*pair)[0, 1] for pair in zip(learned, placed, strict=True)]
    assert np.mean(correlations) > 0.9


def test_a_rate_too_high_is_said():
    with pytest.raises(BadInput, match="lower rate"), np.errstate(all="ignore"):
        small(loss="bpo", plan=Plan(n_epochs=40, batch_size=500, rate=1e6)).fit(crowd())
