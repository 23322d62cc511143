"""Questionnaires: items with keys and a response format, scored over a whole table of answers at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput


@dataclass(frozen=True, slots=True)
class QuestionnaireItem:
    """One question: the scale it belongs to and whether agreeing means more (+1) or less (-1) of it."""

    id: str
    text: str
    scale: str
    key: int = 1


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire with one response format for all its items.

    `low` and `high` are the ends of the response format, 1 and 5 for a five-point scale.
    """

    name: str
    items: tuple[QuestionnaireItem, ...]
    low: float
    high: float
    licence: str = ""

    @property
    def scales(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.scale for item in self.items))

    def score(self, responses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return scale means with reversed items turned round.

        Parameters
        ----------
        responses : ndarray of shape (n_people, n_items)
            In the order of `items`; NaN where a person did not answer.

        Returns
        -------
        ndarray of shape (n_people, n_scales)
            In the order of `scales`, within [low, high]; NaN where no item of the scale was answered.

        Examples
        --------
        >>> calm = Instrument("calm", (QuestionnaireItem("a", "I am calm", "calm"),
        ...                            QuestionnaireItem("b", "I worry", "calm", -1)), 1, 5)
        >>> calm.score(np.array([[4.0, 2.0], [5.0, np.nan]])).ravel().tolist()
        [4.0, 5.0]
        """
        if responses.ndim != 2 or responses.shape[1] != len(self.items):
            raise BadInput(
                f"{self.name} has {len(self.items)} items; the responses have shape {responses.shape}. "
                f"Give one row a person and one column an item."
            )
        if (
            np.nanmin(responses, initial=self.low) < self.low
            or np.nanmax(responses, initial=self.high) > self.high
        ):
            raise BadInput(
                f"{self.name} takes responses from {self.low:g} to {self.high:g}; recode the table first."
            )
        keys = np.array([item.key for item in self.items])
        turned = np.where(keys > 0, responses, self.low + self.high - responses)
        member = np.array(
            [[item.scale == scale for scale in self.scales] for item in self.items], dtype=float
        )
        answered = ~np.isnan(turned)
        counts = answered @ member
        sums = np.where(answered, turned, 0.0) @ member
        means: NDArray[np.float64] = np.divide(
            sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0
        )
        return means
