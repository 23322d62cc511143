"""Texts as the mean of their words' vectors: a cheap second reading of many texts that share their words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from personae.models.encoder import DIMENSIONS, Encoder

_WORD = re.compile(r"[^\W\d_]+")


class WordEncoder:
    """Encode a text as the mean of the vectors of its words, each word encoded alone and only once.

    Parameters
    ----------
    encoder : Encoder
        Reads the words.
    words : sequence of str
        Lower case, see `common_words`; other words and all numbers are passed over.

    Notes
    -----
    What words a text has is kept, their order is not. A thousand words take an encoder as long as some hundred texts.

    Examples
    --------
    >>> from personae.models.encoder import home_encoder
    >>> encoder = WordEncoder(home_encoder(), ["dog", "walk", "tax"])
    >>> first, again, other = encoder.encode(["My dog: a walk?", "Walk, dog, 3 times", "The tax"])
    >>> bool(first @ again > 0.999 > first @ other)
    True
    """

    def __init__(self, encoder: Encoder, words: Sequence[str]) -> None:
        self.encoder = encoder
        self.words = tuple(words)
        self.name = f"{encoder.name}, {len(self.words)} words"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 vectors of shape (n_texts, 384), unit length; a text without a known word gives a zero vector."""
        vectors = dict(zip(self.words, self.encoder.encode(self.words), strict=True))
        means = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in enumerate(texts):
            known = [vectors[word] for word in _WORD.findall(text.lower()) if word in vectors]
            if known:
                means[row] = np.mean(known, axis=0)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        return np.asarray(means / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def common_words(texts: Iterable[str], most: int) -> tuple[str, ...]:
    """Return the commonest words of some texts, at most so many, in lower case; numbers are none.

    >>> common_words(["A dog and a dog", "a cat, 2 cats"], 2)
    ('a', 'dog')
    """
    counts = Counter(word for text in texts for word in _WORD.findall(text.lower()))
    return tuple(sorted(counts, key=lambda word: (-counts[word], word))[:most])
