"""What methods see of an item: vectors of its text, alone or together with its context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from personae.models.encoder import Encoder
from personae.preference.comparisons import Array, Item


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
    """

    encoder: Encoder
    with_context: bool = False
    with_length: bool = False

    def __call__(self, items: Sequence[Item]) -> Array:
        """Return vectors of shape (n_items, 384), (…, 768) with context, one more with length."""
        texts = self.encoder.encode([text for _, text in items]).astype(float)
        parts = [texts]
        if self.with_context:
            parts.append(texts * self.encoder.encode([context for context, _ in items]))
        if self.with_length:
            parts.append(np.log1p([[len(text)] for _, text in items]))
        return np.hstack(parts)
