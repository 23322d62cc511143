"""What a person's words give away without saying it: calibrated guesses from a small fitted model, no network, no key.

Each line of a person is read by a linear classifier over its sentence vector and its words; lines are pooled to one
calibrated distribution for each attribute (`_scorer`); a claim that is not sure enough abstains. What it was fitted on, and how
good it is, stands in `models/home/MODEL_CARD.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from personae.infer._guesses import guesses_of
from personae.infer._home_model import FILE, HomeModel, Part, home_model
from personae.infer._lines import Line, lines_of
from personae.infer._scorer import Array, Rows
from personae.infer.evidence import LEAST_SHARE, TRACES, trace_shares, word_spans
from personae.models.encoder import CachedEncoder, Encoder, home_encoder
from personae.people.attributes import Attribute
from personae.people.records import Claim, Evidence, Person, Trace, newest


@dataclass(frozen=True, slots=True)
class _Text:
    """One person's own traces as lines, with vectors (n_lines, 384), line logits (n_lines, n_columns) and distances."""

    traces: tuple[Trace, ...]
    lines: list[Line]
    vectors: Array
    logits: Array
    distances: Array


class InferredReader:
    """Reads attributes from how and what a person writes.

    Parameters
    ----------
    encoder : Encoder or None
        None takes the one that ships, with a cache.
    file : Path
        The fitted model.
    mark_abstained : bool
        Mark the telling words of claims that abstain, too; a shield asks for them.

    Notes
    -----
    Attributes that the model was not fitted for get no claim. Evidence is exact: a trace's weight is the share of the
    claim's score that falls away without it.
    """

    def __init__(
        self, *, encoder: Encoder | None = None, file: Path = FILE, mark_abstained: bool = False
    ) -> None:
        self.encoder = encoder or CachedEncoder(home_encoder())
        self.file = file
        self.mark_abstained = mark_abstained

    @property
    def name(self) -> str:
        return f"inferred-{home_model(self.file).version}{'-marked' if self.mark_abstained else ''}"

    def prepare(self, people: Sequence[Person]) -> None:
        """Encode the lines of all at once, each text once."""
        texts = dict.fromkeys(line.text for person in people for line in lines_of(person.own))
        self.encoder.encode(list(texts))

    def read(self, person: Person, attributes: Sequence[Attribute]) -> list[Claim]:
        """Return one claim for each attribute that the model knows, abstained ones included."""
        model = home_model(self.file)
        text = self._text(model, person)
        return [
            self._claim(model, model.parts[attribute.name], attribute, person.id, text)
            for attribute in attributes
            if attribute.name in model.parts
        ]

    def _text(self, model: HomeModel, person: Person) -> _Text:
        traces = person.own
        lines = lines_of(traces)
        texts = [line.text for line in lines]
        vectors = self.encoder.encode(texts)
        logits = model.line_logits(vectors, texts)
        return _Text(traces, lines, vectors, logits, model.nearness.distances(vectors))

    def _claim(self, model: HomeModel, part: Part, attribute: Attribute, person: str, text: _Text) -> Claim:
        texts = [line.text for line in text.lines]
        rows = model.rows(attribute.name, text.logits, text.vectors, texts, text.distances)
        pooled = rows.pool()
        chances = model.chances(attribute.name, pooled)
        guesses = guesses_of(attribute, part.values, chances)
        abstained = not text.lines or guesses[0].probability < model.least(attribute.name, pooled)
        evidence = (
            self._evidence(model, attribute.name, int(np.argmax(chances)), text, rows, abstained)
            if text.lines
            else ()
        )
        return Claim(
            person,
            attribute.name,
            model.turned_out(guesses, pooled),
            "inferred",
            abstained,
            "home",
            evidence,
            self.name,
            newest(text.traces),
        )

    def _evidence(
        self, model: HomeModel, name: str, value: int, text: _Text, rows: Rows, abstained: bool
    ) -> tuple[Evidence, ...]:
        owner = np.array([line.trace for line in text.lines])
        shares = trace_shares(model, name, rows, owner, len(text.traces), value)
        order = [int(i) for i in np.argsort(-shares, kind="stable")[:TRACES] if shares[i] >= LEAST_SHARE]
        found = []
        for rank, number in enumerate(order):
            own = np.flatnonzero(owner == number)
            line = text.lines[int(own[np.argmax(rows.told[own, value])])]
            states = self.encoder if rank == 0 else None
            hidden = abstained and not self.mark_abstained
            spans = () if hidden else word_spans(model, name, value, line.text, states)
            trace = text.traces[number]
            marked = tuple((line.start + start, line.start + end) for start, end in spans)
            found.append(Evidence(trace.id, trace.where, marked, float(shares[number])))
        return tuple(found)
