"""Any judge of preference rows as the family's `prob`, with an interval, and with no verdict where it cannot keep a promise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np

from personae.errors import BadInput
from personae.metrics.logistic import fit_logistic, sigmoid
from personae.metrics.selective import controlled_threshold
from personae.models.confidence import Confidence
from personae.people.records import Preference
from personae.preference._core import Chance, Chances, chances_of_margins
from personae.preference._params import Parameters
from personae.preference.comparisons import Array, checked
from personae.preference.personaljudge import Verdict


class CertainJudge(Parameters):
    """Make a judge's log-odds into chances, and its verdicts into a promise.

    Parameters
    ----------
    log_odds : function of preference rows to ndarray of shape (n_rows,)
        Log P(a) / P(b), whatever was chosen, such as that of `EncoderJudge`, `RewardHead` or `RewardModel`; of a stack
        `lambda rows: stack.log_odds(ask_verdicts(model, rows, profiles).verdicts, judge.log_odds(rows))`.
    known : collection of str
        People of whom the judge knows something; of others `is_known` is false.
    error, chance : float in (0, 1)
        Verdicts are to be wrong at most `error` of the time, but for a `chance` that the promise fails.

    Attributes
    ----------
    slope_, slope_error_ : float
        What the log-odds are to be multiplied with, and its standard error.
    threshold_ : float
        Certainty max(p, 1 - p) from which on a verdict is given; infinite where no threshold keeps the promise.

    Notes
    -----
    log P(a) / P(b) = s l, without an intercept, so that P(a, b) + P(b, a) = 1; s by maximum likelihood with a ridge of one row.
    The interval is that of s; the threshold is `metrics.selective.controlled_threshold` on the rows given to `fit`.

    Examples
    --------
    >>> rows = [Preference("ana", "", "x" * (i % 7), "", "a") for i in range(70)]
    >>> judge = CertainJudge(lambda rows: np.array([len(row.a) - len(row.b) for row in rows], dtype=float)).fit(rows)
    >>> judge.prob("ana", "", "xxx", "").probability > 0.9
    True
    """

    def __init__(
        self,
        log_odds: Callable[[Sequence[Preference]], Array],
        *,
        known: Collection[str] = (),
        error: float = 0.2,
        chance: float = 0.1,
    ) -> None:
        self.log_odds = log_odds
        self.known = known
        self.error = error
        self.chance = chance

    def fit(self, rows: Iterable[Preference]) -> CertainJudge:
        """Learn how sure to be, from rows that the judge did not learn from; ties take no part.

        Raises
        ------
        BadInput
            When nobody chose between two answers, a choice is none, or `error` or `chance` is no share.
        """
        if not (0 < self.error < 1 and 0 < self.chance < 1):
            raise BadInput("`error` and `chance` are shares: numbers between 0 and 1.")
        decided = [row for row in checked(rows) if row.choice != "tie"]
        if not decided:
            raise BadInput("No row chooses between two answers: give some that the judge did not learn from.")
        odds = self.log_odds(decided)
        chosen = np.array([float(row.choice == "a") for row in decided])
        self.slope_ = float(fit_logistic(odds[:, None], chosen, penalty=1.0)[0])
        chance = sigmoid(self.slope_ * odds)
        self.slope_error_ = float((chance * (1 - chance) @ odds**2 + 1.0) ** -0.5)
        certainty, right = np.maximum(chance, 1 - chance), (chance > 0.5) == (chosen > 0.5)
        found = controlled_threshold(certainty, right, error=self.error, chance=self.chance)
        self.threshold_ = np.inf if found is None else found
        return self

    def probs(self, rows: Sequence[Preference]) -> Chances:
        """Return the probability that a is chosen in each row, whatever was chosen, with a 90% interval."""
        slope = self.slope_
        odds = self.log_odds(rows)
        return chances_of_margins(slope * odds, self.slope_error_ * np.abs(odds))

    def prob(self, person: str, context: str, a: str, b: str) -> Chance:
        """Return the probability that a person chooses a over b."""
        found = self.probs([Preference(person, context, a, b, "tie")])
        return Chance(
            float(found.probability[0]), float(found.low[0]), float(found.high[0]), person in self.known
        )

    def verdicts(self, rows: Sequence[Preference]) -> list[Verdict]:
        """Return a verdict on each row with its certainty; "" where it abstains."""
        probability = self.probs(rows).probability
        certainty = np.maximum(probability, 1 - probability)
        return [
            Verdict("a" if chance > 0.5 else "b", Confidence(float(sure), "head"))
            if sure >= self.threshold_ and chance != 0.5
            else Verdict("")
            for chance, sure in zip(probability, certainty, strict=True)
        ]
