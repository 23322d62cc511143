"""Survey rows as features for a twin, and as the short profile that a language model is given.

Source: Toubia et al. (2025), "Twin-2K-500", arXiv 2505.17479: the persona summary is demographics and named scale scores with
percentiles and one-line descriptions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput

Row = Mapping[str, str]
Array = NDArray[np.float64]


class SurveyFeatures:
    """Turn bands (one of a few texts) and scores (numbers) into features without gaps.

    Parameters
    ----------
    bands, scores : sequence of str
        Column names. An empty cell is a missing answer.
    least : int
        A band, or a gap, that fewer people have gets no feature of its own.

    Attributes
    ----------
    names_ : tuple of str
        One a feature: "score", "score missing" or "band=value".

    Notes
    -----
    A score becomes the normal quantile of its rank among the people fitted on, so that a slip of ten digits is a high score
    and no more; a missing one is 0, marked by a feature where enough are missing.

    Examples
    --------
    >>> people = [{"sex": "f", "calm": "1"}, {"sex": "m", "calm": "2"}, {"sex": "f", "calm": "9000"}]
    >>> survey = SurveyFeatures(bands=("sex",), scores=("calm",), least=1).fit(people)
    >>> survey.names_, survey.transform(people[:1]).round(2).tolist()
    (('calm', 'sex=f', 'sex=m'), [[-0.97, 1.0, 0.0]])
    """

    def __init__(self, *, bands: Sequence[str] = (), scores: Sequence[str] = (), least: int = 10) -> None:
        self.bands = bands
        self.scores = scores
        self.least = least

    def fit(self, rows: Sequence[Row]) -> SurveyFeatures:
        """Learn which values there are, and the ranks of scores."""
        if not rows:
            raise BadInput("There is no survey row to learn from.")
        self.sorted_: dict[str, Array] = {}
        self.gaps_: tuple[str, ...] = ()
        for name in self.scores:
            numbers = _numbers(rows, name)
            self.sorted_[name] = np.sort(numbers[~np.isnan(numbers)])
            if np.isnan(numbers).sum() >= self.least:
                self.gaps_ += (name,)
        self.values_ = {name: _common(rows, name, self.least) for name in self.bands}
        self.names_ = (
            *self.scores,
            *(f"{name} missing" for name in self.gaps_),
            *(f"{name}={value}" for name in self.bands for value in self.values_[name]),
        )
        return self

    def transform(self, rows: Sequence[Row]) -> Array:
        """Return features of shape (n_people, n_features), in the order of `names_`."""
        places = {name: self.percentile(name, _numbers(rows, name)) for name in self.scores}
        columns = [_normal(place) for place in places.values()]
        columns += [np.isnan(places[name]).astype(float) for name in self.gaps_]
        columns += [
            np.array([row[name] == value for row in rows], float)
            for name in self.bands
            for value in self.values_[name]
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((len(rows), 0))

    def percentile(self, name: str, numbers: Array) -> Array:
        """Return the middle rank of numbers among the people fitted on, in (0, 1); NaN stays NaN."""
        known = self.sorted_[name]
        below = np.searchsorted(known, numbers, "left")
        upto = np.searchsorted(known, numbers, "right")
        place = (below + upto) / (2 * max(len(known), 1))
        edge = 0.5 / max(len(known), 1)
        return np.where(np.isnan(numbers), np.nan, np.clip(place, edge, 1 - edge))


def profile_text(
    row: Row, survey: SurveyFeatures, descriptions: Mapping[str, str], leave_out: str = ""
) -> str:
    """Return one person's profile in words: bands as they stand, scores as percentiles with what they measure.

    Parameters
    ----------
    row : mapping of str to str
    survey : SurveyFeatures
        Fitted; says which columns are bands and which are scores.
    descriptions : mapping of str to str
        What a column is called in words; a column without one is called by its name.
    leave_out : str
        A column to hide: the one that is asked about.

    Examples
    --------
    >>> people = [{"sex": "f", "calm": "1"}, {"sex": "m", "calm": "2"}]
    >>> survey = SurveyFeatures(bands=("sex",), scores=("calm",)).fit(people)
    >>> print(profile_text(people[1], survey, {"calm": "Calm, stays cool under strain"}))
    sex: m
    Calm, stays cool under strain: 75th of 100 people
    """
    lines = [
        f"{descriptions.get(name, name)}: {row[name]}"
        for name in survey.bands
        if row[name] and name != leave_out
    ]
    for name in survey.scores:
        place = survey.percentile(name, _numbers([row], name))[0]
        if not np.isnan(place) and name != leave_out:
            lines.append(f"{descriptions.get(name, name)}: {_ordinal(round(100 * place))} of 100 people")
    return "\n".join(lines)


def _normal(place: Array) -> Array:
    """Return the normal quantiles of middle ranks; 0, the middle, where missing."""
    ranks, codes = np.unique(np.where(np.isnan(place), 0.5, place), return_inverse=True)
    return np.array([NormalDist().inv_cdf(rank) for rank in ranks])[codes]


def _numbers(rows: Sequence[Row], name: str) -> Array:
    try:
        return np.array([float(row[name]) if row[name] != "" else np.nan for row in rows])
    except (KeyError, ValueError):
        raise BadInput(
            f"The survey column {name!r} must be there and hold numbers or nothing in every row."
        ) from None


def _common(rows: Sequence[Row], name: str, least: int) -> tuple[str, ...]:
    values = [row[name] for row in rows]
    return tuple(value for value in sorted(set(values)) if values.count(value) >= least)


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
