"""The networks of the family, in torch: what an item is, what somebody did last, and the steps that teach them.

Imported only by the methods that learn with torch, when they do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from personae.errors import MissingExtra
from personae.metrics.ranking import Lists
from personae.recommend.interactions import Codes
from personae.recommend.sequences import NOTHING
from personae.recommend.training import State

try:
    import torch
except ImportError:
    raise MissingExtra("Sequence recommenders learn with torch: pip install 'personae[torch]'.") from None

from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "Bias", "ItemEncoder", "PastEncoder", "Recent", "Tensor", "TorchLearner", "functional", "modules", "nn", "sampled_softmax",
    "tensors", "torch",
]  # fmt: skip


NEAR_NOTHING = 0.01  # weights that begin without a say


class ItemEncoder(nn.Module):
    """Items as vectors of `size`: the sum of an id's own vector, the mean of its attributes' vectors, and its text, projected.

    Parameters
    ----------
    n_items, size : int
    has_id : bool
        Without an id's vector, an item that nobody had yet has a vector from what it is.
    attributes : Lists, optional
        Of each item; those of `n_attributes`.
    vectors : ndarray of shape (n_items, n_features), optional
        Of texts, frozen.
    is_unit : bool
        Vectors are brought to length 1, and rare attributes begin with longer ones, as words of a text are weighed.
    """

    def __init__(
        self,
        n_items: int,
        size: int,
        *,
        has_id: bool = True,
        attributes: Lists | None = None,
        n_attributes: int = 0,
        vectors: np.ndarray | None = None,
        is_unit: bool = False,
    ) -> None:
        super().__init__()
        self.n_items, self.size, self.is_unit = n_items, size, is_unit
        self.starts: Tensor
        self.has: Tensor
        self.texts: Tensor
        self.ids = _table(n_items + 1, size) if has_id else None
        self.attributes = None
        if attributes is not None:
            self.attributes = _table(n_attributes, size)
            if is_unit:
                n_with = torch.as_tensor(np.bincount(attributes.distinct().items, minlength=n_attributes))
                self.attributes.weight.data *= torch.log(n_items / n_with.clamp(min=1))[:, None] + 0.1
        self.project = nn.Linear(vectors.shape[1], size, bias=False) if vectors is not None else None
        if self.ids is not None:
            self.ids.weight.data[NOTHING] = 0
        if attributes is not None:
            self.register_buffer("starts", torch.as_tensor(attributes.starts), persistent=False)
            self.register_buffer("has", torch.as_tensor(attributes.items), persistent=False)
        if vectors is not None:
            texts = np.vstack([vectors, np.zeros((1, vectors.shape[1]))])
            self.register_buffer("texts", torch.as_tensor(texts, dtype=torch.float32), persistent=False)

    def forward(self) -> Tensor:
        """Return the vectors of the catalog, and zeros in the last row, for `NOTHING`: shape (n_items + 1, size).

        The encoders of pasts read nothing from that row, and so nothing is learned of it.
        """
        parts = []
        if self.ids is not None:
            parts.append(self.ids.weight)
        if self.attributes is not None:
            parts.append(functional.embedding_bag(self.has, self.attributes.weight, self.starts, mode="mean"))
        if self.project is not None:
            parts.append(self.project(self.texts))
        table: Tensor = parts[0] if len(parts) == 1 else torch.stack(parts).sum(dim=0)
        return functional.normalize(table, dim=1) if self.is_unit else table


class PastEncoder(nn.Module):
    """A transformer over what somebody did last: causal self-attention, learned positions counted from the end.

    Source: Kang, McAuley (2018), "Self-Attentive Sequential Recommendation", arXiv 1808.09781, section III; layer
    normalization stands before each block.
    """

    def __init__(
        self, size: int, length: int, *, n_layers: int = 2, n_heads: int = 2, inner: int | None = None, dropout: float = 0.2,
        is_causal: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.positions = _table(length, size, NEAR_NOTHING)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(size, n_heads, inner or size, dropout) for _ in range(n_layers))
        self.norm = nn.LayerNorm(size)
        self.is_causal = is_causal

    def forward(self, vectors: Tensor, is_there: Tensor) -> Tensor:
        """Return a vector for every place, shape (n, length, size), from vectors of the same shape; zeros where there is nothing.

        `is_there` of shape (n, length) is false where there is nothing. Fewer places than `length` are the last ones.
        """
        n, n_places, size = vectors.shape
        there = is_there.flatten().nonzero()[:, 0]
        mask = is_there[:, None, :].expand(-1, n_places, -1)
        if self.is_causal:
            mask = mask & torch.ones(n_places, n_places, dtype=torch.bool).tril()
        mask = mask | torch.eye(n_places, dtype=torch.bool)  # where there is nothing, a place sees itself
        x = (vectors + self.positions.weight[-n_places:]).flatten(0, 1)
        x = self.dropout(x.index_select(0, there))
        for block in self.blocks:
            x = block(x, there, mask[:, None])
        return _spread(self.norm(x), there, n * n_places).view(n, n_places, size)


class Block(nn.Module):
    """Self-attention and a feed-forward part, each added to what comes in, and almost nothing at the beginning.

    All but attention is done for the places where there is something, `there` of shape (n_there,) among all n * n_places: most
    histories are short, and rows of equal length mostly empty.
    """

    def __init__(self, size: int, n_heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.n_heads, self.drop = n_heads, dropout
        self.before, self.between = nn.LayerNorm(size), nn.LayerNorm(size)
        self.ask, self.join = nn.Linear(size, 3 * size), nn.Linear(size, size)
        answer = nn.Linear(inner, size)
        self.think = nn.Sequential(
            nn.Linear(size, inner), nn.ReLU(), nn.Dropout(dropout), answer, nn.Dropout(dropout)
        )
        for last in (self.join, answer):
            nn.init.normal_(last.weight, std=NEAR_NOTHING)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, there: Tensor, mask: Tensor) -> Tensor:
        n, n_places, size = len(mask), mask.shape[-1], x.shape[1]
        parts = _spread(self.ask(self.before(x)), there, n * n_places).view(n, n_places, 3, self.n_heads, -1)
        asked, keys, values = parts.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(
            asked, keys, values, attn_mask=mask, dropout_p=self.drop if self.training else 0.0
        )
        seen = seen.transpose(1, 2).reshape(n * n_places, size).index_select(0, there)
        x = x + functional.dropout(self.join(seen), self.drop, self.training)
        thought: Tensor = self.think(self.between(x))
        return x + thought


class Recent(nn.Module):
    """The mean of vectors up to each place, by learned weights of places counted back from there, at first exp(-age / 2)."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.log_weight = nn.Parameter(-torch.arange(length) / 2)

    def forward(self, vectors: Tensor, is_there: Tensor) -> Tensor:
        """Return means of shape (n, length, size) from vectors of that shape and where there is something, (n, length)."""
        places = torch.arange(vectors.shape[1])
        age = places[:, None] - places
        weights = self.log_weight.exp()[age.clamp(min=0)] * (age >= 0) * is_there[:, None]  # (n, to, from)
        return weights @ vectors / weights.sum(dim=2, keepdim=True).clamp(min=1e-9)


class Bias(nn.Module):
    """One learned number added to each column."""

    def __init__(self, first: np.ndarray) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.as_tensor(first, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bias


class TorchLearner:
    """A network as a `Learner`: `loss(rows, random)` is the loss of a batch, a scalar.

    Steps are Adam's; the seed of dropout is set anew at each epoch, so that a resumed run draws what an undisturbed one would.
    With `n_falling` epochs the rate falls to zero over them, by the same part each epoch; else it stays.
    """

    def __init__(
        self, net: nn.Module, loss: Callable[[Codes, np.random.Generator], Tensor], *, rate: float, decay: float = 0.0,
        n_falling: int = 0, random_state: int = 0,
    ) -> None:  # fmt: skip
        self.net, self.loss, self.random_state = net, loss, random_state
        self.rate, self.n_falling = rate, n_falling
        self.learned = [each for each in net.parameters() if each.requires_grad]
        self.adam = torch.optim.Adam(self.learned, lr=rate, weight_decay=decay, fused=True)

    def begin(self, epoch: int) -> None:
        torch.manual_seed(self.random_state * 100_003 + epoch)
        if self.n_falling:
            self.adam.param_groups[0]["lr"] = self.rate * (1 - epoch / self.n_falling)
        self.net.train()

    def step(self, rows: Codes, random: np.random.Generator) -> float:
        loss = self.loss(rows, random)
        self.adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.adam.step()
        return float(loss.detach())

    def state(self) -> State:
        arrays = {f"net.{name}": each.detach().numpy() for name, each in self.net.state_dict().items()}
        for place, each in enumerate(self.learned):
            arrays |= {
                f"adam.{place}.{name}": np.asarray(value) for name, value in self.adam.state[each].items()
            }
        return arrays

    def restore(self, state: State) -> None:
        self.net.load_state_dict(
            {
                name.removeprefix("net."): torch.as_tensor(each.copy())
                for name, each in state.items()
                if name.startswith("net.")
            }
        )
        for place, each in enumerate(self.learned):
            head = f"adam.{place}."
            self.adam.state[each] = {
                name.removeprefix(head): torch.as_tensor(np.array(value))
                for name, value in state.items()
                if name.startswith(head)
            }


def modules(**parts: nn.Module) -> nn.ModuleDict:
    """Return parts by name as one network."""
    return nn.ModuleDict(parts)


def tensors(items: Codes) -> tuple[Tensor, Tensor]:
    """Return items and where there are any, both (n, length), without the places that are empty in all rows."""
    used = (items != NOTHING).any(axis=0)
    first = int(np.argmax(used)) if used.any() else items.shape[1] - 1
    kept = torch.as_tensor(np.ascontiguousarray(items[:, first:]))
    return kept, kept != NOTHING


def sampled_softmax(
    states: Tensor, table: Tensor, wanted: Tensor, others: Tensor, log_prior: Tensor | None = None
) -> Tensor:
    """Return the mean cross-entropy of the wanted items among themselves and some others drawn for the whole batch.

    Shapes: states (n, size), table (n_items + 1, size), wanted (n,), others (n_others,), log_prior (n_items,), which is added to
    the scores. An other that is the wanted one does not count. Source: Jean et al. (2015), arXiv 1412.2007, section 3; items are
    drawn uniformly, so there is no correction.
    """
    prior = table.new_zeros(len(table)) if log_prior is None else log_prior
    right = (states * table.index_select(0, wanted)).sum(dim=1) + prior[wanted]
    others = others.sort().values
    beside: Tensor = _LogSumExp.apply(  # type: ignore[no-untyped-call]
        states, table.index_select(0, others), prior[others], *_equal(wanted, others)
    )
    return functional.softplus(beside - right).mean()


def _equal(wanted: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Return the places (in wanted, in others) of equal items; others are sorted."""
    first = torch.searchsorted(others, wanted)
    counts = torch.searchsorted(others, wanted, right=True) - first
    row = torch.repeat_interleave(counts)
    return row, (first - counts.cumsum(0) + counts)[row] + torch.arange(len(row))


class _LogSumExp(torch.autograd.Function):
    """The logarithm of the summed exponentials of states @ vectors.T + prior, but for some pairs, in one array of that shape.

    Shapes: states (n, size), vectors (n_others, size), prior (n_others,), of which nothing is learned, the pairs left out row
    and column (n_pairs,); the result (n,).
    """

    @staticmethod
    def forward(
        ctx: Any, states: Tensor, vectors: Tensor, prior: Tensor, row: Tensor, column: Tensor
    ) -> Tensor:
        shares = torch.addmm(prior, states, vectors.T)
        shares[row, column] = -torch.inf
        most = shares.amax(dim=1, keepdim=True).clamp(min=-1e30)  # all of them may be left out
        total = shares.sub_(most).exp_().sum(dim=1, keepdim=True).clamp(min=1e-30)
        ctx.save_for_backward(states, vectors, shares.div_(total))
        return (total.log() + most)[:, 0]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        states, vectors, shares = ctx.saved_tensors
        column = gradient[:, None]
        return shares @ vectors * column, shares.T @ (states * column), None, None, None


def _spread(x: Tensor, there: Tensor, n: int) -> Tensor:
    """Return n rows, those of x at the places `there` and zeros elsewhere."""
    return x.new_zeros(n, x.shape[1]).index_copy(0, there, x)


def _table(n: int, size: int, scale: float | None = None) -> Any:
    table = nn.Embedding(n, size)
    nn.init.normal_(table.weight, std=scale or size**-0.5)
    return table
