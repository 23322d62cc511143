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
from numpy.typing import NDArray

from personae.infer._guesses import guesses_of
from personae.infer._home_model import FILE, Candidates, HomeModel, home_model, word_counts
from personae.infer._lines import Line, lines_of
from personae.infer._scorer import Array, Mass, Rows, sums_of
from personae.infer.evidence import LEAST_SHARE, TRACES, trace_shares, word_spans
from personae.models.encoder import CachedEncoder, Encoder, home_encoder
from personae.people.attributes import Attribute
from personae.people.records import Claim, Evidence, Person, Trace, newest


@dataclass(frozen=True, slots=True)
class _Text:
    """One person's own traces as lines, and all that their attributes share."""

    traces: tuple[Trace, ...]
    lines: list[Line]
    owner: NDArray[np.intp]  # (n_lines,), the trace that each line is from
    logits: Array  # (n_lines, n_columns)
    compared: dict[Candidates, Array]  # (n_lines, n_values)
    whole: Mass
    without: Mass  # each trace, (n_traces, ...)


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
        known = [attribute for attribute in attributes if attribute.name in model.parts]
        text = self._text(model, person, [attribute.name for attribute in known])
        return [self._claim(model, attribute, person.id, text) for attribute in known]

    def _text(self, model: HomeModel, person: Person, names: Sequence[str]) -> _Text:
        traces = person.own
        lines = lines_of(traces)
        owner = np.array([line.trace for line in lines], dtype=np.intp)
        texts = [line.text for line in lines]
        vectors = self.encoder.encode(texts)
        untold = np.zeros((len(lines), 0), dtype=np.float32)
        rows = Rows(untold, untold, vectors, word_counts(texts), model.nearness.distances(vectors))
        whole = rows.pool()
        without = whole.less(rows.by_owner(owner, len(traces)))
        logits, compared = model.line_logits(vectors, texts), model.compared(names, vectors, texts)
        return _Text(traces, lines, owner, logits, compared, model.mass(whole), model.mass(without))

    def _claim(self, model: HomeModel, attribute: Attribute, person: str, text: _Text) -> Claim:
        told, second = model.told(attribute.name, text.logits, text.compared)
        chances = model.chances(attribute.name, text.whole, told.sum(0), second.sum(0))
        guesses = guesses_of(attribute, model.parts[attribute.name].values, chances)
        abstained = not text.lines or guesses[0].probability < model.least(attribute.name, text.whole)
        evidence = (
            self._evidence(model, attribute.name, chances, text, told, second, abstained)
            if text.lines
            else ()
        )
        return Claim(
            person,
            attribute.name,
            model.turned_out(guesses, text.whole),
            "inferred",
            abstained,
            "home",
            evidence,
            self.name,
            newest(text.traces),
        )

    def _evidence(
        self,
        model: HomeModel,
        name: str,
        chances: Array,
        text: _Text,
        told: Array,
        second: Array,
        abstained: bool,
    ) -> tuple[Evidence, ...]:
        value = int(np.argmax(chances))
        left = (
            np.maximum(each.sum(0) - sums_of(each, text.owner, len(text.traces)), 0.0)
            for each in (told, second)
        )
        without = model.chances(name, text.without, *left)
        shares = trace_shares(chances, model.parts[name].head.silent(), without, value)
        order = [int(i) for i in np.argsort(-shares, kind="stable")[:TRACES] if shares[i] >= LEAST_SHARE]
        found = []
        for rank, number in enumerate(order):
            own = np.flatnonzero(text.owner == number)
            line = text.lines[int(own[np.argmax(told[own, value])])]
            states = self.encoder if rank == 0 else None
            hidden = abstained and not self.mark_abstained
            spans = () if hidden else word_spans(model, name, value, line.text, states)
            trace = text.traces[number]
            marked = tuple((line.start + start, line.start + end) for start, end in spans)
            found.append(Evidence(trace.id, trace.where, marked, float(shares[number])))
        return tuple(found)
