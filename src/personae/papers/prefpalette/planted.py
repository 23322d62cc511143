"""Known truth: communities made with chosen weights on real answers' attributes; what is recovered, and what lengthening does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from personae.metrics.intervals import bootstrap_mean
from personae.metrics.logistic import sigmoid
from personae.papers.harness import Comparison, Context, compare
from personae.papers.prefpalette.attributes import features_of
from personae.papers.prism import prism
from personae.preference import Comparisons, PrefPalette
from personae.preference.comparisons import Array
from personae.preference.prefpalette import AttributeReader, counterfactual, read_vectors
from personae.preference.prefpalette.attention import read

SETTING, ALONE, LONGER = (
    "planted communities",
    "one planted community",
    "planted communities, answers lengthened",
)
N_COMMUNITIES, N_PAIRS = 8, 800
N_ALONE = 4000
VARIED = {  # times the choices, and directions of the vectors that the content sees
    "": (1, 256),
    ", every direction": (1, 400),
    ", four times the choices": (4, 256),
    ", without content": (1, 0),
}
N_ANSWERS = 1500
N_LENGTHENED = 40
OURS, DROPPED, BAYES = "PrefPalette", "PrefPalette, attributes dropped", "Bayes"


@dataclass(frozen=True, slots=True)
class Planted:
    """Answers with their features and their attributes' scores, and the weights of communities, (n_communities, n_attributes)."""

    items: tuple[tuple[str, str], ...]
    vectors: Array
    readers: tuple[AttributeReader, ...]
    scores: Array
    weights: Array

    def choices(
        self, n_pairs: int, communities: Sequence[int], random: np.random.Generator
    ) -> tuple[Comparisons, Array]:
        """Return choices drawn from the planted rewards, with P(a)."""
        person = np.repeat(np.arange(len(communities)), n_pairs)
        a, b = random.integers(len(self.items), size=(2, len(person)))
        odds = ((self.scores[a] - self.scores[b]) * self.weights[np.asarray(communities)[person]]).sum(axis=1)
        chance = sigmoid(odds)
        chosen = (random.random(len(person)) < chance).astype(float)
        names = tuple(f"community {each}" for each in communities)
        return Comparisons(names, self.items, person, a, b, chosen, np.ones(len(person))), chance


def planted_rows(context: Context, readers: Sequence[AttributeReader]) -> Iterator[Comparison]:
    """Yield recovery with its control, accuracy beside Bayes, the cost of dropping attributes, the effect of lengthening."""
    made = _planted(context, readers)
    random = np.random.default_rng(context.seed)
    n_pairs, everyone = (200 if context.quick else N_PAIRS), range(N_COMMUNITIES)
    train, _ = made.choices(n_pairs, everyone, random)
    test, chance = made.choices(n_pairs, everyone, random)
    full = not context.quick and context.limit is None
    fitted = _palette(made, n_directions=0).fit(train)
    yield from _recovered(context, made, fitted, OURS, "> .9" if full else "")
    order = random.permutation(train.person)
    mixed = _palette(made, n_directions=0).fit(train.of_people(order))
    yield from _recovered(context, made, mixed, "PrefPalette, communities shuffled (control)", "")
    bayes = np.maximum(chance, 1 - chance)
    right = (fitted.probs(test).probability > 0.5) == (chance > 0.5)
    reached = np.where(right, bayes, 1 - bayes)
    yield from _beside_bayes(context, SETTING, {BAYES: bayes, OURS: reached}, full)
    yield from _alone(context, made, random, full)
    yield from _lengthened(context, made, fitted)


def _planted(context: Context, readers: Sequence[AttributeReader]) -> Planted:
    pairs = prism(context).pairs
    items = list(dict.fromkeys((pair.context, text) for pair in pairs for text in (pair.a, pair.b)))
    chosen = np.random.default_rng(context.seed).permutation(len(items))[
        : 300 if context.quick else N_ANSWERS
    ]
    kept = tuple(items[place] for place in chosen)
    vectors = features_of(context)(kept)
    units = tuple(reader.in_units_of(vectors) for reader in readers)
    scores = read_vectors(units, vectors).sum(axis=2)
    weights = np.random.default_rng(context.seed + 1).normal(size=(N_COMMUNITIES, len(units)))
    return Planted(kept, vectors, units, scores, weights)


def _palette(made: Planted, *, n_directions: int, drop: float = 0.0) -> PrefPalette:
    known = {item: place for place, item in enumerate(made.items)}
    return PrefPalette(
        features=lambda items: made.vectors[[known[item] for item in items]], readers=made.readers,
        n_directions=n_directions, content_penalty=0.1, attention_penalty=1.0, drop=drop, n_stages=4,
    )  # fmt: skip


def _recovered(
    context: Context, made: Planted, fitted: PrefPalette, name: str, bar: str
) -> Iterator[Comparison]:
    """Correlation of recovered signed weights with those planted, over communities and attributes."""
    found = fitted.signed_weights(fitted.states_)
    r = float(np.corrcoef(found.ravel(), made.weights.ravel())[0, 1])
    yield compare(SETTING, "r of signed weights with those planted", name, r, n=found.size, bar=bar)


def _beside_bayes(
    context: Context, setting: str, reached: dict[str, Array], full: bool
) -> Iterator[Comparison]:
    """Expected accuracy under the planted chances, and what is lost beside the best there is."""
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    for name, each in reached.items():
        yield compare(setting, "expected accuracy", name, bootstrap_mean(each, **shared))
    lost = bootstrap_mean(reached[BAYES] - reached[OURS], **shared)
    yield compare(setting, "accuracy lost beside Bayes", OURS, lost, bar="< .01" if full else "")


def _alone(context: Context, made: Planted, random: np.random.Generator, full: bool) -> Iterator[Comparison]:
    """One community by itself, as the paper trains them: what is lost when the attributes are dropped."""
    n_pairs = 400 if context.quick else N_ALONE
    train, _ = made.choices(n_pairs, [0], random)
    test, chance = made.choices(n_pairs, [0], random)
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    bayes = np.maximum(chance, 1 - chance)
    for varied, (times, n_directions) in (VARIED if full else {"": VARIED[""]}).items():
        shown = made.choices(times * n_pairs, [0], random)[0] if times > 1 else train
        fitted = _palette(made, n_directions=n_directions, drop=0.5 if n_directions else 0.0).fit(shown)
        chances = {OURS: fitted.probs(test).probability}
        if n_directions:
            chances[DROPPED] = fitted.content_probs(test)
        reached = {
            name: np.where((each > 0.5) == (chance > 0.5), bayes, 1 - bayes) for name, each in chances.items()
        }
        where, is_held = ALONE + varied, full and not varied
        yield from _beside_bayes(context, where, {BAYES: bayes, **reached}, is_held)
        if n_directions:
            cost = bootstrap_mean(reached[OURS] - reached[DROPPED], **shared)
            yield compare(
                where, "accuracy lost by dropping the attributes", OURS, cost, bar="< .01" if is_held else ""
            )


def _lengthened(context: Context, made: Planted, fitted: PrefPalette) -> Iterator[Comparison]:
    """The reward that answers gain by being said again, where verbosity was planted at most at zero, and where above."""
    place = [reader.name for reader in made.readers].index("verbosity")
    short = np.argsort([len(text) for _, text in made.items], kind="stable")
    middle = short[len(short) // 4 :][: 10 if context.quick else N_LENGTHENED]
    answers = [made.items[each] for each in middle]
    longer = [(asked, counterfactual(text, "verbosity", 2)) for asked, text in answers]
    both = features_of(context)([*answers, *longer])
    content, seen = fitted.directions_.of(both), read_vectors(fitted.readers_, both)
    gains: dict[bool, list[Array]] = {False: [], True: []}
    for state, weights in zip(fitted.states_, made.weights, strict=True):
        query = np.tile(state[: len(weights)], (len(both), 1))
        found = read(fitted.weights_, query, content, seen).attributes
        gains[bool(weights[place] > 0)].append(found[len(answers) :] - found[: len(answers)])
    for is_valued, name in ((False, "verbosity not valued"), (True, "verbosity valued")):
        gained = bootstrap_mean(
            np.concatenate(gains[is_valued]), draws=context.draws, random_state=context.seed
        )
        bar = "<= 0" if not is_valued and not context.quick else ""
        yield compare(LONGER, "log-odds gained", name, gained, bar=bar)
