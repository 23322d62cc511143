"""ToolRec: recommenders that go by attributes as tools, and somebody who uses them for a person.

Source: Zhao, Wu, Wang, Tang, Wang, de Rijke (2024), "Let Me Do It For You: Towards LLM Empowered Recommendation via Tool
Learning", SIGIR, arXiv 2405.15114.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.models.encoder import Encoder, home_encoder
from personae.recommend._core import Recommender, Scores, States, Watch
from personae.recommend._next import NextItem
from personae.recommend.interactions import Array, Interactions
from personae.recommend.sasrec import SASRec
from personae.recommend.toolrec.fusion import Weights, fuse, reciprocal, tuned
from personae.recommend.toolrec.grammar import MOST, NONE
from personae.recommend.toolrec.session import Found, Session, Surrogate, Transcript, play
from personae.recommend.toolrec.surrogates import RuleSurrogate, worths
from personae.recommend.toolrec.taste import concentration, kind_of, kinds_of
from personae.recommend.toolrec.tools import AttributeTool
from personae.recommend.training import Plan


@dataclass(kw_only=True)
class ToolRec(Recommender):
    """SASRec and a tool for each kind of attribute; `choose` lets a surrogate of the person use them and says how.

    What is kept of a person is their vector in each tool and their taste: shares over each kind's values.

    Parameters
    ----------
    base : NextItem
        The recommender without attribute: fitted ones stay as they are, of others a copy is fitted.
    kinds : tuple of str
        Attributes that read "kind: value"; all there are without it.
    encoder : Encoder, optional
        Of the attributes' texts; the one that ships without it.
    n_others, dropout, plan
        Of the tools' adapters, as the base's of the base.
    depth : int
        Items that the rule asks of each tool.
    prior : float
        Items that the crowd counts as in a person's taste.

    Attributes
    ----------
    base_, tools_, kinds_ : NextItem, and mappings from a kind's name to AttributeTool and Kind
    crowd_ : mapping to shares of shape (n_values,)
    typical_ : mapping to float
        Mean divergence of the tastes learned from and the base's lists, in nats.
    weights_ : mapping to Weights
        Chosen on `valid`; without it the defaults.

    Notes
    -----
    Weights are chosen a kind at a time on `valid`, which the base and the tools were stopped on too. `score` is what the rule's
    list is ordered by, over the whole catalog; `choose` and `play` leave out what the person had before tools list anything.
    """

    base: NextItem = field(default_factory=SASRec)
    kinds: tuple[str, ...] = ()
    encoder: Encoder | None = None
    n_others: int = 1000
    dropout: float = 0.3
    plan: Plan = field(default_factory=lambda: Plan(n_epochs=5, batch_size=64, rate=3e-4))
    depth: int = 100
    prior: float = 5.0

    def place(self, histories: Lists) -> States:
        """Return the vectors in each tool and the tastes, side by side, shape (n_people, n_numbers)."""
        vectors = [each.place(histories) for each in (self.base_, *self.tools_.values())]
        tastes = [self.taste(name, histories) for name in self.kinds_]
        return np.hstack([*vectors, *tastes], dtype=np.float32)

    def score(self, states: States) -> Scores:
        """Return the rule's scores: fused where a tool lists an item, below that by the base; shape (n_people, n_items)."""
        scores, tastes = self._parts(np.asarray(states))
        return np.asarray(self._fused(scores, tastes), dtype=np.float32)

    def taste(self, kind: str, histories: Lists) -> Array:
        """Return shares over a kind's values, drawn to the crowd's, shape (n_people, n_values)."""
        return self.kinds_[kind].taste(histories, self.crowd_[kind], self.prior)

    def peakedness(self, kind: str, histories: Lists) -> Array:
        """Return how far people's tastes are from the crowd's by histories alone, in nats, shape (n_people,)."""
        return concentration(self.taste(kind, histories), self.crowd_[kind])

    def rule(self, group: Mapping[str, Array] | None = None) -> RuleSurrogate:
        """Return the surrogate that goes by a rule, with what was chosen in fitting; `group` as in `RuleSurrogate`."""
        kinds = list(self.kinds_.values())
        return RuleSurrogate(kinds, self.crowd_, self.typical_, self.weights_, self.depth, self.prior, group)

    def choose(
        self, items: Sequence[str], surrogate: Surrogate | None = None, *, n: int = 10, person: str = ""
    ) -> Transcript:
        """Return a list for somebody who had these items, oldest first, and how it came about.

        Parameters
        ----------
        surrogate : Surrogate, optional
            `ModelSurrogate(chat_model(...))`; the rule without it.

        Raises
        ------
        UnknownName
            When an item is not in the catalog.
        BadInput
            When the catalog has fewer than n others.
        """
        history = Lists.of([0] * len(items), self.codes(items), n_people=1)
        return next(self.play(history, surrogate or self.rule(), n=n, people=(person,)))

    def play(
        self, histories: Lists, surrogate: Surrogate, *, n: int = 10, people: Sequence[str] = ()
    ) -> Iterator[Transcript]:
        """Yield a transcript for each history."""
        for session in self.sessions(histories, n=n, people=people):
            yield play(session, surrogate)

    def sessions(self, histories: Lists, *, n: int = 10, people: Sequence[str] = ()) -> Iterator[Session]:
        """Yield a session for each history, before its first round."""
        tools = {NONE: self.base_, **self.tools_}
        for start in range(0, len(histories), 256):
            last = min(start + 256, len(histories))
            some = Lists.of(*histories.pairs(start, last), n_people=last - start)
            scores = {name: tool.score(tool.place(some)) for name, tool in tools.items()}
            for row in range(len(some)):
                own = {name: np.array(each[row], dtype=float) for name, each in scores.items()}
                for each in own.values():
                    each[some.items_of(row)] = -np.inf
                name = people[start + row] if people else ""
                yield Session(self.items_, some.items_of(row), n, tuple(self.kinds_), _best_of(own), name)

    def _learn(self, rows: Interactions, valid: Interactions | None, watch: Watch) -> None:
        if not 1 <= self.depth <= MOST:
            raise BadInput(f"A depth of {self.depth}: an action asks for 1 to {MOST} items.")
        names = self.kinds or kinds_of(self.items_)
        self.kinds_ = {name: kind_of(self.items_, name) for name in names}
        if not names:
            raise BadInput(
                "The catalog has no attributes that tools could go by: give items with attributes."
            )
        self.base_ = self.base
        if not hasattr(self.base, "states_"):
            self.base_ = replace(self.base, random_state=self.random_state, checkpoint=self._kept("base"))
            self.base_.fit(rows, self.items_, valid=valid, watch=watch)
        encoder = self.encoder or home_encoder()
        self.tools_ = {
            name: self._tool(name, encoder).fit(rows, self.items_, valid=valid, watch=watch) for name in names
        }
        everyone = Lists.of(np.zeros(len(rows), dtype=np.intp), rows.item, n_people=1)
        self.crowd_ = {name: kind.shares(everyone)[0] for name, kind in self.kinds_.items()}
        self.epochs_ = sum((each.epochs_ for each in (self.base_, *self.tools_.values())), ())
        scores, tastes = self._new(rows.lists())
        self.typical_ = {
            name: max(float(each.mean()), 1e-9) for name, each in self._apart(scores[NONE], tastes).items()
        }
        self.weights_ = (
            dict.fromkeys(names, Weights()) if valid is None else self._tuned(rows.lists(), valid.lists())
        )

    def _tool(self, kind: str, encoder: Encoder) -> AttributeTool:
        return AttributeTool(
            base=self.base_, kind=kind, encoder=encoder, size=self.base.size, length=self.base.length, n_heads=self.base.n_heads,
            dropout=self.dropout, n_others=self.n_others, plan=self.plan, random_state=self.random_state,
            checkpoint=self._kept(kind),
        )  # fmt: skip

    def _kept(self, part: str) -> Path | None:
        return self.checkpoint and self.checkpoint.with_name(
            f"{self.checkpoint.stem}.{part}{self.checkpoint.suffix}"
        )

    def _parts(self, states: States) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return the scores of each tool and the tastes from rows of states."""
        tools = {NONE: self.base_, **self.tools_}
        widths = [
            *(tool.table_.shape[1] for tool in tools.values()),
            *(len(kind.values) for kind in self.kinds_.values()),
        ]
        parts = np.split(states, np.cumsum(widths)[:-1], axis=1)
        scores = {
            name: np.asarray(tool.score(own), dtype=float)
            for (name, tool), own in zip(tools.items(), parts[: len(tools)], strict=True)
        }
        tastes = {
            name: np.asarray(own, dtype=float)
            for name, own in zip(self.kinds_, parts[len(tools) :], strict=True)
        }
        return scores, tastes

    def _new(self, histories: Lists) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return the same of people with these histories, minus infinity for what they had."""
        scores, tastes = self._parts(self.place(histories))
        for each in scores.values():
            each[histories.pairs_of(np.arange(len(histories)))] = -np.inf
        return scores, tastes

    def _listed(self, plain: Array) -> Lists:
        """Return the lists without attribute."""
        listed = np.argsort(-plain, axis=1, kind="stable")[:, : self.depth]
        return Lists.of(
            np.repeat(np.arange(len(plain)), listed.shape[1]), listed.ravel(), n_people=len(plain)
        )

    def _apart(self, plain: Array, tastes: Mapping[str, Array]) -> dict[str, Array]:
        """Return how far each taste is from the list without attribute, in nats, shape (n_people,) a kind."""
        listed = self._listed(plain)
        return {name: concentration(own, self.taste(name, listed)) for name, own in tastes.items()}

    def _fused(self, scores: Mapping[str, Array], tastes: Mapping[str, Array]) -> Array:
        """Return what the rule would order lists by: each person's by the kind it would ask."""
        plain, kinds = scores[NONE], list(self.kinds_.values())
        apart = [each / self.typical_[name] for name, each in self._apart(plain, tastes).items()]
        leaning = np.argmax(np.stack(apart, axis=1) * worths(self.weights_, kinds), axis=1)
        result = reciprocal(plain, 0, plain.shape[1]) - 2
        for place, name in enumerate(self.kinds_):
            own, weights = leaning == place, self.weights_[name]
            first, second = (
                reciprocal(each[own], weights.offset, self.depth) for each in (plain, scores[name])
            )
            fused = fuse(first, second, self._likelihood(name, tastes[name][own], plain[own]), weights)
            result[own] = np.where(fused > 0, fused, result[own])
        return result

    def _likelihood(self, kind: str, taste: Array, plain: Array) -> Array:
        return self.kinds_[kind].likelihood(taste, self.taste(kind, self._listed(plain)))

    def _tuned(self, histories: Lists, wanted: Lists) -> dict[str, Weights]:
        scores, tastes = self._new(histories)
        plain = scores[NONE]
        return {
            name: tuned(
                plain, scores[name], self._likelihood(name, tastes[name], plain), wanted, depth=self.depth
            )
            for name in self.kinds_
        }


def _best_of(scores: Mapping[str, Array]) -> Callable[[str, int], Found]:
    def retrieve(attribute: str, k: int) -> Found:
        own = scores[attribute]
        best = np.argsort(-own, kind="stable")[: min(k, int(np.isfinite(own).sum()))]
        return Found(best, own[best])

    return retrieve
