"""M2TRec and what it shares with SASRec: windows, pooling, ties, items nobody had, and the second task by hand."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from personae.errors import BadInput  # noqa: E402
from personae.metrics.ranking import Lists  # noqa: E402
from personae.recommend import Items, M2TRec, Plan, SASRec, interactions, nets  # noqa: E402
from personae.recommend.m2trec import POWER  # noqa: E402
from personae.recommend.sequences import every_window  # noqa: E402

CATALOG = ("pen", "ink", "pad", "soap", "new soap", "comb")
KINDS = Items(
    CATALOG,
    ("writes", "washes", "combs", "white"),
    Lists.of([0, 1, 2, 3, 3, 4, 4, 5], [0, 0, 0, 1, 3, 3, 1, 2], n_people=6),
)
SMALL = {
    "size": 8,
    "length": 4,
    "n_layers": 1,
    "n_heads": 1,
    "dropout": 0.0,
    "plan": Plan(n_epochs=3, rate=0.01),
}


def bought():
    """Pen, ink, pad and soap in turns; nobody had the new soap, and one person the comb."""
    order = ["pen", "ink", "pad", "soap"]
    rows = [(f"p{number}", order[(number + place) % 4]) for number in range(12) for place in range(3)]
    people, items = zip(*rows, ("p0", "comb"), strict=True)
    return interactions(people, items, catalog=CATALOG)


def test_windows_tell_every_item_but_the_first_once():
    lists = Lists.of([0] * 11 + [1] * 2 + [2], [*range(11), 20, 21, 30], n_people=3)
    windows = every_window(lists, 4)
    told = windows[:, 1:][(windows[:, :-1] >= 0)]
    assert sorted(told.tolist()) == [*range(1, 11), 21]
    assert ((windows[:, :-1] >= 0) <= (windows[:, 1:] >= 0)).all()


def test_items_of_one_kind_score_alike_but_for_how_many_had_them():
    rows = interactions(
        [*"aabbccdd"], ["pen", "ink", "pen", "pad", "pen", "soap", "pen", "comb"], catalog=CATALOG
    )
    model = M2TRec(**SMALL).fit(rows, KINDS)
    scores = model.score(model.states_)
    assert model.n_kinds_ == 3  # pen, ink and pad are one, and both soaps
    assert np.allclose(scores[:, 0] - scores[:, 1], POWER * np.log(4), atol=1e-5)
    assert np.allclose(scores[:, 3], scores[:, 4], atol=1e-5)  # the new soap is an average soap
    weights = [4**POWER + 2, 1, 1]  # of pen, ink and pad; soap; comb
    assert np.allclose(model.prior_.exp().numpy(), weights, atol=1e-5)


def test_what_nobody_had_of_a_kind_nobody_had_weighs_as_an_average_item():
    rows = interactions([*"aabb"], ["pen", "ink", "pen", "pad"], catalog=CATALOG)
    model = M2TRec(**SMALL).fit(rows, KINDS)
    assert np.allclose(np.exp(model.before_[3:]), (2**POWER + 2) / 3, atol=1e-5)
    assert model._others().tolist() == [0]
    assert M2TRec(head="untied", **SMALL).fit(rows, KINDS)._others().tolist() == [0, 1, 2, 3, 4, 5]


def test_an_item_nobody_had_is_scored_by_what_it_is_with_an_id_too():
    model = M2TRec(has_id=True, **SMALL).fit(bought(), KINDS)
    assert (model.net_["catalog"].ids.weight[4] == 0).all()
    assert np.isfinite(model.score(model.states_)[:, 4]).all()


def test_what_nobody_had_is_passed_over_by_ids():
    model = SASRec(**SMALL).fit(bought(), KINDS)
    with_new = model.place(Lists.of([0, 0, 0], [0, 4, 1], n_people=1))
    assert np.allclose(with_new, model.place(Lists.of([0, 0], [0, 1], n_people=1)))


def test_the_mean_is_over_places_so_far_and_the_recent_mean_weighs_the_last_most():
    vectors = torch.tensor([[[9.0], [1.0], [3.0]]])
    is_there = torch.tensor([[False, True, True]])
    plain = M2TRec(pooling="mean")._pooled(vectors * is_there[..., None], is_there)
    assert plain[0, 1:, 0].tolist() == [1.0, 2.0]
    recent = nets.Recent(3)(vectors, is_there)
    weight = np.exp(-0.5)
    assert recent[0, 1, 0].item() == pytest.approx(1)
    assert recent[0, 2, 0].item() == pytest.approx((3 + weight) / (1 + weight))


def test_the_second_task_is_cross_entropy_summed_over_attributes_by_their_own_vectors():
    model = M2TRec(task_weight=0.5, **SMALL).fit(bought(), KINDS)
    states = torch.randn(2, 8)
    vectors = model.net_["catalog"].attributes.weight.detach()
    vectors = (vectors / vectors.norm(dim=1, keepdim=True)) @ model.net_["told"].weight.detach().T
    logits = (states @ vectors.T + model.net_["attributes"].bias.detach()).numpy()
    has = np.array([[0, 1, 0, 1], [1, 0, 0, 0]])  # a soap, ink
    chance = 1 / (1 + np.exp(-logits))
    by_hand = -(has * np.log(chance) + (1 - has) * np.log(1 - chance)).sum(axis=1).mean()
    assert model._more(states, np.array([3, 1])).item() == pytest.approx(0.5 * by_hand, rel=1e-4)
    assert np.allclose(model.attributes_next(states.numpy()), logits, atol=1e-5)


def test_one_task_tells_nothing_of_attributes_to_come():
    model = M2TRec(task_weight=0.0, **SMALL).fit(bought(), KINDS)
    with pytest.raises(BadInput, match="task_weight > 0"):
        model.attributes_next(model.states_)


def test_the_untied_head_learns_nothing_of_the_new_and_the_input_side_is_the_attributes():
    tied, untied = (M2TRec(head=head, **SMALL).fit(bought(), KINDS) for head in ("tied", "untied"))
    assert tied.n_inputs == untied.n_inputs == len(KINDS.attributes) * 8
    assert untied.table_.shape == (6, 8)


@pytest.mark.parametrize(
    ("settings", "items", "said"),
    [({"head": "loose"}, KINDS, "No head 'loose'"), ({"pooling": "max"}, KINDS, "pooling 'max'"), ({}, None, "Nothing is known")],
)  # fmt: skip
def test_bad_settings_are_named(settings, items, said):
    with pytest.raises(BadInput, match=said):
        M2TRec(**settings).fit(bought(), items)


class Letters:
    """Counts of letters: texts of the same letters are alike."""

    name = "letters"

    def encode(self, texts):
        counts = np.array([[text.count(letter) for letter in "abcdefgh"] for text in texts], dtype=np.float32)
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


def test_text_tells_items_apart_that_share_attributes():
    told = Items(CATALOG, KINDS.attributes, KINDS.has, ("a bag", "a cab", "a fed", "heed", "had", ""))
    model = M2TRec(encoder=Letters(), **SMALL).fit(bought(), told)
    assert model.n_kinds_ == 6
    alone = Items(CATALOG, (), Lists.of([], [], n_people=6), told.texts)
    assert M2TRec(encoder=Letters(), **SMALL).fit(bought(), alone).n_inputs == 8 * 8
