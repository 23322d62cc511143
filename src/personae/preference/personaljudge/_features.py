"""What a judge without a language model sees of two answers: always a minus b, so that swapping them changes the sign alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.metrics.directions import main_directions
from personae.models.encoder import Encoder
from personae.people.records import Preference
from personae.preference.features import STYLE, style_of

LOG_LENGTH = STYLE.index("log characters")
FEWEST = 20  # training pairs that a persona's sentence must stand in to have a weight

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """n pairs of answers, a minus b: `style` (n, len(STYLE)), `vectors` (n, 384), and each person's persona as sentences."""

    style: Array
    vectors: Array
    personas: tuple[frozenset[str], ...]

    def rows(self, kept: NDArray[np.bool_]) -> Pairs:
        personas = tuple(persona for persona, is_kept in zip(self.personas, kept, strict=True) if is_kept)
        return Pairs(self.style[kept], self.vectors[kept], personas)


@dataclass(frozen=True, slots=True)
class View:
    """How pairs become columns, learned on some of them: units of the style, main directions of the vectors, sentences.

    The last columns are log length times "the person's persona has this sentence": who wants longer answers than others.
    """

    style_scale: Array  # (len(STYLE),)
    directions: Array  # (384, n_directions), of root mean square 1 together
    sentences: tuple[str, ...]

    def columns(self, pairs: Pairs, embedding_weight: float) -> Array:
        """Return columns of shape (n_pairs, len(STYLE) + n_directions + n_sentences)."""
        style = pairs.style / self.style_scale
        has = np.array(
            [[each in persona for each in self.sentences] for persona in pairs.personas], dtype=float
        )
        by_persona = has.reshape(len(style), len(self.sentences)) * style[:, [LOG_LENGTH]]
        return np.hstack([style, pairs.vectors @ self.directions * embedding_weight, by_persona])


def view_of(pairs: Pairs, n_directions: int) -> View:
    """Learn a view from pairs."""
    scale = np.sqrt((pairs.style**2).mean(axis=0))
    axes = main_directions(pairs.vectors, n_directions, centered=False)
    spread = float(np.sqrt((pairs.vectors**2).mean())) or 1.0
    counts = Counter(sentence for persona in pairs.personas for sentence in persona)
    sentences = sorted(
        sentence for sentence, n in counts.items() if FEWEST <= n <= len(pairs.personas) - FEWEST
    )
    return View(np.where(scale > 0, scale, 1.0), axes / spread, tuple(sentences))


def read_pairs(
    preferences: Sequence[Preference], encoder: Encoder, profiles: Mapping[str, str] | None
) -> Pairs:
    """Return the pairs of some preferences; every text is encoded once."""
    texts = sorted({text for each in preferences for text in (each.context, each.a, each.b)})
    place = {text: i for i, text in enumerate(texts)}
    vectors = encoder.encode(texts).astype(float)
    style = np.array([style_of(text) for text in texts])
    question, a, b = (
        np.array([place[getattr(each, part)] for each in preferences]) for part in ("context", "a", "b")
    )
    style_gap = style[a] - style[b]
    style_gap[:, 0] = ((vectors[a] - vectors[b]) * vectors[question]).sum(axis=1)
    personas = tuple(_sentences((profiles or {}).get(each.person, "")) for each in preferences)
    return Pairs(style_gap, vectors[a] - vectors[b], personas)


def _sentences(persona: str) -> frozenset[str]:
    return frozenset(
        sentence.strip(" .") for sentence in _SENTENCE_END.split(persona) if sentence.strip(" .")
    )
