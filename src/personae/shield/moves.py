"""What to cut next: the words, then the sentence, then the line that an attacker's claim rests on, cheapest first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from personae.metrics.overlap import words_of
from personae.people.matching import match
from personae.people.records import Claim, Evidence
from personae.shield._state import CUT, Key, State
from personae.shield.drafts import Edit, Kind
from personae.shield.exposure import log_odds

SHARE = 0.02  # of a person's lines that are changed between two attacks, at most
LEAST_BATCH = 2
CUTS = 1  # times that words of one line are cut for one attribute before its sentence goes
CARRIED = (
    0.7,
    0.9,
    1.0,
)  # of a line's weight that its telling words, its sentence and the whole of it are taken to carry
SHORT = 12  # words of a line of which one by one is tried before the whole of it is given up
_WORD = re.compile(r"\w[\w'’-]*")
_SENTENCE = re.compile(r"[^.!?…\n]*(?:[.!?…]+[\"'”’)\]]*|\n|\Z)\s*")


@dataclass(frozen=True, slots=True)
class Move:
    """Spans of one trace, as it reads now, that may go.

    `stage` is 0 for words, 1 for a sentence, 2 for the rest of the line; `words` is what it costs, `fall` how much of what an
    attribute is above its bound may fall away, in [0, 1].
    """

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

    Parameters
    ----------
    state : State
    floors : mapping of attribute to float
        What the attacker guesses of anybody: the score of a claim rises from there.
    truth : mapping of attribute to value
        Claims that are wrong about these are let be.
    cuts : int
        Times that words of one line are cut for one attribute before its sentence goes.
    """

    def __init__(
        self, state: State, floors: Mapping[str, float], truth: Mapping[str, str], cuts: int = CUTS
    ) -> None:
        self.state, self.floors, self.truth, self.cuts = state, floors, truth, cuts
        self.tried: Counter[tuple[Key, str]] = Counter()
        self.dropped: dict[
            Key, tuple[Edit, ...]
        ] = {}  # lines that lost a sentence, with their edits before that
        self.by_id = {(trace.id, trace.where): key for key, trace in state.by_key.items()}

    def make(self, claims: Sequence[Claim], excess: Mapping[str, float]) -> int:
        """Cut the best few; return how many, 0 when the claims name nothing more to cut.

        As much is cut as the attribution says is needed for each attribute, and in no more than a share of the lines. What
        brings an attribute down to its bound with the fewest words comes first.
        """
        most = max(LEAST_BATCH, round(SHARE * len(self.state.own)))
        needed = dict.fromkeys(excess, 1.0)
        changed: set[Key] = set()
        for move in sorted(self._moves(claims, excess), key=lambda move: -move.worth):
            if len(changed) == most:
                break
            if needed[move.attribute] <= 0.0 or move.key in changed or not self.state.affords(move.words):
                continue
            self._make(move)
            needed[move.attribute] -= move.fall
            changed.add(move.key)
        return len(changed)

    def _make(self, move: Move) -> None:
        words, kind = ("", "drop") if move.stage else (CUT, "cut")
        if move.stage:
            self.dropped.setdefault(move.key, self.state.edits_of(move.key))
        for span in reversed(move.spans):
            self.state.put(move.key, span, words, cast("Kind", kind), move.attribute)
        self.tried[move.key, move.attribute] = (
            move.stage + self.cuts if move.stage else self.tried[move.key, move.attribute] + 1
        )

    def _moves(self, claims: Sequence[Claim], excess: Mapping[str, float]) -> Iterator[Move]:
        for claim in claims:
            if claim.attribute not in excess or claim.superseded_by or claim.best is None:
                continue
            known = self.truth.get(claim.attribute)
            if known is not None and match(claim.attribute, claim.best.value, known) < 1.0:
                continue
            rise = log_odds(claim.best.probability) - log_odds(self.floors[claim.attribute])
            ratio = max(rise, 0.0) / excess[claim.attribute]
            for evidence in claim.evidence:
                key = self.by_id.get((evidence.trace, evidence.where))
                if key is not None and self.state.text(key).strip():
                    yield from self._for(key, claim.attribute, evidence, ratio * evidence.weight)

    def _for(self, key: Key, attribute: str, evidence: Evidence, fall: float) -> Iterator[Move]:
        text = self.state.text(key)
        stage = max(0, self.tried[key, attribute] - self.cuts + 1)
        found = self.state.free(key, evidence.spans) if stage == 0 else ()
        spans = tuple((a, b) for a, b in found if words_of(text[a:b]))
        if stage == 0 and not spans:
            stage = 1
        if stage == 1:
            spans = _sentences(text, evidence.spans)
        if stage >= 2 or (stage == 1 and not spans):
            stage, spans = 2, ((0, len(text)),)
        words = sum(len(words_of(text[a:b])) for a, b in spans)
        if words:
            yield Move(key, spans, attribute, stage, words, min(1.0, CARRIED[stage] * fall))


def one_word_less(text: str) -> Iterator[tuple[int, int]]:
    """Yield the words of a short line, longest first; nothing for a line of more than `SHORT` words."""
    words = [match.span() for match in _WORD.finditer(text)]
    if len(words) <= SHORT:
        yield from sorted(words, key=lambda span: span[0] - span[1])


def _sentences(text: str, spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the sentences that hold the spans; none where there are no spans."""
    found = [match.span() for match in _SENTENCE.finditer(text) if match.end() > match.start()]
    return tuple((a, b) for a, b in found if any(a < end and start < b for start, end in spans))
