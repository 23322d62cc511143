"""The published profiles as parts, their vectors, and the measures over them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.models.encoder import Encoder
from personae.papers.harness import Context
from personae.synth.spectrum import Persona, mask

DATA = "spectrum"
Array = NDArray[np.float64]
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_TEMPERATURES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_PARTICLES = {"van", "der"}


@dataclass(frozen=True, slots=True)
class Profile:
    """One television character's profile; `P_personality` alone is kept apart for the cross-check."""

    persona: Persona
    character: str
    series: str
    personality: str


def profiles(context: Context) -> list[Profile]:
    """Return the profiles, the names of all characters masked."""
    rows = context.rows(DATA, "profiles.jsonl.gz")[: context.limit]
    names = names_of(rows)
    return [_profile(row, names) for row in rows]


def names_of(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return every first and last name of the characters."""
    return sorted({word for row in rows for word in row["character"].split() if word not in _PARTICLES})


def _profile(row: dict[str, Any], names: Sequence[str]) -> Profile:
    social = {key.split(" (")[0]: value for key, value in row["S"].items()}
    loves, hates = (", ".join(row[key]) for key in ("C_loves", "C_hates"))
    persona = Persona(
        str(row["id"]),
        {key: mask(value, names) for key, value in social.items()},
        tuple(mask(row[key], names) for key in ("P_personality", "P_value")),
        tuple(mask(text, names) for text in (row["C_routine"], f"I love {loves}.", f"I hate {hates}.")),
        "published",
    )
    return Profile(persona, row["character"], row["series"], persona.personal[0])


def vectors(texts: Sequence[str], encoder: Encoder) -> Array:
    """Return one vector a text: its sentences' mean, centered over the texts, unit length; shape (n_texts, 384)."""
    pieces = [[piece for piece in _SENTENCE.split(text) if piece.strip()] for text in texts]
    encoded = encoder.encode([piece for own in pieces for piece in own])
    ends = np.cumsum([len(own) for own in pieces])[:-1]
    return centered(np.stack([own.mean(axis=0) for own in np.split(encoded, ends)]).astype(float))


def centered(table: Array) -> Array:
    """Return rows less the mean row, at unit length: what tells a text from the others."""
    apart = table - table.mean(axis=0)
    return np.asarray(apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-12))


def ranks_of_own(similarity: Array) -> NDArray[np.int64]:
    """Return how many others are more similar than the own one, by row; 0 is best."""
    own = np.diag(similarity)
    return np.asarray((similarity > own[:, None]).sum(axis=1))


def information_bits(similarity: Array) -> Array:
    """Return each row's bits about which column is its own, in a lower bound of the mutual information.

    Notes
    -----
    log2 n + log2 softmax(similarity / temperature)[own] (van den Oord et al. 2018, arXiv 1807.03748, equation 5); the
    temperature of each row is the best one for the other rows. Below 0 where similarity misleads.
    """
    n = len(similarity)
    table = []
    for temperature in _TEMPERATURES:
        scaled = similarity / temperature
        top = scaled.max(axis=1, keepdims=True)
        total = np.log(np.exp(scaled - top).sum(axis=1)) + top[:, 0]
        table.append((np.log(n) + np.diag(scaled) - total) / np.log(2))
    bits = np.stack(table)  # (n_temperatures, n)
    others = bits.sum(axis=1, keepdims=True) - bits
    return np.asarray(bits[others.argmax(axis=0), np.arange(n)])
