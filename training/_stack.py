"""How the home reader is fitted: line classifiers, mean vectors and heads from inner folds, and what to do far from home.

Everything a person's probabilities rest on is fitted without that person: the line and mean classifiers of an inner fold give
the head its training rows, and the head sees each person whole and in random parts, so that it learns how much few lines tell.
A second head, shared by the closed attributes, is fitted on collections that the line classifiers never saw (`away`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sparse

from _calibrate import FEW, NEVER, Sheet, Told, fit_sharpness, shown_from
from _corpora import Case
from _regress import NOTHING, HeadRows, LineModel, fit_head, fit_heads, fit_lines, fit_map, softmax_regression
from personae.infer._guesses import guesses_of
from personae.infer._home_model import FEW_WORDS, HALF, Candidates, least_of, word_counts
from personae.infer._scorer import (
    TINY,
    WORDS_A_LINE,
    Head,
    Nearness,
    Pooled,
    Rows,
    features,
    sharpened,
    softmax,
    unit_of,
)
from personae.people.attributes import attribute
from personae.people.matching import match

Array = np.ndarray
CORPUS_WEIGHT = {"synthpai": 1.0, "generated": 1.0, "llmprivacy": 1.0}  # of a line or a person
PROFILE_WEIGHT = 0.2  # of a person whose text need not tell the attribute, beside one whose text does
AGES = (
    "13-18",
    "19-23",
    "24-28",
    "29-33",
    "34-38",
    "39-43",
    "44-48",
    "49-53",
    "54-58",
    "59-63",
    "64-68",
    "69-73",
    "74-90",
)
HEAD_FOLDS = 4  # that keep a person out of the head that answers for them
CAUTIOUS = 0.95  # what a claim must have where too little is known of what is right from which probability
FAR_BASE = 0.5  # of the base rate's logarithm in the far head: the largest share within one standard error of the least
#                 log-loss when PersonaChat, PRODIGy and PRISM are left out in turn (1.27, 1.25, 1.23, 1.23, 1.25 at 1 to 0)


@dataclass(frozen=True, slots=True)
class Line:
    """One line with what it tells: `label` maps an attribute to a value, or to NOTHING."""

    text: str
    group: str
    corpus: str
    label: dict[str, str]


@dataclass(frozen=True, slots=True)
class Bank:
    """Labelled lines with their vectors and lexical weights, row by row."""

    lines: list[Line]
    vectors: Array
    words: sparse.csr_matrix


@dataclass(frozen=True, slots=True)
class Read:
    """A case made ready: texts, vectors (n_lines, 384) and lexical weights (n_lines, n_words), one row a line."""

    case: Case
    texts: tuple[str, ...]
    vectors: Array
    words: sparse.csr_matrix


@dataclass(frozen=True, slots=True)
class Choice:
    """Penalties, and what inner folds choose among: floors of the logarithms, lines at half weight."""

    floors: tuple[tuple[float, float], ...] = ((0.03, 0.01), (0.03, 0.05), (0.1, 0.05), (0.3, 0.05))
    halves: tuple[float, ...] = (3.0, 10.0)
    strength: float = 5.0
    mean_strength: float = 30.0
    map_penalty: float = 300.0
    parts: int = 4
    part_weight: float = 0.3
    n_inner: int = 6


@dataclass(frozen=True, slots=True)
class Task:
    """One attribute: its values, what a line is labelled with, and for open attributes the candidates.

    `told_by` names the attributes whose labels make a line telling: where a person lives and where they were born are told by
    the same lines.
    """

    name: str
    values: tuple[str, ...]
    line_values: tuple[str, ...]
    told_by: tuple[str, ...]
    candidates: Candidates | None = None

    def label(self, line: Line) -> str:
        """Return NOTHING, a value (for open attributes "telling"), or "" where it is not known."""
        labels = [line.label[name] for name in self.told_by if name in line.label]
        telling = [label for label in labels if label != NOTHING]
        if not telling:
            return NOTHING if labels else ""
        return self.line_values[0] if self.candidates is not None else self.value(telling[0])

    def value(self, truth: str) -> str:
        value = band(truth) if self.name == "age" else truth
        return value if value in self.values else ""

    def target(self, truth: str) -> Array | None:
        """Return the shares of the values that count as right, None where none does."""
        if self.candidates is None:
            same = np.array([float(self.value(truth) == other) for other in self.values])
        else:
            same = np.array([match(self.name, other, truth) == 1.0 for other in self.values], dtype=float)
        return same / same.sum() if same.sum() else None


@dataclass(frozen=True, slots=True)
class Fitted:
    """One attribute's fitted reader."""

    task: Task
    lines: LineModel
    head: Head
    least: float = CAUTIOUS
    far_least: float = NEVER

    def rows(self, read: Read, distances: Array | None = None) -> Rows:
        return rows_of(self.task, self.lines, read, distances)


@dataclass(frozen=True, slots=True)
class Near:
    """Every attribute's reader before its far head, and for each what it said of people it had not seen."""

    nearness: Nearness
    fitted: tuple[Fitted, ...]
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """Every attribute's reader, and the test of how near a person is."""

    fitted: tuple[Fitted, ...]
    nearness: Nearness

    def chances(self, fitted: Fitted, read: Read) -> Array:
        pooled = self._pooled(fitted, read)
        return fitted.head.chances(pooled, self.nearness.near(pooled))

    def is_near(self, read: Read) -> bool:
        """Return whether a person writes like those of the fit."""
        return bool(self.nearness.near(self._pooled(self.fitted[0], read)) >= HALF)

    def read(self, fitted: Fitted, read: Read) -> tuple[Array, float, float]:
        """Return the probabilities, the one below which a claim abstains, and how near the person is."""
        pooled = self._pooled(fitted, read)
        near = self.nearness.near(pooled)
        least = least_of(float(near), float(pooled.words), fitted.least, fitted.far_least)
        return fitted.head.chances(pooled, near), least, float(near)

    def _pooled(self, fitted: Fitted, read: Read) -> Pooled:
        return fitted.rows(read, self.nearness.distances(read.vectors)).pool()


def band(age: str) -> str:
    """Return the band that an age or a range of ages falls into, "" where there is none.

    >>> band("25"), band("35-44")
    ('24-28', '39-43')
    """
    numbers = [int(number) for number in re.findall(r"\d+", age)[:2]]
    if not numbers:
        return ""
    middle = sum(numbers) / len(numbers)
    return next((each for each in AGES if middle <= int(each.split("-")[1]) + 0.5), AGES[-1])


def rows_of(task: Task, lines: LineModel, read: Read, distances: Array | None = None) -> Rows:
    told = lines.told(read.vectors, read.words)
    second = told**2
    if task.candidates is not None:
        told = told * task.candidates.chances(read.vectors, read.texts)
        second = task.candidates.of_kin(told)
    far = np.zeros(len(told), dtype=np.float32) if distances is None else distances
    return Rows(told, second, read.vectors, word_counts(read.texts), far)


def fit_near(tasks: Sequence[Task], bank: Bank, reads: Sequence[Read], choice: Choice, seed: int) -> Near:
    """Fit every attribute on these people, as far as other collections have no part in it."""
    nearness = fit_nearness(reads)
    both = [_fit_near(task, bank, reads, nearness, choice, seed) for task in tasks]
    return Near(nearness, tuple(fitted for fitted, _ in both), tuple(sheet for _, sheet in both))


def finish(near: Near, away: Sequence[Read]) -> Model:
    """Fit what other collections decide (the far head), then how sure the mixture may be and what is shown."""
    far = _fit_far(near.fitted, away)
    sharp = _fit_sharpness(near, far)
    model = Model(tuple(sharp), near.nearness)
    bounds = [_bounds(model, each, sheet, away) for each, sheet in zip(sharp, near.sheets, strict=True)]
    shown = [
        replace(each, least=inside, far_least=outside)
        for each, (inside, outside) in zip(sharp, bounds, strict=True)
    ]
    return replace(model, fitted=tuple(shown))


def fit_nearness(reads: Sequence[Read]) -> Nearness:
    """Fit the one-class test on these people's lines; half of the way stands where 97.5% of them are nearer."""
    vectors = np.concatenate([read.vectors for read in reads])
    center = vectors.mean(0)
    spread, axes = np.linalg.eigh(np.cov((vectors - center).T))
    whiten = (axes / np.sqrt(spread + 1e-4) / np.sqrt(vectors.shape[1])).astype(np.float32)
    unknown = np.zeros(2, dtype=np.float32)
    plain = Nearness(center, whiten, unknown, unknown, unknown + 1, 1.0, 1.0)
    lines = [
        np.stack([plain.distances(read.vectors), np.log(word_counts(read.texts))], axis=1) for read in reads
    ]
    people = np.array([each.mean(0) for each in lines])
    found = replace(
        plain,
        usual=np.median(people, axis=0),
        between=people.std(axis=0),
        within=np.concatenate(lines).std(axis=0),
    )
    empty = np.zeros(0, dtype=np.float32)
    sums = (Pooled(empty, empty, empty, np.array(len(each)), empty, *each.sum(0)) for each in lines)
    bound = float(np.quantile([float(found.strangeness(each)) for each in sums], 0.975))
    return replace(found, bound=bound, slope=bound / 5)


def base_rate(task: Task, reads: Sequence[Read]) -> Array:
    """Return log shares of the values among the people, one a group, smoothed by half a person."""
    people = {read.case.group: read.case.truth[task.name] for read in reads if task.name in read.case.truth}
    targets = [target for truth in people.values() if (target := task.target(truth.value)) is not None]
    counts = np.sum(targets, axis=0) + (0.5 if task.candidates is None else 0.1)
    return np.log(counts / counts.sum())


def _fit_near(
    task: Task, bank: Bank, reads: Sequence[Read], nearness: Nearness, choice: Choice, seed: int
) -> tuple[Fitted, Sheet]:
    """Return the reader with its near head, and what was said of each training person from inner folds."""
    groups = sorted({read.case.group for read in reads})
    np.random.default_rng(seed).shuffle(groups)
    fold = {group: number % choice.n_inner for number, group in enumerate(groups)}
    rows = _Rows(task, choice, np.random.default_rng(seed + 1))
    for number in range(choice.n_inner):
        inside = {group for group in groups if fold[group] != number}
        part = _base(task, bank, [read for read in reads if read.case.group in inside], inside, choice)
        for read in reads:
            if read.case.group not in inside:
                rows.add(read, part, nearness.distances(read.vectors))
    weights, bias, floors, half = rows.head()
    base = _base(task, bank, reads, set(groups), choice)
    usual = base_rate(task, reads).astype(np.float32)
    head = Head(weights, bias, weights, bias, base.mean, base.mean_bias, floors, half, usual, (1.0, 0.0))
    return Fitted(base.task, base.lines, head), rows.sheet(floors, half)


@dataclass(frozen=True, slots=True)
class _Base:
    """The parts of a reader below its head; `task` carries the candidates as moved by the fitted map."""

    task: Task
    lines: LineModel
    mean: Array
    mean_bias: Array


def _base(task: Task, bank: Bank, reads: Sequence[Read], groups: set[str], choice: Choice) -> _Base:
    labels = [
        task.label(line) if line.group in groups or line.corpus == "generated" else "" for line in bank.lines
    ]
    kept = np.array([i for i, label in enumerate(labels) if label])
    weights = np.array([CORPUS_WEIGHT[bank.lines[i].corpus] for i in kept])
    lines = fit_lines(
        bank.vectors[kept],
        bank.words[kept],
        [labels[i] for i in kept],
        weights,
        task.line_values,
        choice.strength,
    )
    if task.candidates is not None:
        return _moved(task, lines, bank, groups, choice)
    truths = [(read, read.case.truth[task.name]) for read in reads if task.name in read.case.truth]
    truths = [(read, truth) for read, truth in truths if task.value(truth.value)]
    means = np.array([_unit(read.vectors.sum(0)) for read, _ in truths])
    y = np.array([task.values.index(task.value(truth.value)) for _, truth in truths])
    weights = np.array([1.0 if truth.sure else PROFILE_WEIGHT for _, truth in truths])
    coef, bias = softmax_regression((means,), y, weights, len(task.values), choice.mean_strength)
    return _Base(task, lines, coef[0], bias)


def _moved(task: Task, lines: LineModel, bank: Bank, groups: set[str], choice: Choice) -> _Base:
    """Move the candidates by a map fitted on the telling lines of these people."""
    candidates = task.candidates
    assert candidates is not None
    telling = [
        (i, target)
        for i, line in enumerate(bank.lines)
        if line.group in groups and task.label(line) == task.line_values[0]
        for told in [
            next(line.label[name] for name in task.told_by if line.label.get(name, NOTHING) != NOTHING)
        ]
        if (target := task.target(told)) is not None
    ]
    sharpness = float(np.linalg.norm(candidates.vectors, axis=0).mean())
    units = candidates.vectors / sharpness
    vectors = bank.vectors[[i for i, _ in telling]]
    empty = replace(candidates, vectors=np.zeros_like(candidates.vectors))
    offset = np.log(empty.chances(vectors, [bank.lines[i].text for i, _ in telling]))
    change = fit_map(vectors, offset, np.array([t for _, t in telling]), units, sharpness, choice.map_penalty)
    moved = replace(candidates, vectors=(candidates.vectors + change @ candidates.vectors).astype(np.float32))
    return _Base(
        replace(task, candidates=moved), lines, moved.vectors, np.zeros(len(task.values), np.float32)
    )


def _unit(vector: Array) -> Array:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


class _Rows:
    """The head's training rows: people whole and in random parts, read by models that have not seen them."""

    def __init__(self, task: Task, choice: Choice, random: np.random.Generator) -> None:
        self.task, self.choice, self.random = task, choice, random
        self.pooled: list[Pooled] = []
        self.about: list[Array] = []
        self.truths: list[tuple[str, float]] = []
        self.sure: list[bool] = []
        self.groups: list[str] = []
        self.targets: list[Array] = []
        self.weights: list[float] = []

    def add(self, read: Read, base: _Base, distances: Array) -> None:
        truth = read.case.truth.get(self.task.name)
        target = self.task.target(truth.value) if truth else None
        if truth is None or target is None:
            return
        rows = rows_of(base.task, base.lines, read, distances)
        parts = [np.arange(len(rows.told)), *self._parts(len(rows.told))]
        weight = 1.0 if truth.sure else PROFILE_WEIGHT / 2
        for number, part in enumerate(parts):
            self.pooled.append(rows.pool(part))
            self.about.append(_unit(self.pooled[-1].vector) @ base.mean + base.mean_bias)
            self.truths.append((truth.value, truth.score))
            self.sure.append(truth.sure)
            self.groups.append(read.case.group)
            self.targets.append(target)
            self.weights.append(weight * (1.0 if number == 0 else self.choice.part_weight / (len(parts) - 1)))

    def _parts(self, n_lines: int) -> list[Array]:
        if n_lines < 3:
            return []
        sizes = np.exp(self.random.uniform(0, np.log(n_lines), self.choice.parts)).round().astype(int)
        return [self.random.choice(n_lines, size=max(1, size), replace=False) for size in sizes]

    def head(self) -> tuple[Array, Array, tuple[float, float], float]:
        """Return weights, bias, floors and half, chosen by log-loss."""
        pooled, about = stack(self.pooled), np.stack(self.about)
        best = None
        for floors in self.choice.floors:
            for half in self.choice.halves:
                fitted = self._fit(features(pooled, about, floors, half).astype(float))
                if best is None or fitted[2] < best[0]:
                    best = (fitted[2], fitted[0], fitted[1], floors, half)
        assert best is not None
        return best[1:]

    def _fit(self, table: Array, kept: Array | None = None) -> tuple[Array, Array, float]:
        rows = slice(None) if kept is None else kept
        targets, weights = np.stack(self.targets)[rows], np.array(self.weights)[rows]
        is_open = self.task.candidates is not None
        counts = (targets * weights[:, None]).sum(0) + (0.05 if is_open else 0.2)
        prior = np.log(counts / counts.sum())
        return fit_head(HeadRows(table[rows], targets, weights), prior, pull=20.0 if is_open else 1.0)

    def sheet(self, floors: tuple[float, float], half: float) -> Sheet:
        """Return what heads that were fitted without each person say of them."""
        pooled, about = stack(self.pooled), np.stack(self.about)
        table = features(pooled, about, floors, half).astype(float)
        groups = sorted(set(self.groups))
        self.random.shuffle(groups)
        fold = {group: number % HEAD_FOLDS for number, group in enumerate(groups)}
        folds = np.array([fold[group] for group in self.groups])
        chances = np.zeros(table.shape[:2])
        for number in range(HEAD_FOLDS):
            out = folds == number
            weights, bias, _ = self._fit(table, ~out)
            chances[out] = softmax(table[out] @ weights + bias)
        right = np.stack(self.targets) > 0
        logs = np.log(np.maximum(chances, TINY))
        return Sheet(
            pooled, about, logs, right, np.array(self.weights), tuple(self.truths), np.array(self.sure)
        )


def stack(pooled: Sequence[Pooled]) -> Pooled:
    """Return the pooled sums of several people as one, with a leading axis."""
    names = ("told", "second", "vector", "lines", "words", "distance", "log_words")
    return Pooled(*(np.stack([getattr(each, name) for each in pooled]) for name in names))


def outcome(task: Task, chances: Array, truth: str, score: float) -> tuple[float, bool]:
    """Return the probability of the first guess and whether it is right."""
    first = guesses_of(attribute(task.name), task.values, chances)[0]
    return first.probability, match(task.name, first.value, truth, truth_score=score) == 1.0


def _fit_far(near: Sequence[Fitted], away: Sequence[Read]) -> list[Fitted]:
    """Give every reader its far head: shared weights from the closed attributes, a share of the base rate as bias.

    Each collection counts the same for an attribute. The open attributes have no truth there: their near weights are scaled
    down by as much as the closed ones' are.
    """
    closed = [each for each in near if each.task.candidates is None]
    tables = {each.task.name: table for each in closed if (table := _away_rows(each, away)) is not None}
    bases = [FAR_BASE * each.head.base for each in closed if each.task.name in tables]
    shared, _, _ = fit_heads(list(tables.values()), bases, pull=np.inf)
    shrink = min(1.0, float(shared[:2].sum() / np.mean([each.head.weights[:2].sum() for each in closed])))
    return [
        replace(
            each,
            head=replace(
                each.head,
                far_weights=shared
                if each.task.candidates is None
                else each.head.weights * np.float32(shrink),
                far_bias=np.float32(FAR_BASE) * each.head.base,
            ),
        )
        for each in near
    ]


def _away_rows(fitted: Fitted, away: Sequence[Read]) -> HeadRows | None:
    known = [
        (read, target)
        for read in away
        if (truth := read.case.truth.get(fitted.task.name)) is not None and truth.sure
        if (target := fitted.task.target(truth.value)) is not None
    ]
    if not known:
        return None
    pooled = stack([fitted.rows(read).pool() for read, _ in known])
    sizes: dict[str, int] = {}
    for read, _ in known:
        sizes[read.case.corpus] = sizes.get(read.case.corpus, 0) + 1
    weights = np.array([100.0 / sizes[read.case.corpus] for read, _ in known])
    head = fitted.head
    table = features(pooled, head.about(unit_of(pooled.vector)), head.floors, head.half).astype(float)
    return HeadRows(table, np.stack([target for _, target in known]), weights)


def _fit_sharpness(near: Near, fitted: Sequence[Fitted]) -> list[Fitted]:
    """Give every reader how sure it may be for the amount of text: shared by the closed attributes, and by the open ones."""
    found = {}
    for is_open in (False, True):
        told = [
            _told(near.nearness, each, sheet)
            for each, sheet in zip(fitted, near.sheets, strict=True)
            if (each.task.candidates is not None) == is_open
        ]
        found[is_open] = fit_sharpness(told)
    return [
        replace(each, head=replace(each.head, sharpness=found[each.task.candidates is not None]))
        for each in fitted
    ]


def _told(nearness: Nearness, fitted: Fitted, sheet: Sheet) -> Told:
    head, near = fitted.head, nearness.near(sheet.pooled)[:, None]
    table = features(sheet.pooled, sheet.about, head.floors, head.half)
    mixed = near * np.exp(sheet.logs) + (1 - near) * softmax(table @ head.far_weights + head.far_bias)
    amount = sheet.pooled.words / WORDS_A_LINE
    return Told(np.log(np.maximum(mixed, TINY)), head.base, amount, sheet.right, sheet.weights * sheet.sure)


def _bounds(model: Model, fitted: Fitted, sheet: Sheet, away: Sequence[Read]) -> tuple[float, float]:
    """Return the probabilities from which a claim is shown: of people like those of the fit, and of others."""
    told = _told(model.nearness, fitted, sheet)
    chances = sharpened(told.logs, told.base, told.amount, fitted.head.sharpness)
    near = (model.nearness.near(sheet.pooled) >= HALF) & (sheet.pooled.words >= FEW_WORDS)
    inside = [
        outcome(fitted.task, chances[row], *sheet.truths[row]) for row in np.flatnonzero(near & sheet.sure)
    ]
    outside = [
        outcome(fitted.task, model.chances(fitted, read), truth.value, truth.score)
        for read in away
        if (truth := read.case.truth.get(fitted.task.name)) is not None and truth.sure
        if not model.is_near(read)
    ]
    return shown_from(inside, 5, CAUTIOUS), shown_from(outside, FEW, NEVER)
