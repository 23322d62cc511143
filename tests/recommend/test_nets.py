"""The networks: what an item is, what is read of a past, and the loss, by hand."""

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from personae.metrics.ranking import Lists  # noqa: E402
from personae.recommend import nets  # noqa: E402


def test_an_item_is_the_sum_of_its_parts_and_nothing_is_zeros():
    has = Lists.of([0, 0, 2], [0, 1, 1], n_people=3)
    items = nets.ItemEncoder(3, 4, attributes=has, n_attributes=2, vectors=np.eye(3))
    table = items()
    both = items.attributes.weight.mean(dim=0)
    for item, of_attributes in enumerate((both, torch.zeros(4), items.attributes.weight[1])):
        assert torch.allclose(
            table[item], items.ids.weight[item] + of_attributes + items.project.weight[:, item]
        )
    assert table.shape == (4, 4)
    assert (table[-1] == 0).all()


def test_a_causal_past_knows_nothing_of_what_follows_and_a_short_one_is_read_alike():
    torch.manual_seed(0)
    past = nets.PastEncoder(8, 5, dropout=0.0)
    vectors, is_there = torch.randn(2, 5, 8), torch.tensor([[False, False, True, True, True], [True] * 5])
    read = past(vectors, is_there)
    assert (read[0, :2] == 0).all()
    assert torch.allclose(past(vectors[:1, 2:], is_there[:1, 2:])[0], read[0, 2:], atol=1e-6)
    vectors[:, -1] += 1
    assert torch.allclose(past(vectors, is_there)[:, :-1], read[:, :-1], atol=1e-6)


def test_the_loss_is_cross_entropy_among_the_others_that_are_not_wanted():
    torch.manual_seed(0)
    states, table = torch.randn(3, 4, requires_grad=True), torch.randn(6, 4, requires_grad=True)
    wanted, others = torch.tensor([1, 4, 0]), torch.tensor([4, 2, 1, 4, 3])
    loss = nets.sampled_softmax(states, table, wanted, others)
    gradients = torch.autograd.grad(loss, (states, table))
    among = [[1, 4, 2, 4, 3], [4, 2, 1, 3], [0, 4, 2, 1, 4, 3]]
    plain = sum(-(states[row] @ table[items].T).log_softmax(0)[0] for row, items in enumerate(among)) / 3
    assert loss.item() == pytest.approx(plain.item(), abs=1e-6)
    for here, there in zip(gradients, torch.autograd.grad(plain, (states, table)), strict=True):
        assert torch.allclose(here, there, atol=1e-6)


def test_what_items_have_before_is_added_to_their_scores_in_the_loss():
    torch.manual_seed(0)
    states, table, prior = torch.randn(2, 4), torch.randn(3, 4), torch.tensor([0.5, -1.0, 2.0])
    loss = nets.sampled_softmax(states, table, torch.tensor([1, 2]), torch.tensor([2, 0, 1]), prior)
    scores = (states @ table.T + prior).log_softmax(1)
    assert loss.item() == pytest.approx(-(scores[0, 1] + scores[1, 2]).item() / 2, abs=1e-6)


def test_nothing_is_learned_where_every_other_is_the_wanted_one():
    states, table = torch.randn(2, 4, requires_grad=True), torch.randn(2, 4, requires_grad=True)
    loss = nets.sampled_softmax(states, table, torch.tensor([0, 0]), torch.tensor([0]))
    loss.backward()
    assert loss.item() == 0
    assert (states.grad == 0).all()
    assert (table.grad == 0).all()


@pytest.mark.parametrize("method", ["SASRec", "DIN"])
def test_without_torch_a_method_names_the_extra(method):
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import personae.recommend as room\n"
        f"room.{method}().fit(room.interactions(['a', 'a', 'b', 'b'], ['x', 'y', 'y', 'z']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingExtra" in done.stderr
    assert "personae[torch]" in done.stderr
