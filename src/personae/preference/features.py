"""What methods see of an item: vectors of its text, alone or together with its context."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from personae.models.encoder import Encoder
from personae.preference.comparisons import Array, Item

STYLE = (
    "closeness to the question", "thousand characters", "log characters", "question marks", "list items", "paragraphs",
    "ends a sentence", "first person", "declines", "letters a word",
)  # fmt: skip
MARKS = STYLE[3:]  # columns that `TextFeatures` adds after the closeness
_COUNTS = [STYLE.index(name) for name in ("question marks", "list items", "paragraphs", "first person")]

_LISTED = re.compile(r"(?m)^\s*(?:[-*•]|\d+[.)])\s")
_FIRST_PERSON = re.compile(r"\bI\b")
_DECLINES = re.compile(r"(?:I'm |I am )?sorry|I (?:don't|do not|can't|cannot)\b|As an? ", re.IGNORECASE)


def style_of(text: str) -> list[float]:
    """Return the marks of `STYLE`; the first, which needs vectors, is 0.

    >>> style_of("- Is it?")[3:6]
    [1.0, 1.0, 0.0]
    """
    words = text.split()
    return [
        0.0, len(text) / 1000, float(np.log1p(len(text))), float(text.count("?")), float(len(_LISTED.findall(text))),
        float(text.count("\n\n")), float(text.rstrip()[-1:] in tuple('.!?)"')), float(len(_FIRST_PERSON.findall(text))),
        float(_DECLINES.match(text) is not None), sum(map(len, words)) / max(1, len(words)),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class TextFeatures:
    """The sentence vector of an item's text; wrap the encoder in `CachedEncoder`, since texts are read in every call.

    Parameters
    ----------
    encoder : Encoder
    with_context : bool
        Also the products of the text's vector with the context's, so that what is liked may depend on what was asked.
    with_length : bool
        Also the logarithm of 1 + the text's length in characters.
    with_marks : bool
        Also the text's closeness to its context, and the marks of `MARKS`: counts as log(1 + count), letters a word by fives.
    """

    encoder: Encoder
    with_context: bool = False
    with_length: bool = False
    with_marks: bool = False

    def __call__(self, items: Sequence[Item]) -> Array:
        """Return vectors of shape (n_items, 384), (…, 768) with context, one more with length, then marks."""
        texts = self.encoder.encode([text for _, text in items]).astype(float)
        parts = [texts]
        if self.with_context or self.with_marks:
            products = texts * self.encoder.encode([context for context, _ in items])
        if self.with_context:
            parts.append(products)
        if self.with_length:
            parts.append(np.log1p([[len(text)] for _, text in items]))
        if self.with_marks:
            style = np.array([style_of(text) for _, text in items]).reshape(-1, len(STYLE))
            style[:, _COUNTS] = np.log1p(style[:, _COUNTS])
            style[:, -1] /= 5
            parts += [products.sum(axis=1, keepdims=True), style[:, -len(MARKS) :]]
        return np.hstack(parts)
