"""Rankers of pairs: the activation unit, the mixes, the contrastive loss and what it moves, by hand."""

import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.recommend import DIN, AWMoE, CategoryMoE, Items, MeanPooling, Plan, interactions

torch = pytest.importorskip("torch")

from personae.recommend.awmoe import _net  # noqa: E402  after torch is known to be there

FILMS = tuple(f"{kind} {number}" for kind in ("calm", "loud") for number in range(6))
CATALOG = Items(FILMS, ("calm", "loud"), Lists.of(list(range(12)), [0] * 6 + [1] * 6, n_people=12))
SIZES = {"size": 6, "hidden": (8, 4), "inner": 4}
SMALL = {**SIZES, "plan": Plan(n_epochs=3, batch_size=16, rate=0.01)}
HISTORIES = Lists.of([0, 0, 1, 3, 3, 3], [0, 1, 7, 2, 8, 3], n_people=4)  # the third person has nothing
PAIRS = np.array([[4, 9], [9, 4], [4, 9], [5, 10]])


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    pairs = [(f"p{p}", FILMS[film + 6 * (p % 2)]) for p in range(20) for film in random.permutation(6)[:5]]
    return interactions(*zip(*pairs, strict=True), catalog=FILMS)


@pytest.fixture(scope="module")
def fitted(rows):
    return {type(each): each.fit(rows, CATALOG) for each in
            (MeanPooling(**SMALL), DIN(**SMALL), CategoryMoE(**SMALL, n_experts=3), AWMoE(**SMALL, n_experts=3))}  # fmt: skip


def test_a_unit_reads_behavior_candidate_and_their_product():
    unit = _net.Unit(1, 1, 1)
    for part, weight in (
        (unit.of_behavior, 2.0),
        (unit.of_both, 3.0),
        (unit.of_candidate, 5.0),
        (unit.tell, 7.0),
    ):
        part.weight.data.fill_(weight)
    unit.of_behavior.bias.data.fill_(1.0)
    unit.tell.bias.data.fill_(-1.0)
    behaviors, candidates = torch.tensor([[1.0], [2.0]]), torch.tensor([[[0.0], [1.0]], [[-1.0], [-9.0]]])
    told = unit(behaviors, candidates, torch.tensor([0, 1]))
    # person 0: 7 relu(2 + 1) - 1, 7 relu(2 + 3 + 5 + 1) - 1; person 1: relu(4 - 6 - 5 + 1) and less is 0
    assert told[..., 0].tolist() == [[20.0, 76.0], [-1.0, -1.0]]


def test_pasts_are_listed_without_the_empty_places():
    past = _net.past_of(np.array([[-1, 5], [-1, -1], [3, 4]]))
    assert (past.items.tolist(), past.row.tolist(), past.n) == ([5, 3, 4], [0, 2, 2], 3)


def test_the_contrastive_loss_leaves_out_a_persons_own_rows():
    first = torch.tensor([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0]])  # cosines 1 and 0
    loss = _net.contrast(first, first, torch.tensor([0, 0, 1]), temperature=1.0, n_others=9)
    e = np.e  # rows 0 and 1 are of one person: each has one other, at cosine 0; row 2 has two
    expected = np.mean([np.log((e + 1) / e), np.log((e + 1) / e), np.log((e + 2) / e)])
    assert float(loss) == pytest.approx(expected, rel=1e-6)
    one = _net.contrast(
        first, first, torch.tensor([0, 1, 2]), temperature=1.0, n_others=1
    )  # the next row: cosines 1, 0 and 0
    assert float(one) == pytest.approx(
        np.mean([np.log(2), np.log((e + 1) / e), np.log((e + 1) / e)]), rel=1e-6
    )
    alone = _net.contrast(first, first, torch.tensor([0, 0, 0]), temperature=0.5, n_others=2)
    assert float(alone) == pytest.approx(0, abs=1e-6)


def test_only_the_gate_is_moved_by_the_contrastive_loss():
    learner = AWMoE(**SIZES, contrast=1.0, masked_share=0.5)
    learner.items_ = CATALOG
    torch.manual_seed(0)
    learner.net_ = _net.Ranker(CATALOG, _net.Shape(**learner._shape()))
    past, items, person = (
        _net.past_of(np.array([[0, 1], [7, 8], [2, 9]])),
        torch.tensor(PAIRS[:3]),
        torch.arange(3),
    )

    def gradients(contrast):
        learner.contrast = contrast
        learner.net_.zero_grad()
        torch.manual_seed(1)
        learner._loss(learner.net_.catalog(), past, items, person).backward()
        return {name: each.grad.clone() for name, each in learner.net_.named_parameters()}

    plain, both = gradients(0.0), gradients(1.0)
    moved = {name for name in plain if not torch.allclose(plain[name], both[name])}
    assert moved
    assert all(name.startswith("gate.") for name in moved)


def test_free_weights_start_as_a_mean_and_add_up_over_behaviors():
    shape = _net.Shape(**AWMoE(**SIZES, n_experts=2, is_averaged=False)._shape())
    gate = _net.BehaviorGate(shape)
    gate.unit.tell.weight.data.zero_()
    gate.unit.tell.bias.data.copy_(
        torch.tensor([1.0, -2.0, 3.0])
    )  # every behavior tells (1, -2) and counts 3
    past = _net.past_of(np.array([[-1, -1], [0, 1]]))
    mix = gate(torch.randn(13, 6), past, torch.tensor([[0], [0]]))
    assert mix[:, 0].tolist() == [
        [3.5, -5.5],
        [9.5, -17.5],
    ]  # .5 + 3 (1, -2) for nothing; three of them for two behaviors
    gate.is_averaged = True
    assert gate(torch.randn(13, 6), past, torch.tensor([[0], [0]]))[:, 0].tolist() == [[3.5, -5.5]] * 2


def test_the_mix_of_each_ranker(fitted):
    assert fitted[DIN].gate(HISTORIES, PAIRS).tolist() == np.ones((4, 2, 1)).tolist()
    by_category = fitted[CategoryMoE].gate(HISTORIES, PAIRS)
    assert by_category.sum(axis=2) == pytest.approx(1, abs=1e-6)
    assert by_category[0] == pytest.approx(by_category[1, ::-1])
    own = fitted[AWMoE].gate(HISTORIES, PAIRS)
    assert own.shape == (4, 2, 3)
    assert np.abs(own[0] - own[2]).max() > 1e-3


def test_another_persons_mix_changes_only_rankers_that_mix_by_behaviors(fitted):
    turned = Lists.of([0, 1, 1, 1, 3], [7, 2, 8, 3, 0], n_people=4)
    for kind, model in fitted.items():
        own, other = model.chances(HISTORIES, PAIRS), model.chances(HISTORIES, PAIRS, mixed_by=turned)
        assert (kind is AWMoE) == (np.abs(own - other).max() > 1e-4)
        assert np.array_equal(model.chances(HISTORIES, PAIRS, mixed_by=HISTORIES), own)


def test_chances_are_those_of_the_whole_catalogs_scores(fitted, monkeypatch):
    for model in fitted.values():
        scores = model.score(model.place(HISTORIES))
        chances = model.chances(HISTORIES, PAIRS)
        assert chances == pytest.approx(1 / (1 + np.exp(-np.take_along_axis(scores, PAIRS, 1))), abs=1e-6)
        monkeypatch.setattr(
            "personae.recommend.awmoe.rankers._AT_ONCE", 60
        )  # three candidates of one person at a time
        assert model.score(model.place(HISTORIES)) == pytest.approx(scores, abs=1e-5)
        monkeypatch.undo()


def test_the_logit_of_din_is_linear_in_its_last_hidden_vector(fitted):
    din = fitted[DIN]
    hidden = din.hidden_of(HISTORIES, PAIRS)
    assert hidden.shape == (4, 2, 4)
    experts = din.net_.experts
    logits = hidden @ experts.tell[0].detach().numpy() + experts.level.item()
    assert 1 / (1 + np.exp(-logits)) == pytest.approx(din.chances(HISTORIES, PAIRS), abs=1e-6)


def test_candidates_that_cannot_be_ranked_are_refused(fitted, rows):
    with pytest.raises(BadInput, match=r"shape \(3, 2\) for 4 histories"):
        fitted[DIN].chances(HISTORIES, PAIRS[:3])
    with pytest.raises(BadInput, match="catalog of 12"):
        fitted[DIN].gate(HISTORIES, PAIRS + 3)
    with pytest.raises(BadInput, match="no next item"):
        DIN(**SMALL).fit(rows.take(np.arange(0, len(rows), 5)))


def test_taste_is_found_without_attributes_too(rows):
    plain = AWMoE(**{**SMALL, "plan": Plan(n_epochs=40, batch_size=32, rate=0.02)}, n_experts=2).fit(rows)
    chances = plain.chances(Lists.of([0, 0, 1, 1], [0, 1, 6, 7], n_people=2), np.array([[4, 9], [4, 9]]))
    assert chances[0, 0] > chances[0, 1]
    assert chances[1, 0] < chances[1, 1]
