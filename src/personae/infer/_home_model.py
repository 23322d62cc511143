"""The fitted file behind the inferred reader: `models/home/inferred.npz`, read on first use."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.infer._lines import Lexicon, words_of
from personae.infer._scorer import Array, Head, Mass, Nearness, Pooled, softmax, turned_out, unit_of
from personae.metrics.recalibration import Isotonic
from personae.models.encoder import HOME
from personae.people.records import Guess

FILE = HOME / "inferred.npz"
FEW_WORDS = 60.0  # below which no guess is shown: 16 of 21 sure ones were right then, 277 of 310 from more (training people)
UNCHANGED = np.array([1.0, 1e-6])  # the sharpness that leaves probabilities as they are
ENDS = np.array([0.0, 1.0])  # outcomes that leave probabilities as they are
HALF = 0.5  # how near a person must be to count as one of those whom the model was fitted on


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What a telling line of an open attribute is compared with.

    Parameters
    ----------
    vectors : ndarray of shape (384, n_values)
        A line's logits are its vector times these, plus the cues that it names.
    cues : dict of str to (value numbers, weights)
        Words and pairs of words that speak for values.
    kin : ndarray of shape (n_values,) or None
        For places, the number of the country: what is told of one place counts for its country too.
    """

    vectors: Array
    cues: dict[str, tuple[NDArray[np.intp], Array]]
    kin: NDArray[np.intp] | None

    def chances(self, vectors: Array, texts: Sequence[str]) -> Array:
        """Return probabilities of shape (n_lines, n_values), for lines that are known to tell."""
        logits = vectors @ self.vectors
        for row, text in enumerate(texts):
            for term in dict.fromkeys([term for term in words_of(text) if term in self.cues]):
                values, weights = self.cues[term]
                logits[row, values] += weights
        return softmax(logits)

    def of_kin(self, told: Array) -> Array:
        """Return for each value what is told of all values of its kin, shape (n_lines, n_values)."""
        if self.kin is None:
            return told**2
        sums = np.zeros((len(told), int(self.kin.max()) + 1), dtype=np.float32)
        np.add.at(sums.T, self.kin, told.T)
        together: Array = sums[:, self.kin]
        return together


@dataclass(frozen=True, slots=True)
class Part:
    """What is fitted for one attribute.

    Parameters
    ----------
    values : tuple of str
        The values, or the candidates of an open attribute.
    columns : slice
        This attribute's columns of the line classifier: "nothing" first, then the values, or "telling" for candidates.
    candidates : Candidates or None
        For open attributes.
    head : Head
    least, far_least : float
        A claim whose best guess is less likely than this abstains, for people who write like those of the fit and for the
        others; infinite where too few others were there to measure it.
    """

    values: tuple[str, ...]
    columns: slice
    candidates: Candidates | None
    head: Head
    least: float
    far_least: float


@dataclass(frozen=True, slots=True)
class HomeModel:
    """The whole file: one lexicon, one line classifier with columns for every attribute, and the parts."""

    version: str
    lexicon: Lexicon
    vectors: Array  # (384, n_columns)
    words: Array  # (n_words, n_columns)
    bias: Array  # (n_columns,)
    nearness: Nearness
    parts: dict[str, Part]
    outcomes: Isotonic

    def line_logits(self, vectors: Array, texts: Sequence[str]) -> Array:
        """Return logits of shape (n_lines, n_columns)."""
        logits: Array = vectors @ self.vectors + self.bias
        for row, text in enumerate(texts):
            places, weights = self.lexicon.weights(text)
            logits[row] += weights @ self.words[places]
        return logits

    def compared(self, names: Sequence[str], vectors: Array, texts: Sequence[str]) -> dict[Candidates, Array]:
        """Return what a telling line would tell among the candidates of these attributes, those of several read once."""
        asked = dict.fromkeys(self.parts[name].candidates for name in names)
        return {each: each.chances(vectors, texts) for each in asked if each is not None}

    def told(self, name: str, logits: Array, compared: Mapping[Candidates, Array]) -> tuple[Array, Array]:
        """Return what each line tells of an attribute: `told` and `second` of `Rows`."""
        part = self.parts[name]
        told = softmax(logits[:, part.columns])[:, 1:]
        if part.candidates is None:
            return told, told**2
        told = told * compared[part.candidates]
        return told, part.candidates.of_kin(told)

    def mass(self, pooled: Pooled) -> Mass:
        """Return what all attributes share of pooled lines."""
        return Mass(pooled, self.nearness.near(pooled), unit_of(pooled.vector))

    def chances(self, name: str, mass: Mass, told: Array, second: Array) -> Array:
        """Return probabilities of shape (..., n_values) from what the lines tell of the attribute, summed."""
        return self.parts[name].head.chances(mass.telling(told, second), mass.near, mass.unit)

    def turned_out(self, guesses: tuple[Guess, ...], mass: Mass) -> tuple[Guess, ...]:
        """Return the guesses with the share that such guesses turned out right; see `_scorer.turned_out`."""
        return turned_out(guesses, self.outcomes, float(mass.near))

    def least(self, name: str, mass: Mass) -> float:
        """Return the probability below which a claim about one person abstains."""
        part = self.parts[name]
        return least_of(float(mass.near), float(mass.pooled.words), part.least, part.far_least)


def least_of(near: float, words: float, least: float, far_least: float) -> float:
    """Return which bound holds for one person: theirs who write like the fit, the others', or none for a few words."""
    if words < FEW_WORDS:
        return math.inf
    return least if near >= HALF else far_least


def word_counts(texts: Sequence[str]) -> Array:
    """Return the number of words of each text, at least one."""
    return np.array([max(1, len(text.split())) for text in texts], dtype=np.float32)


@lru_cache(maxsize=2)
def home_model(file: Path = FILE) -> HomeModel:
    """Return the model that ships with the package."""
    with np.load(file) as stored:
        data = {name: stored[name] for name in stored.files}
    center, whiten, usual, between, within = (
        data[f"near/{name}"].astype(np.float32) for name in ("center", "whiten", "usual", "between", "within")
    )
    bound, slope = float(data["near/bound"]), float(data["near/slope"])
    nearness = Nearness(center, whiten, usual, between, within, bound, slope)
    known: dict[bytes, Candidates] = {}
    return HomeModel(
        str(data["version"]),
        Lexicon([str(word) for word in data["lexicon"]], data["rarity"].astype(np.float32)),
        data["vectors"].astype(np.float32),
        data["words"].astype(np.float32),
        data["bias"].astype(np.float32),
        nearness,
        {str(name): _part(data, str(name), known) for name in data["attributes"]},
        Isotonic(data.get("outcomes/said", ENDS), data.get("outcomes/right", ENDS)),
    )


def _part(data: dict[str, NDArray[Any]], name: str, known: dict[bytes, Candidates]) -> Part:
    """Return one attribute's part; a file of version 2 has the mixture as it is, and one bound for all."""

    def array(key: str) -> Array:
        return data[f"{name}/{key}"].astype(np.float32)

    first, last = (int(edge) for edge in data[f"{name}/columns"])
    floors, sharpness = array("floors"), data.get(f"{name}/sharpness", UNCHANGED)
    base, far_least = (
        data.get(f"{name}/base", array("far_bias")),
        data.get(f"{name}/far_least", data[f"{name}/least"]),
    )
    head = Head(
        array("weights"), array("bias"), array("far_weights"), array("far_bias"), array("mean"), array("mean_bias"),
        (float(floors[0]), float(floors[1])), float(data[f"{name}/half"]), base.astype(np.float32),
        (float(sharpness[0]), float(sharpness[1])),
    )  # fmt: skip
    values = tuple(str(value) for value in data[f"{name}/values"])
    return Part(
        values,
        slice(first, last),
        _candidates(data, name, known),
        head,
        float(data[f"{name}/least"]),
        float(far_least),
    )


def _candidates(
    data: dict[str, NDArray[Any]], name: str, known: dict[bytes, Candidates]
) -> Candidates | None:
    """Return an attribute's candidates, None where it has none; the same object where an earlier one has the same."""
    if f"{name}/candidates" not in data:
        return None
    keys = ("candidates", "cues", "cue_edges", "cue_values", "cue_weights", "kin")
    whole = b"".join(data[f"{name}/{key}"].tobytes() for key in keys if f"{name}/{key}" in data)
    if whole in known:
        return known[whole]
    edges, values = data[f"{name}/cue_edges"], data[f"{name}/cue_values"]
    weights = data[f"{name}/cue_weights"].astype(np.float32)
    cues = {
        str(term): (values[first:last], weights[first:last])
        for term, first, last in zip(data[f"{name}/cues"], edges, edges[1:], strict=False)
    }
    kin = data.get(f"{name}/kin")
    known[whole] = Candidates(data[f"{name}/candidates"].astype(np.float32), cues, kin)
    return known[whole]
