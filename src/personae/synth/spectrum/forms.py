"""The three forms of a persona: who one is to others (S), personality and values (P), daily life (C); and their scorers.

Sources: Lee, Kim, Song et al. (2025), "SPeCtrum", arXiv 2502.08599, section 3 and the released scoring; Soto, John (2017), "Short
and Extra-Short Forms of the Big Five Inventory-2", Journal of Research in Personality 68 (keys of the BFI-2-S); Schwartz
(2003), the Portrait Values Questionnaire (keys). Both questionnaires' wordings are their authors' and are not here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.people.instruments import Instrument, QuestionnaireItem

LOW, HIGH = 1, 7
_DOMAINS: dict[str, str] = {  # item numbers, R for reversed
    "Extraversion": "1R 6 11 16 21R 26R",
    "Agreeableness": "2 7R 12 17R 22 27R",
    "Conscientiousness": "3R 8R 13 18 23 28R",
    "Negative emotionality": "4 9 14R 19R 24R 29",
    "Open-mindedness": "5 10R 15 20R 25 30R",
}
_FACETS: dict[str, int] = {  # the first of two items, the second is 15 later
    "Sociability": 1, "Assertiveness": 6, "Energy level": 11, "Compassion": 2, "Respectfulness": 7, "Trust": 12,
    "Organization": 3, "Productiveness": 8, "Responsibility": 13, "Anxiety": 4, "Depression": 9, "Emotional volatility": 14,
    "Aesthetic sensitivity": 5, "Intellectual curiosity": 10, "Creative imagination": 15,
}  # fmt: skip
_VALUES: dict[str, str] = {
    "Self-direction": "1 11", "Power": "2 17", "Universalism": "3 8 19", "Achievement": "4 13", "Security": "5 14",
    "Stimulation": "6 15", "Conformity": "7 16", "Tradition": "9 21", "Hedonism": "10 22", "Benevolence": "12 18",
}  # fmt: skip
LEVELS = ("very low", "low", "slightly below average", "slightly above average", "high", "very high")
IMPORTANCE = (
    "does not matter to them", "hardly matters to them", "matters to them a little", "matters to them", "matters to them a lot",
    "matters to them above all",
)  # fmt: skip
SOCIAL: tuple[str, ...] = (
    "Age", "Sex", "Gender", "Sexual Orientation", "Ethnicity", "Race", "Disability", "Nationality", "Dual Nationality",
    "Nationality More Important", "Residence", "Education", "Occupation", "Major", "Job", "Perceived Income",
    "Subjective Income", "Income Satisfaction", "Perceived Class", "Living Style", "Political Affiliation",
    "Religious Affiliation",
)  # fmt: skip
SPECIAL: frozenset[str] = frozenset(
    (
        "Sexual Orientation",
        "Ethnicity",
        "Race",
        "Disability",
        "Political Affiliation",
        "Religious Affiliation",
    )
)  # special-category data (GDPR, article 9)


def _items(table: dict[str, str]) -> tuple[QuestionnaireItem, ...]:
    found = {
        int(word.rstrip("R")): QuestionnaireItem(word.rstrip("R"), "", scale, -1 if word.endswith("R") else 1)
        for scale, words in table.items()
        for word in words.split()
    }
    return tuple(found[number] for number in sorted(found))


BFI_2_S = Instrument("BFI-2-S", _items(_DOMAINS), LOW, HIGH, "keys only; the wording is the authors'")
PVQ = Instrument("PVQ", _items(_VALUES), LOW, HIGH, "keys only; the wording is the author's")
FACETS = Instrument(
    "BFI-2-S facets",
    tuple(
        QuestionnaireItem(item.id, "", facet, item.key)
        for item in BFI_2_S.items
        for facet, first in _FACETS.items()
        if int(item.id) in (first, first + 15)
    ),
    LOW,
    HIGH,
    BFI_2_S.licence,
)


@dataclass(frozen=True, slots=True)
class Scored:
    """One scale of one person.

    Parameters
    ----------
    scale : str
    mean : float
        In [1, 7]; NaN where too little was answered.
    level : str
        One of LEVELS or IMPORTANCE; "" where the mean is NaN.
    reversed_items : tuple of str
        Items that were turned round.
    n_missing : int
    """

    scale: str
    mean: float
    level: str
    reversed_items: tuple[str, ...]
    n_missing: int


def score_personality(responses: ArrayLike) -> tuple[Scored, ...]:
    """Score one person's 30 answers to the BFI-2-S: five domains, then fifteen facets.

    Parameters
    ----------
    responses : array-like of shape (30,)
        In the order of the items, 1 to 7; NaN where there is none.

    Notes
    -----
    Reversed items count 8 - x. A facet has two items: with both missing it and its domain have no mean. Levels: below 2 very
    low, below 3 low, and so on; from 6 very high. The released code floors the mean before it is put in words, which loses
    the fraction; the mean is kept here beside the word, which is the same.

    Examples
    --------
    >>> scored = score_personality([4.0] * 30)
    >>> len(scored), {one.level for one in scored}
    (20, {'slightly above average'})
    """
    answers = _checked(responses, BFI_2_S)
    facets = _scored(FACETS, answers, _level)
    lost = {facet.scale for facet in facets if np.isnan(facet.mean)}
    domain_of = {
        facet: next(i.scale for i in BFI_2_S.items if i.id == str(first)) for facet, first in _FACETS.items()
    }
    gone = {domain_of[facet] for facet in lost}
    domains = tuple(
        Scored(one.scale, float("nan"), "", one.reversed_items, one.n_missing) if one.scale in gone else one
        for one in _scored(BFI_2_S, answers, _level)
    )
    return (*domains, *sorted(facets, key=lambda facet: list(_FACETS).index(facet.scale)))


def score_values(responses: ArrayLike) -> tuple[Scored, ...]:
    """Score one person's 21 answers to the PVQ (items 1 to 22 without 20): ten values.

    Notes
    -----
    Cut points 2, 3, 4, 5, 6, each belonging to the phrase below it. A value with a missing answer has the mean of the others.

    >>> score_values([2.0] * 21)[0].level, score_values([2.5] * 21)[0].level
    ('does not matter to them', 'hardly matters to them')
    """
    found = _scored(PVQ, _checked(responses, PVQ), _importance)
    return tuple(sorted(found, key=lambda value: list(_VALUES).index(value.scale)))


def sentences(scored: tuple[Scored, ...], *, who: str = "This person") -> list[str]:
    """Return one sentence a scale, those without a mean left out.

    >>> sentences(score_values([7.0] * 21), who="She")[1]
    'Power matters to them above all.'
    """
    lines = []
    for one in scored:
        if one.level in IMPORTANCE:
            lines.append(f"{one.scale} {one.level}.")
        elif one.level:
            lines.append(f"{who} is {one.level} in {one.scale.lower()}.")
    return lines


def _checked(responses: ArrayLike, instrument: Instrument) -> NDArray[np.float64]:
    answers = np.asarray(responses, dtype=float)
    if answers.shape != (len(instrument.items),):
        raise BadInput(
            f"{instrument.name} has {len(instrument.items)} items; the answers have shape {answers.shape}. "
            "Give one number an item, NaN where there is none."
        )
    return answers


def _scored(
    instrument: Instrument, answers: NDArray[np.float64], phrase: Callable[[float], str]
) -> tuple[Scored, ...]:
    means = instrument.score(answers[None, :])[0]
    return tuple(
        Scored(
            scale,
            float(mean),
            phrase(float(mean)),
            tuple(item.id for item in instrument.items if item.scale == scale and item.key < 0),
            int(
                sum(
                    np.isnan(a)
                    for a, item in zip(answers, instrument.items, strict=True)
                    if item.scale == scale
                )
            ),
        )
        for scale, mean in zip(instrument.scales, means, strict=True)
    )


def _level(mean: float) -> str:
    return "" if np.isnan(mean) else LEVELS[min(int(mean), HIGH - 1) - 1]


def _importance(mean: float) -> str:
    return "" if np.isnan(mean) else IMPORTANCE[int(np.searchsorted((2, 3, 4, 5, 6), mean, side="left"))]
