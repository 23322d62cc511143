"""The fitted file behind the inferred reader: `models/home/inferred.npz`, read on first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from personae.infer._lines import Lexicon
from personae.infer._scorer import Array, Head, softmax
from personae.models.encoder import HOME

FILE = HOME / "inferred.npz"


@dataclass(frozen=True, slots=True)
class Part:
    """What is fitted for one attribute.

    Parameters
    ----------
    values : tuple of str
        The values, or the candidates of an open attribute.
    columns : slice
        This attribute's columns of the line classifier: "nothing" first, then the values, or "telling" for candidates.
    candidates : ndarray of shape (384, n_values) or None
        What a telling line is compared with, for open attributes; None for closed ones.
    sharpness : float
        What similarities are multiplied by before the softmax over candidates.
    head : Head
    least : float
        A claim whose best guess is less likely than this abstains.
    """

    values: tuple[str, ...]
    columns: slice
    candidates: Array | None
    sharpness: float
    head: Head
    least: float


@dataclass(frozen=True, slots=True)
class HomeModel:
    """The whole file: one lexicon, one line classifier with columns for every attribute, and the parts."""

    version: str
    lexicon: Lexicon
    vectors: Array  # (384, n_columns)
    words: Array  # (n_words, n_columns)
    bias: Array  # (n_columns,)
    parts: dict[str, Part]

    def line_logits(self, vectors: Array, texts: tuple[str, ...]) -> Array:
        """Return logits of shape (n_lines, n_columns)."""
        logits: Array = vectors @ self.vectors + self.bias
        for row, text in enumerate(texts):
            places, weights = self.lexicon.weights(text)
            logits[row] += weights @ self.words[places]
        return logits

    def told(self, name: str, logits: Array, vectors: Array) -> Array:
        """Return what each line tells of an attribute, shape (n_lines, n_values)."""
        part = self.parts[name]
        chances = softmax(logits[:, part.columns])[:, 1:]
        if part.candidates is None:
            return chances
        return chances * softmax(part.sharpness * (vectors @ part.candidates))


@lru_cache(maxsize=2)
def home_model(file: Path = FILE) -> HomeModel:
    """Return the model that ships with the package."""
    with np.load(file) as stored:
        data = {name: stored[name] for name in stored.files}
    parts: dict[str, Part] = {}
    for name in (str(name) for name in data["attributes"]):
        first, last = (int(edge) for edge in data[f"{name}/columns"])
        floors = data[f"{name}/floors"]
        head = Head(
            data[f"{name}/weights"],
            data[f"{name}/bias"],
            data[f"{name}/mean"].astype(np.float32),
            data[f"{name}/mean_bias"],
            (float(floors[0]), float(floors[1])),
            float(data[f"{name}/half"]),
        )
        candidates = data.get(f"{name}/candidates")
        parts[name] = Part(
            tuple(str(value) for value in data[f"{name}/values"]),
            slice(first, last),
            None if candidates is None else candidates.astype(np.float32),
            float(data[f"{name}/sharpness"]),
            head,
            float(data[f"{name}/least"]),
        )
    return HomeModel(
        str(data["version"]),
        Lexicon([str(word) for word in data["lexicon"]], data["rarity"].astype(np.float32)),
        data["vectors"].astype(np.float32),
        data["words"].astype(np.float32),
        data["bias"].astype(np.float32),
        parts,
    )
