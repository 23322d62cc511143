"""Texts to unit vectors: the encoder that ships with the package, and a cache that encodes each text once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 384


class Encoder(Protocol):
    """Texts in, unit vectors out."""

    name: str

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 vectors of shape (n_texts, n_dimensions), unit length; an empty text gives a zero vector."""
