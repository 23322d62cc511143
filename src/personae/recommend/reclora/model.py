"""RecLoRA: a low-rank change of the encoder for every person, mixed from a few that all share.

Source: Zhu et al. (2024), "Lifelong Personalized Low-Rank Adaptation of Large Language Models for Recommendation", arXiv
2408.03533, sections III-B (meta-LoRAs and gate) and III-D (few2many); the released code for what the text leaves open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.fittable import Fittable
from personae.metrics.calibration import auroc
from personae.models.backbone import Backbone
from personae.recommend._core import Watch
from personae.recommend.interactions import Codes
from personae.recommend.training import Plan, train

Array = NDArray[np.floating]
Gate = Literal["personal", "uniform"]
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Prepared:
    """Texts after the layers that stay as they are: states (n, n_tokens, 384) in half precision, and where there are tokens."""

    states: NDArray[np.float16]
    is_there: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.states)

    def take(self, rows: NDArray[np.generic]) -> Prepared:
        """Return some texts, by mask or place."""
        return Prepared(self.states[rows], self.is_there[rows])


def prepare(
    texts: Sequence[str], *, most_tokens: int = 64, n_adapted: int = 1, watch: Any = iter
) -> Prepared:
    """Run texts through all layers but the last `n_adapted`, once for all that is learned above them.

    Parameters
    ----------
    most_tokens : int
        Of each text; the rest is cut off.
    watch : callable
        Wraps the batches, to show progress.

    Notes
    -----
    One text of 64 tokens takes 0.05 MB and some 40 ms on one core.
    """
    backbone = Backbone()
    import torch

    tokens = backbone.tokens(texts, most_tokens)
    states = np.zeros((*tokens.ids.shape, backbone.size), dtype=np.float16)
    with torch.no_grad():
        for start in watch(range(0, len(texts), _AT_ONCE)):
            some = slice(start, start + _AT_ONCE)
            is_there = tokens.is_there[some]
            longest = int(is_there.sum(dim=1).max())
            lower = backbone.layers(
                backbone.embed(tokens.ids[some, :longest]),
                is_there[:, :longest],
                last=backbone.n_layers - n_adapted,
            )
            states[some, :longest] = lower.numpy()
    return Prepared(states, tokens.is_there.numpy())


@dataclass(kw_only=True)
class RecLoRA(Fittable):
    """Whether somebody likes an item, from a text of the item and a short past, read by an encoder adapted to them.

    Each adapted query and value projection W becomes W x + (alpha / rank) B_u A_u x with A_u = sum_k w_k A_k and
    B_u = sum_k w_k B_k; w = softmax(gate(h_u) / tau), one gate a layer, from the vector h_u of a click model that is frozen.

    Parameters
    ----------
    n_loras, rank, alpha
        How many pairs A_k, B_k are mixed, their rank, and their scale. One is a LoRA that all share.
    tau : float, positive
        A high one makes the mix uniform.
    gate : "personal" or "uniform"
    with_vector : bool
        Show h_u to the answering head too.
    gate_size : int
        Hidden layer of the gate.
    n_adapted : int
        Of the encoder's layers, the last ones; as the texts were prepared.
    plan : Plan
    random_state : int

    Attributes
    ----------
    n_learned_ : int
        Numbers learned.

    Notes
    -----
    A and B are averaged each on its own, as in the released code, so that B_u A_u has terms of A_k with B_l; the paper's formula
    reads as a sum of products. The answer is read by a linear head from the first token's last state rather than from the
    logits of two words, since the backbone is an encoder; and the last layers alone are adapted, so that the rest is run once.
    """

    n_loras: int = 8
    rank: int = 8
    alpha: float = 16.0
    tau: float = 5.0
    gate: Gate = "personal"
    with_vector: bool = False
    gate_size: int = 60
    n_adapted: int = 1
    decay: float = 0.0
    plan: Plan = field(default_factory=lambda: Plan(n_epochs=6, batch_size=64, rate=1e-3, patience=2))
    random_state: int = 0

    def fit(
        self,
        texts: Prepared,
        vectors: Array,
        is_liked: NDArray[np.bool_],
        *,
        valid: tuple[Prepared, Array, NDArray[np.bool_]] | None = None,
        watch: Watch = lambda _: None,
    ) -> RecLoRA:
        """Learn the shared pairs, the gates and the head.

        Parameters
        ----------
        texts : Prepared, of n rows
        vectors : ndarray of shape (n, n_features)
            h_u, from `ClickModel.vectors`.
        is_liked : ndarray of bool of shape (n,)
        valid : texts, vectors and answers of other rows, optional
            It stops by their AUC.

        Raises
        ------
        BadInput
            When the numbers of rows differ, a vector holds what is no finite number, or everything or nothing is liked.
        """
        from personae.recommend import nets
        from personae.recommend.reclora import _net

        torch, functional = nets.torch, nets.functional

        if not len(texts) == len(vectors) == len(is_liked):
            raise BadInput(
                f"{len(texts)} texts, {len(vectors)} vectors, {len(is_liked)} answers: give one each a row."
            )
        if is_liked.all() or not is_liked.any():
            raise BadInput("All answers are the same: there is nothing to tell apart.")
        if np.ndim(vectors) != 2 or not np.isfinite(vectors).all():
            raise BadInput(
                "Vectors are not rows of finite numbers: give those of `ClickModel.vectors`, one a text."
            )
        self.center_, self.spread_ = vectors.mean(axis=0), np.maximum(vectors.std(axis=0), 1e-6)
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            self.net_ = _net.Adapted(self, vectors.shape[1])
            self.n_learned_ = sum(each.numel() for each in self.net_.parameters())

            def loss(rows: Codes, random: np.random.Generator) -> Any:
                wanted = torch.as_tensor(is_liked[rows], dtype=torch.float32)
                return functional.binary_cross_entropy_with_logits(self._logits(texts, vectors, rows), wanted)

            learner = nets.TorchLearner(
                self.net_, loss, rate=self.plan.rate, decay=self.decay, random_state=self.random_state
            )
            score = None if valid is None else lambda: auroc(self.chances(*valid[:2]), valid[2])
            self.epochs_ = train(
                learner, len(texts), self.plan, score=score, random_state=self.random_state, watch=watch
            )
        return self

    def chances(self, texts: Prepared, vectors: Array) -> Array:
        """Return how likely each item is liked, shape (n,).

        Raises
        ------
        BadInput
            When there is not one vector a text, or they are not as wide as those learned from.
        """
        import torch

        self.net_.eval()
        if len(texts) != len(vectors):
            raise BadInput(f"{len(texts)} texts, {len(vectors)} vectors: give one each a row.")
        with torch.no_grad():
            parts = [
                self._logits(texts, vectors, np.arange(start, min(start + _AT_ONCE, len(texts)))).numpy()
                for start in range(0, len(texts), _AT_ONCE)
            ]
        return np.asarray(1 / (1 + np.exp(-np.concatenate(parts).astype(float))))

    def mix(self, vectors: Array) -> Array:
        """Return the weights of the shared pairs, shape (n, n_adapted, n_loras); rows sum to 1."""
        import torch

        self.net_.eval()
        with torch.no_grad():
            return np.asarray(self.net_.mix(self._standard(vectors)).numpy())

    def adapter(self, vector: Array) -> dict[str, Array]:
        """Return one person's change as matrices: "layer.5.query.A" (rank, 384), "layer.5.query.B" (384, rank) and so on.

        B is times alpha / rank, so that the change is B A. To forget a person, drop the vector: nothing here is theirs.
        """
        import torch

        self.net_.eval()
        with torch.no_grad():
            return {
                name: each.numpy() for name, each in self.net_.adapter(self._standard(vector[None])).items()
            }

    def _logits(self, texts: Prepared, vectors: Array, rows: Codes) -> Any:
        import torch

        is_there = texts.is_there[rows]
        longest = int(is_there.sum(axis=1).max())
        states = torch.as_tensor(texts.states[rows, :longest].astype(np.float32))
        return self.net_(states, torch.as_tensor(is_there[:, :longest]), self._standard(vectors[rows]))

    def _standard(self, vectors: Array) -> Any:
        import torch

        if np.shape(vectors)[1:] != self.center_.shape or not np.isfinite(vectors).all():
            raise BadInput(
                f"Vectors of shape {np.shape(vectors)}: this RecLoRA learned from rows of {len(self.center_)} finite numbers."
            )
        return torch.as_tensor((vectors - self.center_) / self.spread_, dtype=torch.float32)
