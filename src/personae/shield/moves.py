"""What to cut next: the words, then the sentence, then the line that an attacker's claim rests on, cheapest first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from personae.metrics.overlap import words_of
from personae.people.records import Claim, Evidence
from personae.shield._state import CUT, Key, State

SHARE = 0.05  # of a person's lines that are changed between two attacks, at most
LEAST_BATCH = 3
_SENTENCE = re.compile(r"[^.!?…\n]*(?:[.!?…]+[\"'”’)\]]*|\n|\Z)\s*")


@dataclass(frozen=True, slots=True)
class Move:
    """Spans of one trace, as it reads now, that may go: what it costs in words, and by how much the attacker's score may fall."""

    key: Key
    spans: tuple[tuple[int, int], ...]
    attribute: str
    stage: int
    words: int
    fall: float

    @property
    def worth(self) -> float:
        return self.fall / self.words


class Plan:
    """Chooses moves by the attacker's own attribution, and remembers what was tried where.

    A trace that is named as evidence again after its telling words were cut loses the sentence, and after that the rest.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.tried: Counter[tuple[Key, str]] = Counter()
        self.by_id = {(trace.id, trace.where): key for key, trace in state.by_key.items()}

    def make(self, claims: Sequence[Claim], excess: Mapping[str, float], bounds: Mapping[str, float]) -> int:
        """Cut the best few; return how many, 0 when the claims name nothing more to cut.

        As many are cut as the attribution says are needed for each attribute, and no more than a share of the lines.
        """
        most = max(LEAST_BATCH, round(SHARE * len(self.state.own)))
        needed, changed = dict(excess), set()
        for move in sorted(self._moves(claims, excess), key=lambda move: -move.worth):
            if len(changed) == most or (needed.get(move.attribute, 0.0) <= 0.0 and changed):
                continue
            if move.key in changed:
                continue
            for start, end in reversed(move.spans):
                self.state.put(
                    move.key,
                    (start, end),
                    CUT if move.stage == 0 else "",
                    "drop" if move.stage else "cut",
                    move.attribute,
                )  # noqa: E501
            self.tried[move.key, move.attribute] = move.stage + 1
            needed[move.attribute] -= move.fall
            changed.add(move.key)
        return len(changed)

    def _moves(self, claims: Sequence[Claim], excess: Mapping[str, float]) -> Iterator[Move]:
        for claim in claims:
            if claim.attribute not in excess or claim.superseded_by or not claim.guesses:
                continue
            for evidence in claim.evidence:
                key = self.by_id.get((evidence.trace, evidence.where))
                if key is not None and self.state.text(key).strip():
                    yield from self._for(key, claim, evidence, excess[claim.attribute])

    def _for(self, key: Key, claim: Claim, evidence: Evidence, excess: float) -> Iterator[Move]:
        text = self.state.text(key)
        stage = self.tried[key, claim.attribute]
        spans = tuple((a, b) for a, b in evidence.spans if words_of(text[a:b])) if stage == 0 else ()
        if stage == 0 and not spans:
            stage = 1
        if stage == 1:
            spans = _sentences(text, evidence.spans)
        if stage >= 2 or (stage == 1 and not spans):
            stage, spans = 2, ((0, len(text)),)
        words = sum(len(words_of(text[a:b])) for a, b in spans)
        if words:
            share = (0.7, 0.9, 1.0)[
                stage
            ]  # of the line's weight that its words, or its sentence, are taken to carry
            yield Move(
                key,
                spans,
                claim.attribute,
                stage,
                words,
                share * max(evidence.weight, 1e-3) * max(excess, 0.5),
            )


def _sentences(text: str, spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the sentences that hold the spans; none where there are no spans."""
    found = [match.span() for match in _SENTENCE.finditer(text) if match.end() > match.start()]
    return tuple((a, b) for a, b in found if any(a < end and start < b for start, end in spans))
