"""What happens to a predicted rating when the words that a reason names are taken out of the text, and when others are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from personae.papers.harness import Context
from personae.papers.rpm.annotators import Annotators
from personae.preference.rpm import RPM
from personae.preference.rpm.features import Span

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Deletion:
    """Of one test row: by how many levels the score falls without the first reason's words, and without others by lot; and the
    influence that the reason was said to have."""

    person: int
    reason: float
    lot: float
    influence: float


def deletions(data: Annotators, models: Sequence[RPM], most: int, context: Context) -> list[Deletion]:
    """Delete in up to `most` test rows, drawn by lot, whose text keeps as many words beside the reason's as it loses.

    Parameters
    ----------
    models : sequence of RPM, of length n_test
        The one that predicts each row.
    """
    random = np.random.default_rng(context.seed)
    chosen, texts, influence = [], [], []
    for row in random.permutation(len(models)):
        person, text = data.asked(np.array([row]))[0]
        steps = [step for step in models[row].reasons(person, text) if step.influence]
        cut = cuts(text, steps[0].spans, random) if steps else None
        if cut is not None:
            chosen.append(int(row))
            texts.append((text, *cut))
            influence.append(steps[0].influence)
        if len(chosen) == most:
            break
    scores = np.zeros((len(chosen), 3))
    for model in {id(each): each for each in models}.values():
        mine = [i for i, row in enumerate(chosen) if models[row] is model]
        asked = [(data.people[data.test_person[chosen[i]]], text) for i in mine for text in texts[i]]
        if mine:
            scores[mine] = model.predict(asked).score.reshape(-1, 3)
    return [
        Deletion(int(data.test_person[row]), float(whole - without), float(whole - by_lot), said)
        for row, (whole, without, by_lot), said in zip(chosen, scores, influence, strict=True)
    ]


def cuts(text: str, spans: Sequence[Span], random: np.random.Generator) -> tuple[str, str] | None:
    """Return the text without the words in the spans, and without as many others in a run; None where there are too few.

    >>> cuts("one two three four", [(0, 3)], np.random.default_rng(0))[0]
    'two three four'
    """
    words = [match.span() for match in _WORD.finditer(text)]
    named = {
        place for place, (start, end) in enumerate(words) if any(start < stop and begin < end for begin, stop in spans)
    }  # fmt: skip
    n = len(named)
    starts = [
        start for start in range(len(words) - n + 1) if not named & set(range(start, start + n))
    ]  # fmt: skip
    if not n or not starts:
        return None
    start = int(random.choice(starts))
    return _without(text, words, named), _without(text, words, set(range(start, start + n)))


def _without(text: str, words: Sequence[Span], gone: set[int]) -> str:
    return " ".join(text[start:end] for place, (start, end) in enumerate(words) if place not in gone)
