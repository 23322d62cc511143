"""How sure a model is, and where that number comes from: sources are never mixed in one calibration map.

Sources: Kadavath et al. (2022), arXiv 2207.05221, sections 3 to 5 (token probabilities, P(True), P(IK)); "Thinking Out
Loud" (2025), arXiv 2504.06564 (confidence said in words).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from personae.errors import BadInput

Source = Literal["token", "stated", "self-graded", "head", "none"]
SOURCES: tuple[str, ...] = get_args(Source)

_TAG = re.compile(r"</?(?:b|i|u|em|strong|span)>", re.IGNORECASE)
_NUMBER = r"(\d{1,3}(?:[.,]\d+)?)"
_FORMS = (
    (re.compile(_NUMBER + r"\s*(?:%|percent)", re.IGNORECASE), 100.0),
    (re.compile(_NUMBER + r"\s*(?:/|out of)\s*(100?)\b", re.IGNORECASE), None),
    (
        re.compile(
            r"(?:confiden\w*|certain\w*|probabilit\w*)\W{0,12}(?:is\W{1,4})?(0?[.,]\d+|[01][.,]0+)",
            re.IGNORECASE,
        ),
        1.0,
    ),
    (
        re.compile(
            r"(?:confiden\w*|certain\w*|probabilit\w*)\W{0,12}(?:is\W{1,4})?" + _NUMBER, re.IGNORECASE
        ),
        100.0,
    ),
    (re.compile(r"\[\[\s*" + _NUMBER + r"\s*\]\]"), 100.0),
)


@dataclass(frozen=True, slots=True)
class Confidence:
    """A probability in [0, 1] and the source it was read from; None with source "none" where there is none to read.

    `token`: probability of the answer's own tokens. `stated`: a number the model wrote. `self-graded`: P(True), the model
    asked whether its answer is right. `head`: a trained predictor, such as P(IK).
    """

    value: float | None
    source: Source

    def __post_init__(self) -> None:
        if (self.value is None) != (self.source == "none"):
            raise BadInput('A confidence without a value has the source "none", and only that one.')
        if self.value is not None and not 0.0 <= self.value <= 1.0:
            raise BadInput(
                f"A confidence lies in [0, 1]; {self.value:g} was given. Divide percentages by 100."
            )


NO_CONFIDENCE = Confidence(None, "none")


def stated_confidence(text: str) -> Confidence:
    """Read the confidence that a model wrote in its answer; the last one counts, values above 100% are clipped.

    Examples
    --------
    >>> stated_confidence("Answer: 4. Confidence: 95%").value
    0.95
    >>> stated_confidence("I give it 8/10").value, stated_confidence("No idea.").source
    (0.8, 'none')
    """
    plain = _TAG.sub(" ", text)
    for pattern, whole in _FORMS:
        found = list(pattern.finditer(plain))
        if found:
            last = found[-1]
            scale = whole if whole is not None else float(last[2])
            return Confidence(min(1.0, float(last[1].replace(",", ".")) / scale), "stated")
    return NO_CONFIDENCE


def one_source(confidences: Iterable[Confidence]) -> Source:
    """Return the source that all share, before they are calibrated together.

    Raises
    ------
    BadInput
        When they come from several: words can be anti-informative where token probabilities are not.
    """
    sources = {confidence.source for confidence in confidences}
    if len(sources) != 1:
        raise BadInput(
            f"Confidences of several sources ({', '.join(sorted(sources))}): calibrate each source apart."
        )
    return sources.pop()
