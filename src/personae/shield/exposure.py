"""What an attacker can tell before and after, and what is left of the text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from personae.infer.reader import Reader
from personae.metrics.overlap import rouge_l_all
from personae.models.encoder import Encoder
from personae.people.attributes import Attribute
from personae.people.matching import match
from personae.people.records import Claim, Guess, Person, Trace
from personae.report.shield import RISE

REACHED, OF_ANYBODY, UNREACHED = STATES = ("reached", "no surer than of anybody", "not reached")
SLACK = 0.1  # an exposure this near to that of an empty text tells little more than is known of anybody


@dataclass(frozen=True, slots=True)
class Exposure:
    """How sure the attacker is of one attribute, before and after.

    Parameters
    ----------
    attribute : str
    before, after : Guess
        The attacker's best guess and its probability; an empty value where it makes no guess.
    floor : float
        Probability of its best guess about a person without a text: nobody can be hidden better.
    target : float
        What was asked for.
    bound : float
        The exposure at which the shield stops: the target, or the floor and a margin where that is higher.
    kept : str
        What the text still says of the attribute in plain words, whatever the attacker guesses.
    """

    attribute: str
    before: Guess
    after: Guess
    floor: float
    target: float
    bound: float
    kept: str = ""

    @property
    def state(self) -> str:
        """One of `STATES`: at or below the target, within the margin of the floor, or neither."""
        if self.kept or self.after.probability > self.bound + 1e-9:
            return UNREACHED
        return REACHED if self.after.probability <= self.target + 1e-9 else OF_ANYBODY

    @property
    def reached(self) -> bool:
        """Whether the attacker is no surer than the target, and no plain words tell it."""
        return self.state == REACHED

    @property
    def raised(self) -> bool:
        """Whether the attacker is surer after than before."""
        return self.after.probability - self.before.probability > RISE

    @property
    def margin(self) -> float:
        """How far above the floor the shield stops; 0 where the target is higher than that."""
        return self.bound - self.floor if self.bound > self.target else 0.0

    def as_json(self) -> dict[str, object]:
        return {
            "attribute": self.attribute,
            "before": _guess(self.before),
            "after": _guess(self.after),
            "floor": round(self.floor, 4),
            "target": self.target,
            "margin": round(self.margin, 4),
            "reached": self.reached,
            "state": self.state,
            "raised": self.raised,
            "kept": self.kept,
        }


@dataclass(frozen=True, slots=True)
class Utility:
    """What is left of a person's own lines, each in [0, 1].

    `words_kept` is the share of words that still stand, in their order; `rouge_l` its F1 with the words that were put in;
    `cosine` the mean similarity of each line's vector to what it was, a line counting by its words; a line that is gone counts 0.
    """

    words_kept: float
    rouge_l: float
    cosine: float

    def as_json(self) -> dict[str, float]:
        return {
            "words_kept": round(self.words_kept, 4),
            "rouge_l": round(self.rouge_l, 4),
            "cosine": round(self.cosine, 4),
        }


def exposed(
    claims: Sequence[Claim], attributes: Sequence[Attribute], truth: Mapping[str, str] | None = None
) -> dict[str, Guess]:
    """Return the surest guess about each attribute among the claims that hold, abstained ones included.

    Of an attribute whose truth is given, it is the truth with the probability that the attacker gives it.
    """
    best = {attribute.name: Guess((truth or {}).get(attribute.name, ""), 0.0) for attribute in attributes}
    for claim in claims:
        if claim.superseded_by or claim.attribute not in best or claim.best is None:
            continue
        known = (truth or {}).get(claim.attribute)
        guess = claim.best if known is None else Guess(known, _given(claim, known))
        best[claim.attribute] = max(best[claim.attribute], guess, key=lambda guess: guess.probability)
    return best


def _given(claim: Claim, truth: str) -> float:
    """Return the probability of the guesses that are right."""
    right = (
        guess.probability for guess in claim.guesses if match(claim.attribute, guess.value, truth) == 1.0
    )
    return min(1.0, sum(right))


def floors(
    reader: Reader, person: str, attributes: Sequence[Attribute], truth: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Return how sure the reader is about a person of whom it has read nothing."""
    claims = reader.read(Person(person), attributes)
    return {name: guess.probability for name, guess in exposed(claims, attributes, truth).items()}


def utility_of(before: Sequence[Trace], after: Sequence[Trace], encoder: Encoder) -> Utility:
    """Compare a person's own lines with what they were, pair by pair; only changed lines are encoded."""
    pairs = [
        (a.text, b.text) for a, b in zip(before, after, strict=True) if a.role == "self" and a.text.strip()
    ]
    kept = rouge_l_all([a for a, _ in pairs], [b for _, b in pairs])
    changed = [(a, b) for a, b in pairs if a != b]
    one = encoder.encode([a for a, _ in changed])
    other = encoder.encode([b for _, b in changed])
    cosines = np.clip((one * other).sum(axis=1), 0.0, 1.0)
    weights = np.array([len(a.split()) for a, _ in changed], dtype=float)
    total = sum(len(a.split()) for a, _ in pairs)
    lost = float((weights * (1.0 - cosines)).sum()) / total if total else 0.0
    return Utility(kept.recall, kept.f1, 1.0 - lost)


def log_odds(probability: float) -> float:
    """Return ln(p / (1 - p)), p kept off 0 and 1."""
    p = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))


def over(exposure: Mapping[str, Guess], bounds: Mapping[str, float]) -> dict[str, float]:
    """Return by how much, in log-odds, each attribute is above its bound; those below are left out."""
    return {
        name: log_odds(guess.probability) - log_odds(bounds[name])
        for name, guess in exposure.items()
        if guess.probability > bounds[name] + 1e-9
    }


def _guess(guess: Guess) -> dict[str, object]:
    return {"value": guess.value, "probability": round(guess.probability, 4)}
