"""One bench for every method of the family: how well it knows people it learned from, and people it meets with a few choices.

The measures are those that personal reward models leave out most often: the share of people made worse than by the population's
reward, the same with somebody else's choices, and the accuracy where the longer text is no hint.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.calibration import error_columns, error_of_sums
from personae.metrics.intervals import DRAWS, Interval, RandomState, bootstrap_mean, bootstrap_sums
from personae.people.records import Preference
from personae.preference._core import Features, Personaliser, vectors_of
from personae.preference._params import clone
from personae.preference.comparisons import Array, Codes, Comparisons, comparisons
from personae.preference.population import fit_population

SHOTS = (0, 2, 5, 10, 20, 30)
ALIKE_LENGTH = 0.1  # lengths within a tenth of the longer one


@dataclass(frozen=True, slots=True)
class Split:
    """What a method may learn from and what it is measured on; people unseen are in none of the first two.

    `shots` holds every unseen person's choices in the order they are shown; `shot` numbers them from 0 within a person.
    """

    train: Comparisons
    seen: Comparisons
    shots: Comparisons
    shot: Codes
    unseen: Comparisons


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of one method: `shots` is the count of choices shown, or None where it does not apply."""

    method: str
    metric: str
    shots: int | None
    value: Interval


def split_rows(
    rows: Sequence[Preference] | Comparisons,
    *,
    unseen: float = 0.2,
    n_shots: int = max(SHOTS),
    n_test: int = 30,
    random_state: RandomState = 0,
) -> Split:
    """Split by person: most are learned from, the others met with a few choices only.

    Parameters
    ----------
    rows : preferences; ties take no part in what is measured
    unseen : float in (0, 1)
        Share of the people who are not learned from.
    n_shots, n_test : int
        Choices shown and measured of an unseen person: as many as there are, the tests first where they do not suffice for both.

    Raises
    ------
    BadInput
        With fewer than two people on either side, or without a row on each side to measure.

    Notes
    -----
    Of people learned from, half of the rows train and half are measured, by lot. Rows that say the same again are one row, of
    their strengths together, so that none is both learned from and measured.
    """
    table = comparisons(rows).merged()
    random = np.random.default_rng(random_state)
    n_people = len(table.people)
    n_unseen = round(unseen * n_people)
    if n_unseen < 2 or n_people - n_unseen < 2:
        raise BadInput(
            f"{n_people} people, {n_unseen} of them unseen: the bench needs at least two learned from and two met anew."
        )
    is_unseen = np.isin(np.arange(n_people), random.permutation(n_people)[:n_unseen])
    order = random.permutation(len(table))
    table = table.take(order[np.argsort(table.person[order], kind="stable")])
    counts = table.counts()
    rank = np.arange(len(table)) - np.repeat(np.cumsum(counts) - counts, counts)
    count = counts[table.person]
    new, tested = is_unseen[table.person], np.minimum(n_test, (count + 1) // 2)
    shot = rank - tested
    is_shot = new & (shot >= 0) & (shot < n_shots)
    decided = table.chosen != 0.5
    split = Split(
        table.take(~new & (2 * rank < count)),
        table.take(~new & (2 * rank >= count) & decided),
        table.take(is_shot),
        shot[is_shot],
        table.take(new & (rank < tested) & decided),
    )
    if not decided.any():
        raise BadInput("Every row is a tie: there is no choice to foretell.")
    if not len(split.seen):
        why = "nobody has two" if counts.max() < 2 else "the others are ties, or of people with one row"
        raise BadInput(
            f"No row is left to measure people learned from: of their rows half are learned from, and {why}. Give people more "
            "rows."
        )
    if not len(split.unseen):
        raise BadInput("No row is left to measure people met anew: all of theirs are ties. Give more people.")
    return split


def bench(
    methods: Mapping[str, Personaliser],
    split: Split,
    *,
    shots: Sequence[int] = SHOTS,
    draws: int = DRAWS,
    random_state: int = 0,
) -> Iterator[Measure]:
    """Measure each method; the methods given are left as they are.

    Yields
    ------
    Measure
        "accuracy" and "log loss" of seen people and, for each count of shots, of unseen people; at the most shots also "people
        made worse", "accuracy, another person's shots", "accuracy, lengths alike" and "calibration error"; "seconds to fit",
        "milliseconds to adapt" one person, and "bytes per person". Intervals are over people.

    Raises
    ------
    BadInput
        When nobody has as many choices to show as any of `shots` says.

    Notes
    -----
    "People made worse" is the share of people of whom fewer choices are foretold than by the population's reward: one for all
    methods, fitted on the features of the first. Counts of shots that nobody has are left out: see `counts_had`.
    """
    counts = counts_had(split, shots)
    if not counts:
        raise BadInput(
            f"Nobody has {min(shots)} choices to show, the most is {_most_shown(split)}: name smaller counts of shots."
        )
    everyone = right_by_population(split, next(iter(methods.values())).features) if methods else np.zeros(0)
    for name, method in methods.items():
        learner = clone(method)
        start = time.perf_counter()
        learner.fit(split.train)
        spent = time.perf_counter() - start
        yield from _scores(name, "seen people: ", None, learner, split.seen, draws, random_state)
        for count in counts:
            start = time.perf_counter()
            learner.adapt_all(split.shots.take(split.shot < count))
            adapting = time.perf_counter() - start
            yield from _scores(name, "", count, learner, split.unseen, draws, random_state)
        yield from _at_the_end(name, counts[-1], learner, split, everyone, draws, random_state)
        yield _plain(name, "seconds to fit", None, spent)
        yield _plain(
            name, "milliseconds to adapt", counts[-1], 1000 * adapting / max(_n_people(split.shots), 1)
        )
        yield _plain(name, "bytes per person", None, learner.bytes_per_person)


def counts_had(split: Split, shots: Sequence[int]) -> list[int]:
    """Return those counts of shots, ascending, that at least one person met anew has."""
    return sorted({count for count in shots if count <= _most_shown(split)})


def right_by_population(split: Split, features: Features) -> Array:
    """Return 1 for each unseen person's row that the population's reward has right, else 0, .5 where it cannot tell."""
    train, test = split.train, split.unseen
    if not len(train):
        raise BadInput("No preference rows to learn from: give at least one.")
    population = fit_population(train, vectors_of(features, train.items))
    rewards = population.rewards(test.items, vectors_of(features, test.items))
    return _right_of(0.5 + np.sign(rewards[test.a] - rewards[test.b]) / 4, test)


def made_worse(right: Array, before: Array, test: Comparisons) -> NDArray[np.bool_]:
    """Return for each person of these rows whether fewer are right than before, shape (n_people of the rows,)."""
    change = np.bincount(test.person, right - before)[np.unique(test.person)]
    return np.asarray(change < 0)


def _scores(
    name: str, of: str, shots: int | None, learner: Personaliser, test: Comparisons, draws: int, seed: int
) -> Iterator[Measure]:
    chance = learner.probs(test).probability
    people = test.person.tolist()
    right = _right_of(chance, test)
    loss = -np.log(np.clip(np.where(test.chosen > 0.5, chance, 1 - chance), 1e-12, None))
    for metric, values in (("accuracy", right), ("log loss", loss)):
        found = bootstrap_mean(values, clusters=people, draws=draws, random_state=seed)
        yield Measure(name, of + metric, shots, found)


def _at_the_end(
    name: str, most: int, learner: Personaliser, split: Split, everyone: Array, draws: int, seed: int
) -> Iterator[Measure]:
    """What is measured with all shots shown, the shuffled control last since it places people anew."""
    test, people = split.unseen, split.unseen.person.tolist()
    chance = learner.probs(test).probability
    right = _right_of(chance, test)
    worse = bootstrap_mean(made_worse(right, everyone, test), draws=draws, random_state=seed)
    yield Measure(name, "people made worse", most, worse)
    alike = _is_alike(test)
    if alike.any():
        chosen = [people[row] for row in np.flatnonzero(alike)]
        found = bootstrap_mean(right[alike], clusters=chosen, draws=draws, random_state=seed)
        yield Measure(name, "accuracy, lengths alike", most, found)
    columns = error_columns(chance, test.chosen)
    found = bootstrap_sums(columns, error_of_sums, clusters=people, draws=draws, random_state=seed)
    yield Measure(name, "calibration error", most, found)
    learner.adapt_all(_of_somebody_else(split.shots, seed))
    found = bootstrap_mean(_right(learner, test), clusters=people, draws=draws, random_state=seed)
    yield Measure(name, "accuracy, another person's shots", most, found)


def _of_somebody_else(shots: Comparisons, seed: int) -> Comparisons:
    """Return the shots with every person's given to another: people in a random ring, each handed the next one's."""
    ring = np.random.default_rng(seed).permutation(np.unique(shots.person))
    to = np.arange(len(shots.people))
    to[ring] = np.roll(ring, 1)
    return shots.of_people(to[shots.person])


def _is_alike(test: Comparisons) -> NDArray[np.bool_]:
    lengths = np.array([len(text) for _, text in test.items])
    a, b = lengths[test.a], lengths[test.b]
    return np.asarray(np.abs(a - b) <= ALIKE_LENGTH * np.maximum(a, b))


def _right(learner: Personaliser, test: Comparisons) -> Array:
    return _right_of(learner.probs(test).probability, test)


def _right_of(chance: Array, test: Comparisons) -> Array:
    """Return 1 for right, 0 for wrong, .5 where the method cannot tell."""
    return np.where(chance == 0.5, 0.5, (chance > 0.5) == (test.chosen > 0.5)).astype(float)


def _most_shown(split: Split) -> int:
    return int(split.shot.max(initial=-1)) + 1


def _n_people(table: Comparisons) -> int:
    return len(np.unique(table.person))


def _plain(name: str, metric: str, shots: int | None, value: float) -> Measure:
    return Measure(name, metric, shots, Interval(float(value), float("nan"), float("nan"), 1, 1))
