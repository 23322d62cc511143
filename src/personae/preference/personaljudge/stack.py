"""A language model's verdicts, with the certainty it stated, and a second opinion, stacked into one probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from personae.errors import BadInput
from personae.metrics.logistic import fit_logistic, log_odds, sigmoid
from personae.models.confidence import NO_CONFIDENCE, Confidence
from personae.preference._params import Parameters
from personae.preference.personaljudge._features import Array


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which answer a judge says the person prefers, and how certain it says it is; "" where it named neither."""

    choice: Literal["a", "b", "tie", ""]
    certainty: Confidence = NO_CONFIDENCE

    @property
    def lean(self) -> float:
        """1.0 towards a, -1.0 towards b, 0.0 where neither was named."""
        return {"a": 1.0, "b": -1.0}.get(self.choice, 0.0)


class VerdictStack(Parameters):
    """Combine verdicts with log-odds from elsewhere, such as those of an `EncoderJudge`.

    Parameters
    ----------
    penalty : float
        Ridge on all weights, in rows.

    Attributes
    ----------
    weights_ : ndarray of shape (4,)
        Of the verdict, of the verdict times the log-odds of its certainty, of the other log-odds, and of the first place.

    Notes
    -----
    log P(a) / P(b) = w1 s + w2 s logit(c) + w3 l + w4, with s = 1 for "a", -1 for "b", 0 for neither; c the stated certainty,
    1/2 where none was stated; l the other log-odds. w4 takes back what the judge gives to a place: one that says "b" too often
    gets w4 > 0. Fit it on log-odds that were made without the rows (`EncoderJudge.held_out_`).

    Examples
    --------
    >>> sure, unsure = Confidence(0.9, "stated"), Confidence(0.5, "stated")
    >>> verdicts = [Verdict("a", sure), Verdict("a", unsure), Verdict("b", sure), Verdict("b", unsure)] * 10
    >>> stack = VerdictStack().fit(verdicts, [0.0] * 40, ["a", "b", "b", "a"] * 10)
    >>> (stack.prob(verdicts[:2], [0.0, 0.0]) > 0.5).tolist()  # the unsure verdicts were wrong
    [True, False]
    """

    def __init__(self, *, penalty: float = 1.0) -> None:
        self.penalty = penalty

    def fit(self, verdicts: Sequence[Verdict], log_odds: ArrayLike, choices: Sequence[str]) -> VerdictStack:
        """Learn from what the people chose: "a", "b", or "tie", which takes no part.

        Parameters
        ----------
        verdicts : sequence of Verdict, of length n_rows
        log_odds : array-like of shape (n_rows,)
            That a is chosen, in the opinion of the other judge.
        choices : sequence of str, of length n_rows

        Raises
        ------
        BadInput
            When a choice is none, nobody chose between two answers, or the lengths differ.
        """
        columns = _columns(verdicts, log_odds)
        if len(choices) != len(columns):
            raise BadInput(f"{len(choices)} choices for {len(columns)} verdicts; give one a verdict.")
        wrong = next((row for row, choice in enumerate(choices) if choice not in ("a", "b", "tie")), None)
        if wrong is not None:
            raise BadInput(f"Row {wrong}: its choice must be a, b or tie.")
        kept = np.array([choice != "tie" for choice in choices], dtype=bool)
        targets = np.array([float(choice == "a") for choice in choices])
        if not kept.any():
            raise BadInput("No row chooses between two answers: there is nothing to learn from.")
        self.weights_ = fit_logistic(columns[kept], targets[kept], penalty=self.penalty)
        return self

    def log_odds(self, verdicts: Sequence[Verdict], log_odds: ArrayLike) -> Array:
        """Return log P(a) / P(b), shape (n_rows,)."""
        weights: Array = self.weights_
        return np.asarray(_columns(verdicts, log_odds) @ weights)

    def prob(self, verdicts: Sequence[Verdict], log_odds: ArrayLike) -> Array:
        """Return the probability that a is chosen, in (0, 1), shape (n_rows,)."""
        return sigmoid(self.log_odds(verdicts, log_odds))


def _columns(verdicts: Sequence[Verdict], other: ArrayLike) -> Array:
    odds = np.asarray(other, dtype=float)
    if odds.shape != (len(verdicts),):
        raise BadInput(f"Log-odds of shape {odds.shape} for {len(verdicts)} verdicts; give one a verdict.")
    lean = np.array([verdict.lean for verdict in verdicts])
    stated = [verdict.certainty.value for verdict in verdicts]
    certainty = log_odds([0.5 if value is None else value for value in stated])
    return np.stack([lean, lean * certainty, odds, np.ones_like(odds)], axis=1)
