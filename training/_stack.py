"""How one attribute's reader is fitted: a classifier of lines, one of mean vectors, and a head over both from inner folds.

Everything a person's probabilities rest on is fitted without that person: the line and mean classifiers of an inner fold give
the head its training rows, and the head sees each person whole and in random parts, so that it learns how much few lines tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse as sparse
from scipy.optimize import minimize

from _corpora import Case
from personae.infer._lines import Lexicon, terms
from personae.infer._scorer import Head, Pooled, softmax
from personae.people.matching import match

Array = np.ndarray
NOTHING = "nothing"
CORPUS_WEIGHT = {
    "synthpai": 1.0,
    "generated": 1.0,
    "prism": 0.3,
    "llmprivacy": 0.2,
}  # of a line, chosen by inner folds
PROFILE_WEIGHT = 0.2  # of a person whose text need not tell the attribute, beside one whose text does


@dataclass(frozen=True, slots=True)
class Line:
    """One line with what it tells: `label` maps an attribute to a value, or to NOTHING."""

    text: str
    group: str
    corpus: str
    label: dict[str, str]


@dataclass(frozen=True, slots=True)
class Read:
    """A case made ready: vectors (n_lines, 384) and lexical weights (n_lines, n_words), one row a line."""

    case: Case
    vectors: Array
    words: sparse.csr_matrix


@dataclass(frozen=True, slots=True)
class LineModel:
    """Multinomial logistic regression of a line over NOTHING and the values."""

    vectors: Array  # (384, 1 + n_values)
    words: Array  # (n_words, 1 + n_values)
    bias: Array  # (1 + n_values,)

    def told(self, vectors: Array, words: sparse.csr_matrix) -> Array:
        return softmax(np.asarray(vectors @ self.vectors + words @ self.words + self.bias))[:, 1:]


def lexicon(texts: Iterable[str], least: int = 2) -> Lexicon:
    """Return the words and pairs that at least `least` lines have."""
    counts: Counter[str] = Counter()
    n_texts = 0
    for text in texts:
        counts.update({term for term, _, _ in terms(text)})
        n_texts += 1
    words = sorted(word for word, n in counts.items() if n >= least)
    rarity = np.array([np.log((1 + n_texts) / (1 + counts[word])) + 1 for word in words], dtype=np.float32)
    return Lexicon(words, rarity)


def word_matrix(words: Lexicon, texts: Sequence[str]) -> sparse.csr_matrix:
    """Return lexical weights of shape (n_texts, n_words)."""
    rows = [words.weights(text) for text in texts]
    starts = np.cumsum([0, *(len(places) for places, _ in rows)])
    places = np.concatenate([places for places, _ in rows]) if rows else np.zeros(0, int)
    weights = np.concatenate([weights for _, weights in rows]) if rows else np.zeros(0, np.float32)
    return sparse.csr_matrix(
        (weights, places, starts), shape=(len(texts), len(words.places)), dtype=np.float32
    )


def fit_lines(
    vectors: Array,
    words: sparse.csr_matrix,
    labels: Sequence[str],
    weights: Array,
    values: Sequence[str],
    strength: float,
) -> LineModel:
    """Fit the line classifier; `strength` is the inverse of the L2 penalty, as in scikit-learn's C."""
    classes = (NOTHING, *values)
    y = np.array([classes.index(label) for label in labels])
    coef, bias = _softmax_regression((vectors, words), y, weights, len(classes), strength)
    return LineModel(coef[0], coef[1], bias)


def fit_mean(vectors: Array, y: Array, weights: Array, n_values: int, strength: float) -> tuple[Array, Array]:
    """Fit the classifier of unit mean vectors; returns (384, n_values) and (n_values,)."""
    coef, bias = _softmax_regression((vectors,), y, weights, n_values, strength)
    return coef[0], bias


def _softmax_regression(
    blocks: tuple[Array | sparse.csr_matrix, ...], y: Array, weights: Array, n_classes: int, strength: float
) -> tuple[list[Array], Array]:
    """Minimise weighted cross-entropy + |coef|^2 / (2 strength) by L-BFGS; the bias of a class without rows is held low."""
    widths = [block.shape[1] for block in blocks]
    edges = np.cumsum([0, *widths]) * n_classes
    target = np.zeros((len(y), n_classes), dtype=np.float32)
    target[np.arange(len(y)), y] = 1.0
    absent = np.bincount(y, minlength=n_classes) == 0
    column = weights.astype(np.float32)[:, None]
    backs = [block.T.tocsr() if sparse.issparse(block) else block.T for block in blocks]

    def loss(flat: Array) -> tuple[float, Array]:
        coefs = [flat[a:b].reshape(-1, n_classes).astype(np.float32) for a, b in pairwise(edges)]
        bias = np.where(absent, -8.0, flat[edges[-1] :])
        logits = sum(block @ coef for block, coef in zip(blocks, coefs, strict=True)) + bias.astype(
            np.float32
        )
        chance = softmax(logits)
        value = -float((column[:, 0] * np.log(np.maximum(chance[np.arange(len(y)), y], 1e-12))).sum())
        slope = (chance - target) * column
        inner = flat[: edges[-1]]
        gradient = [np.asarray(back @ slope).ravel() for back in backs]
        bias_slope = np.where(absent, 0.0, slope.sum(0))
        return value + float(inner @ inner) / (2 * strength), np.concatenate(
            [np.concatenate(gradient) + inner / strength, bias_slope]
        ).astype(float)

    found = minimize(
        loss, np.zeros(edges[-1] + n_classes), jac=True, method="L-BFGS-B", options={"maxiter": 80}
    )
    coefs = [found.x[a:b].reshape(-1, n_classes).astype(np.float32) for a, b in pairwise(edges)]
    return coefs, np.where(absent, -8.0, found.x[edges[-1] :]).astype(np.float32)


def fit_head(
    table: Array, targets: Array, weights: Array, prior: Array, *, pull: float = 1.0, hold: float = 1.0
) -> tuple[Array, Array, float]:
    """Fit the head's weights (not negative) and bias by weighted log-loss.

    Parameters
    ----------
    table : ndarray of shape (n_rows, n_values, n_features)
    targets : ndarray of shape (n_rows, n_values)
        Shares of the values that count as right.
    prior : ndarray of shape (n_values,)
        Where the bias is pulled to, by `pull` |bias - prior|^2; the weights are pulled to .3 by `hold`.

    Returns
    -------
    weights, bias, loss
    """
    n_features = table.shape[2]
    shares = weights / weights.mean()

    def loss(flat: Array) -> tuple[float, Array]:
        slopes, bias = flat[:n_features], flat[n_features:]
        chance = softmax(table @ slopes + bias)
        value = -float((shares * (targets * np.log(chance + 1e-12)).sum(1)).sum())
        miss = (chance * targets.sum(1, keepdims=True) - targets) * shares[:, None]
        value += pull * float(((bias - prior) ** 2).sum()) + hold * float(((slopes - 0.3) ** 2).sum())
        gradient = np.concatenate([np.einsum("nv,nvf->f", miss, table), miss.sum(0)])
        return value, gradient + np.concatenate([2 * hold * (slopes - 0.3), 2 * pull * (bias - prior)])

    bounds = [(0.0, None)] * n_features + [(None, None)] * len(prior)
    start = np.concatenate([np.full(n_features, 0.3), prior])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return found.x[:n_features].astype(np.float32), found.x[n_features:].astype(np.float32), float(found.fun)


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


@dataclass(frozen=True, slots=True)
class Choice:
    """What inner folds choose among for one attribute: floors of the logarithms, lines at half weight, penalties."""

    floors: tuple[tuple[float, float], ...] = ((0.03, 0.01), (0.03, 0.05), (0.1, 0.05), (0.3, 0.05))
    halves: tuple[float, ...] = (3.0, 10.0)
    strength: float = 10.0
    mean_strength: float = 30.0
    parts: int = 4
    part_weight: float = 0.3
    n_inner: int = 4


@dataclass(frozen=True, slots=True)
class Task:
    """One attribute: its values, what a line is labelled with, and for open attributes the candidates' vectors."""

    name: str
    values: tuple[str, ...]
    line_values: tuple[str, ...]
    candidates: Array | None = None  # (384, n_values)
    sharpness: float = 20.0

    def label(self, value: str) -> str:
        """Return the label of a line that tells this value, "" where it has none."""
        if self.candidates is not None:
            return self.line_values[0]
        value = band(value) if self.name == "age" else value
        return value if value in self.values else ""

    def target(self, value: str) -> Array | None:
        """Return the shares of the values that count as right, None where none does."""
        if self.name == "age":
            value = band(value)
        same = np.array([float(value == other) for other in self.values])
        if self.candidates is not None:
            same = np.array([float(match(self.name, other, value) == 1.0) for other in self.values])
        return same / same.sum() if same.sum() else None

    def told(self, model: LineModel, read: Read) -> Array:
        chances = model.told(read.vectors, read.words)
        if self.candidates is None:
            return chances
        return chances * softmax(self.sharpness * (read.vectors @ self.candidates))


@dataclass(frozen=True, slots=True)
class Fitted:
    """One attribute's fitted reader."""

    task: Task
    lines: LineModel
    head: Head

    def chances(self, read: Read) -> Array:
        told = self.task.told(self.lines, read)
        pooled = Pooled(told.sum(0), (told**2).sum(0), read.vectors.sum(0), np.float32(len(told)))
        return softmax(self.head.logits(pooled))


@dataclass(frozen=True, slots=True)
class Bank:
    """Labelled lines with their vectors and lexical weights, row by row."""

    lines: list[Line]
    vectors: Array
    words: sparse.csr_matrix


def fit(task: Task, bank: Bank, reads: Sequence[Read], choice: Choice, seed: int) -> Fitted:
    """Fit one attribute on these people; lines of other people in the bank are left out."""
    groups = sorted({read.case.group for read in reads})
    np.random.default_rng(seed).shuffle(groups)
    fold = {group: number % choice.n_inner for number, group in enumerate(groups)}
    rows = _Rows(task, choice, np.random.default_rng(seed + 1))
    for number in range(choice.n_inner):
        inside = {group for group in groups if fold[group] != number}
        lines, mean, bias = _base(
            task, bank, [read for read in reads if read.case.group in inside], inside, choice
        )
        for read in reads:
            if read.case.group not in inside:
                rows.add(read, lines, mean, bias)
    weights, head_bias, floors, half = rows.head()
    lines, mean, bias = _base(task, bank, reads, set(groups), choice)
    return Fitted(task, lines, Head(weights, head_bias, mean, bias, floors, half))


def _base(
    task: Task, bank: Bank, reads: Sequence[Read], groups: set[str], choice: Choice
) -> tuple[LineModel, Array, Array]:
    labels = [
        line.label.get(task.name, "") if line.group in groups or line.corpus in {"generated", "prism"} else ""
        for line in bank.lines
    ]
    labels = [NOTHING if label == NOTHING else label and task.label(label) for label in labels]
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
        return lines, task.sharpness / 2 * task.candidates, np.zeros(len(task.values), np.float32)
    rows = [(read, _weight(read, task.name)) for read in reads if task.name in read.case.truth]
    rows = [(read, weight) for read, weight in rows if task.label(read.case.truth[task.name].value)]
    means = np.array([_unit(read.vectors.sum(0)) for read, _ in rows])
    y = np.array([task.values.index(task.label(read.case.truth[task.name].value)) for read, _ in rows])
    mean, bias = fit_mean(means, y, np.array([w for _, w in rows]), len(task.values), choice.mean_strength)
    return lines, mean, bias


def _weight(read: Read, name: str) -> float:
    return (1.0 if read.case.truth[name].sure else PROFILE_WEIGHT) * CORPUS_WEIGHT[read.case.corpus]


def _unit(vector: Array) -> Array:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


class _Rows:
    """The head's training rows: people whole and in random parts, read by models that have not seen them."""

    def __init__(self, task: Task, choice: Choice, random: np.random.Generator) -> None:
        self.task, self.choice, self.random = task, choice, random
        self.pooled: list[Pooled] = []
        self.about: list[Array] = []
        self.targets: list[Array] = []
        self.weights: list[float] = []

    def add(self, read: Read, lines: LineModel, mean: Array, bias: Array) -> None:
        truth = read.case.truth.get(self.task.name)
        target = self.task.target(truth.value) if truth else None
        if truth is None or target is None:
            return
        told = self.task.told(lines, read)
        parts = [np.arange(len(told)), *self._parts(len(told))]
        weight = (1.0 if truth.sure else PROFILE_WEIGHT / 2) * CORPUS_WEIGHT[read.case.corpus]
        for number, part in enumerate(parts):
            vector = read.vectors[part].sum(0)
            self.pooled.append(
                Pooled(told[part].sum(0), (told[part] ** 2).sum(0), vector, np.float32(len(part)))
            )
            self.about.append(_unit(vector) @ mean + bias)
            self.targets.append(target)
            self.weights.append(weight * (1.0 if number == 0 else self.choice.part_weight / (len(parts) - 1)))

    def _parts(self, n_lines: int) -> list[Array]:
        if n_lines < 3:
            return []
        sizes = np.exp(self.random.uniform(0, np.log(n_lines), self.choice.parts)).round().astype(int)
        return [self.random.choice(n_lines, size=max(1, size), replace=False) for size in sizes]

    def head(self) -> tuple[Array, Array, tuple[float, float], float]:
        told, squared = (np.stack([getattr(p, side) for p in self.pooled]) for side in ("told", "squared"))
        n_lines = np.array([p.lines for p in self.pooled])
        targets, weights, about = np.stack(self.targets), np.array(self.weights), np.stack(self.about)
        counts = (targets * weights[:, None]).sum(0) + 0.2
        prior = np.log(counts / counts.sum())
        best = None
        for floors in self.choice.floors:
            for half in self.choice.halves:
                share = (n_lines / (n_lines + half))[:, None]
                table = np.stack(
                    [np.log(floors[0] + told), np.log(floors[1] + squared), share * about], axis=-1
                )
                fitted = fit_head(table.astype(float), targets, weights, prior)
                if best is None or fitted[2] < best[0]:
                    best = (fitted[2], fitted[0], fitted[1], floors, half)
        assert best is not None
        return best[1:]
