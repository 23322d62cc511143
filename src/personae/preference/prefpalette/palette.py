"""What a community or a person prefers, as signed weights on readable attributes: attention over attribute readers.

Source: Li et al. (2025), "PrefPalette: Personalized Preference Modeling with Latent Attributes", arXiv 2507.13541, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from personae.metrics.logistic import log_odds, sigmoid
from personae.people.records import Preference
from personae.preference._core import (
    Chances,
    Features,
    Personaliser,
    Reason,
    chances_of_margins,
    padded,
)
from personae.preference._extras import needs
from personae.preference.comparisons import Array, Codes, Comparisons, comparisons
from personae.preference.population import Directions, main_directions
from personae.preference.prefpalette.attention import (
    Read,
    first_weights,
    read,
    slope_of_weights,
    slopes,
)
from personae.preference.prefpalette.readers import AttributeReader, read_vectors

_CHUNK = 1024  # people placed at once
_STEPS = 6
_STIFF = 10.0  # how much harder the weights that all share are held than a query
_ROUNDS = 40  # of the search, each stage
_LONGEST = 1.0  # step of a query's coordinate
_REFERENCES = 200  # items that attention is averaged over


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the net sees of items: content (n_items, n_content), vectors (n_items, n_attributes, n_hidden)."""

    content: Array
    vectors: Array

    def take(self, items: Any) -> _Seen:
        return _Seen(self.content[items], self.vectors[items])


class PrefPalette(Personaliser):
    """Place people by a query over readable attributes; explain them by signed weights on those.

    Parameters
    ----------
    features : callable from items to vectors
    readers : sequence of AttributeReader
        Learned on features of the same layout (`fit_reader`, `pole_reader`); all with the same number of hidden units. One that
        reads the same of all items is left out.
    n_directions : int
        Main directions of the features that make the content; 0 leaves the attributes alone.
    content_penalty, attention_penalty : float
        Ridge on the content's weights, and on the attention's from where they start.
    drop : float in [0, 1)
        How often the attributes are left out at the end of learning, so that `content_probs` does without them (paper: .1).
    n_stages : int
        In which the dropping grows, and the spread of queries over people is learned.
    random_state : int
        For the family's contract; learning draws nothing.

    Attributes
    ----------
    weights_ : Weights
    query_ : ndarray of shape (n_attributes,)
        The population's query; `spread_` is the variance of queries around it, learned.
    names_ : tuple of str

    Notes
    -----
    log P(a) / P(b) = r(a) - r(b), r = u'h + lambda sum_a (alpha_a+ - alpha_a-) u'v_a with the attention of `attention.read`.
    A person's state is the mode of the query under N(query_, spread_) and the variance of each coordinate there (Gauss-Newton).
    Deviations: one model serves all communities, with their queries as the only thing of theirs, where the paper trains one a
    community, hence the two poles; an attribute reads one coordinate of the query (the limit in which the other tanh units are
    saturated), so that a state can be read; frozen sentence vectors stand for the 1B language model; the attribute term is
    dropped in expectation, (1 - p) loss(all) + p loss(content), where the paper drops it for whole batches by lot. p grows over
    the stages up to three quarters of them, as in the paper.

    Examples
    --------
    >>> from personae.preference.prefpalette.readers import fit_reader
    >>> length = lambda items: np.array([[float(len(text))] for _, text in items])
    >>> texts = [("", "x" * n) for n in range(1, 9)]
    >>> reader = fit_reader("length", length(texts), np.arange(1, 8), np.arange(0, 7))
    >>> likes = {"ana": "a", "bo": "b"} | {f"p{i}": "ab"[i % 2] for i in range(20)}
    >>> rows = [Preference(p, "", texts[i + 3][1], texts[i][1], like) for p, like in likes.items() for i in range(5)]
    >>> palette = PrefPalette(features=length, readers=[reader], n_directions=0).fit(rows)
    >>> palette.explain("ana")[0].name, palette.explain("ana")[0].weight > 0 > palette.explain("bo")[0].weight
    ('length', True)
    """

    def __init__(
        self,
        *,
        features: Features,
        readers: Sequence[AttributeReader],
        n_directions: int = 32,
        content_penalty: float = 1.0,
        attention_penalty: float = 300.0,
        drop: float = 0.3,
        n_stages: int = 3,
        random_state: int = 0,
    ) -> None:
        self.features = features
        self.readers = readers
        self.n_directions = n_directions
        self.content_penalty = content_penalty
        self.attention_penalty = attention_penalty
        self.drop = drop
        self.n_stages = n_stages
        self.random_state = random_state

    def explain(self, person: str) -> list[Reason]:
        """Return each attribute's signed weight in log-odds for one standard deviation more of it, the largest first.

        The weight is lambda (alpha_a+ - alpha_a-), the mean over items learned from, times the spread of u'v_a: attention alone
        has no sign. The examples are the items with most and least of the attribute.
        """
        if person not in self.index_:
            return []
        weight = self.signed_weights(self.states_[self.index_[person]][None])[0]
        return [
            Reason(self.names_[place], float(weight[place]), self.examples_[place])
            for place in np.argsort(-np.abs(weight))
        ]

    def signed_weights(self, states: Array) -> Array:
        """Return the weights of `explain` for any states, shape (n_states, n_attributes)."""
        found = [self._at_references(state) for state in states]
        return np.array([each.signed.mean(axis=0) * each.scores.std(axis=0) for each in found])

    def attention(self, person: str) -> dict[str, float]:
        """Return the mean attention to each attribute, both poles together, and to "nothing"; sums to 1."""
        state = self.states_[self.index_[person]] if person in self.index_ else self.unknown_
        found = self._at_references(state)
        heed = (found.high + found.low).mean(axis=0)
        return {
            **dict(zip(self.names_, heed.tolist(), strict=True)),
            "nothing": float(1 - heed.sum()),
        }

    def contributions(self, person: str, context: str, a: str, b: str) -> list[Reason]:
        """Return what each attribute, and the text itself, adds to the log-odds of a over b; their sum is that of `prob`.

        Each is alpha_a u'v_a at the mode of the person's query, all made smaller by the same factor, since `prob` is the less
        sure the less is known of the person.
        """
        table = comparisons([Preference(person, context, a, b, "tie")])
        state = self.states_[self.index_[person]] if person in self.index_ else self.unknown_
        both = self._read(
            state[None],
            np.zeros(2, dtype=np.intp),
            self._seen(self._vectors(table)),
            np.array([table.a[0], table.b[0]]),
        )
        worth = both.signed * both.scores
        parts = np.array([*worth[0] - worth[1], both.content[0] - both.content[1]])
        if total := parts.sum():
            parts *= log_odds(self.prob(person, context, a, b).probability, margin=1e-12) / total
        names = [*self.names_, "the text itself"]
        return [Reason(names[place], float(parts[place])) for place in np.argsort(-np.abs(parts))]

    def content_probs(self, rows: Sequence[Preference] | Comparisons) -> Array:
        """Return P(a) by the text alone, the attributes dropped, the same for everyone; shape (n_rows,)."""
        table = comparisons(rows)
        reward = self.directions_.of(self._vectors(table)) @ self.weights_.content
        return sigmoid(reward[table.a] - reward[table.b])

    def _learn(self, table: Comparisons, vectors: Array) -> None:
        self.directions_ = _directions(vectors, self.n_directions)
        units = [reader.in_units_of(vectors) for reader in self.readers]
        self.readers_ = [reader for reader in units if reader.outward.any()]
        self.names_ = tuple(reader.name for reader in self.readers_)
        seen = self._seen(vectors)
        _, n_attributes, n_hidden = seen.vectors.shape
        self.weights_ = first_weights(seen.content.shape[1], n_attributes, n_hidden)
        self.query_, self.spread_ = np.zeros(n_attributes), 1 / self.attention_penalty
        offsets = np.zeros((len(table.people), n_attributes))
        for stage in range(self.n_stages):
            dropped = self.drop * min(1.0, (stage + 1) / max(0.75 * self.n_stages, 1))
            offsets = self._solve(table, seen, offsets, dropped)
            placed = self._place(table, vectors, len(table.people))
            means, variances = np.split(placed, 2, axis=1)
            if n_attributes:
                second = float(((means - self.query_) ** 2 + variances).sum())
                self.spread_ = (second + n_attributes / self.attention_penalty) / (means.size + n_attributes)
        chosen = np.linspace(0, len(vectors) - 1, min(_REFERENCES, len(vectors))).astype(int)
        self.references_ = seen.take(chosen)
        scores = seen.vectors.sum(axis=2)
        self.examples_ = [
            tuple(table.items[place][1] for place in (column.argmax(), column.argmin()))
            for column in scores.T
        ]

    def _solve(self, table: Comparisons, seen: _Seen, offsets: Array, dropped: float) -> Array:
        """Learn weights and the population's query together with everyone's offset from it; return the offsets."""
        with needs("scipy"):
            from scipy.optimize import minimize
            from scipy.sparse import csr_matrix

        weights, (n_people, n_attributes) = self.weights_, offsets.shape
        first = first_weights(weights.content.size, *weights.key.shape)
        ridge = replace(
            first,
            content=np.full_like(first.content, self.content_penalty),
            turn=np.full_like(first.turn, _STIFF * self.attention_penalty),
            key=np.full_like(first.key, _STIFF * self.attention_penalty),
            value=np.full_like(first.value, _STIFF * self.attention_penalty),
        ).flat()
        shrunken = np.full(n_attributes, self.attention_penalty)
        ridge = np.concatenate([ridge, shrunken, np.full(offsets.size, 1 / self.spread_)])
        center = np.concatenate([first.flat(), np.zeros(n_attributes + offsets.size)])
        both, n_rows = seen.take(np.concatenate([table.a, table.b])), len(table)
        person = np.tile(table.person, 2)
        of_person = csr_matrix((np.ones(2 * n_rows), (person, np.arange(2 * n_rows))), (n_people, 2 * n_rows))
        n_weights = weights.flat().size

        def loss(solution: Array) -> tuple[float, Array]:
            at = weights.like(solution[:n_weights])
            query = solution[n_weights : n_weights + n_attributes]
            queries = query + solution[n_weights + n_attributes :].reshape(n_people, n_attributes)
            found = read(at, queries[person], both.content, both.vectors)
            alone = found.content[:n_rows] - found.content[n_rows:]
            whole = alone + found.attributes[:n_rows] - found.attributes[n_rows:]
            value = table.weight @ (
                (1 - dropped) * (np.logaddexp(0, whole) - table.chosen * whole)
                + dropped * (np.logaddexp(0, alone) - table.chosen * alone)
            )
            by_attributes = (1 - dropped) * table.weight * (sigmoid(whole) - table.chosen)
            by_content = by_attributes + dropped * table.weight * (sigmoid(alone) - table.chosen)
            pulls = (np.concatenate([pull, -pull]) for pull in (by_content, by_attributes))
            slope, by_row = slope_of_weights(at, found, both.content, both.vectors, *pulls)
            by_query = of_person @ by_row
            off = solution - center
            gradient = np.concatenate([slope.flat(), by_query.sum(axis=0), by_query.ravel()])
            return float(value + ridge @ off**2 / 2), gradient + ridge * off

        start = np.concatenate([weights.flat(), self.query_, offsets.ravel()])
        solved: Any = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS})
        self.weights_ = weights.like(solved.x[:n_weights])
        self.query_ = solved.x[n_weights : n_weights + n_attributes]
        return np.asarray(solved.x[n_weights + n_attributes :]).reshape(n_people, n_attributes)

    def _place(self, table: Comparisons, vectors: Array, n_people: int) -> Array:
        table, vectors = _compared(table, vectors)
        seen = self._seen(vectors)
        places, is_row = padded(table, n_people)
        return np.vstack([
            self._posterior(table, seen, places[start : start + _CHUNK], is_row[start : start + _CHUNK])
            for start in range(0, n_people, _CHUNK)
        ])  # fmt: skip

    def _posterior(self, table: Comparisons, seen: _Seen, places: Codes, is_row: Array) -> Array:
        """Return modes of the queries with each coordinate's variance there, shape (n_people, 2 n_attributes)."""
        n_people, n_attributes = len(places), len(self.query_)
        queries = np.tile(self.query_, (n_people, 1))
        variances = np.full((n_people, n_attributes), self.spread_)
        person, slot = np.nonzero(is_row)
        if not len(person) or not n_attributes:
            return np.hstack([queries, variances])
        rows = table.take(places[person, slot])
        rows = rows.of_people(person)
        shape = (*places.shape, n_attributes)
        for _ in range(_STEPS):
            margin, by_query = self._margins(queries, rows, seen)
            chance = sigmoid(margin)
            x, pull, bent = np.zeros(shape), np.zeros(shape[:2]), np.zeros(shape[:2])
            x[person, slot] = by_query
            pull[person, slot] = rows.weight * (rows.chosen - chance)
            bent[person, slot] = rows.weight * chance * (1 - chance)
            slope = np.einsum("pma,pm->pa", x, pull) - (queries - self.query_) / self.spread_
            bend = (x * bent[..., None]).transpose(0, 2, 1) @ x + np.eye(n_attributes) / self.spread_
            step = np.linalg.solve(bend, slope[..., None])[..., 0]
            queries = queries + np.clip(step, -_LONGEST, _LONGEST)
        variances = np.diagonal(np.linalg.inv(bend), axis1=1, axis2=2)
        return np.hstack([queries, variances])

    def _margins(self, queries: Array, table: Comparisons, seen: _Seen) -> tuple[Array, Array]:
        """Return log-odds (n_rows,) and their slopes by the query, (n_rows, n_attributes)."""
        a, b = (self._read(queries, table.person, seen, items) for items in (table.a, table.b))
        margin = a.content - b.content + a.attributes - b.attributes
        return margin, slopes(self.weights_, a)[0] - slopes(self.weights_, b)[0]

    def _chances(self, states: Array, table: Comparisons, vectors: Array) -> Chances:
        table, vectors = _compared(table, vectors)
        queries, variances = np.split(states, 2, axis=1)
        margin, by_query = self._margins(queries, table, self._seen(vectors))
        return chances_of_margins(margin, np.sqrt((by_query**2 * variances[table.person]).sum(axis=1)))

    def _read(self, states: Array, person: Any, seen: _Seen, items: Any) -> Read:
        queries = states[person, : len(self.query_)]
        return read(self.weights_, queries, seen.content[items], seen.vectors[items])

    def _at_references(self, state: Array) -> Read:
        n = len(self.references_.content)
        return self._read(state[None], np.zeros(n, dtype=np.intp), self.references_, slice(None))

    def _seen(self, vectors: Array) -> _Seen:
        return _Seen(self.directions_.of(vectors), read_vectors(self.readers_, vectors))


def _compared(table: Comparisons, vectors: Array) -> tuple[Comparisons, Array]:
    """Return the table with the items alone that are compared in it, and their vectors."""
    used, places = np.unique(np.concatenate([table.a, table.b]), return_inverse=True)
    a, b = np.split(places, 2)
    return replace(table, items=tuple(table.items[item] for item in used), a=a, b=b), vectors[used]


def _directions(vectors: Array, n_directions: int) -> Directions:
    if not n_directions:
        return Directions(vectors.mean(axis=0), np.zeros((vectors.shape[1], 0)))
    return main_directions(vectors, n_directions)
