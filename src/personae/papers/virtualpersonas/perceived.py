"""How each side sees the other: persona models that know more and more of a person, and the gap between in- and out-group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from personae.audit.persuasion import PartialProportionalOdds
from personae.metrics.distributions import cohens_d, cohens_d_of_shares, wasserstein
from personae.metrics.folds import deal_folds
from personae.metrics.intervals import Interval, bootstrap_mean, percentile_interval, resample_counts
from personae.papers.harness import Comparison, Context, compare
from personae.papers.virtualpersonas.survey import (
    DEMOCRAT,
    N_OPTIONS,
    QUESTIONS,
    REPUBLICAN,
    Array,
    Codes,
    Survey,
    one_hot,
)

SETTING = "anes96, perception of candidates"
NOTHING, DEMOGRAPHICS, PARTY, IDEOLOGY = (
    "nothing",
    "demographics",
    "demographics, party",
    "demographics, party, own place",
)
OWN, SHUFFLED = "own place alone", "demographics, party, own place of another person"
CLINTON, DOLE = 1, 2  # columns of Survey.answers
IN_GROUP = ((DEMOCRAT, CLINTON), (REPUBLICAN, DOLE))
OUT_GROUP = ((DEMOCRAT, DOLE), (REPUBLICAN, CLINTON))
CARD = {  # mean places on 1 to 7, card
    (DEMOCRAT, 0): 3.52, (DEMOCRAT, CLINTON): 3.43, (DEMOCRAT, DOLE): 5.36, (REPUBLICAN, 0): 5.29,
    (REPUBLICAN, CLINTON): 2.31, (REPUBLICAN, DOLE): 5.46,
}  # fmt: skip
NAMES = {DEMOCRAT: "Democrats", REPUBLICAN: "Republicans"}
Predicted = dict[int, Array]  # candidate -> probabilities of shape (n_people, N_OPTIONS)


def human_rows(context: Context, survey: Survey) -> Iterator[Comparison]:
    """The card's reference numbers, and the gap between the sides as Cohen's d."""
    for (party, question), paper in CARD.items():
        own = survey.answers[survey.party == party, question] + 1
        interval = bootstrap_mean(own, draws=context.draws, random_state=context.seed)
        yield compare("anes96, people", f"mean place of {QUESTIONS[question]}, 1 to 7", NAMES[party], interval, paper=paper,
                      source="card", bar="within .01")  # fmt: skip
    for question, paper_d in ((0, None), (CLINTON, 0.9), (DOLE, None)):
        sides = [survey.answers[survey.party == party, question] for party in (DEMOCRAT, REPUBLICAN)]
        d = abs(cohens_d(*sides))
        yield compare("anes96, people", f"|d| between the sides, {QUESTIONS[question]}", "people", d, n=sum(map(len, sides)),
                      paper=paper_d, source="card, about" if paper_d else "", bar="within .05" if paper_d else "")  # fmt: skip


def perception_rows(context: Context, survey: Survey) -> Iterator[Comparison]:
    """Distance to people's answers in and out of the group, error of d, and each person's own answer; held-out people."""
    models = dict(_predicted(context, survey))
    scores = _Scores(context, survey)
    drawn = {
        name: scores.all_of(model) for name, model in context.track(list(models.items()), "persona models")
    }
    for name, parts in drawn.items():
        for metric, draws in parts.items():
            yield compare(SETTING, metric, name, _interval(draws, scores.n))
    for metric in drawn[NOTHING]:
        gap = drawn[NOTHING][metric] - drawn[IDEOLOGY][metric]
        yield compare(
            SETTING, f"{metric}, fall", f"{NOTHING} minus {IDEOLOGY}", _interval(gap, scores.n), bar="low > 0"
        )
    far = "Wasserstein, out-group"
    gap = drawn[OWN][far] - drawn[PARTY][far]
    yield compare(
        SETTING, f"{far}, difference", f"{OWN} minus {PARTY}", _interval(gap, scores.n), bar="low > 0"
    )
    gap = drawn[SHUFFLED][far] - drawn[IDEOLOGY][far]
    yield compare(
        SETTING, f"{far}, difference", f"{SHUFFLED} minus {IDEOLOGY}", _interval(gap, scores.n), bar="low > 0"
    )


def _predicted(context: Context, survey: Survey) -> Iterator[tuple[str, Predicted]]:
    party = one_hot(survey.party, 3)[:, 1:]
    own = survey.leaning[:, :1]
    everything = np.hstack([survey.numbers, party, own, own * party])
    n = len(survey.party)
    plans: Mapping[str, Array] = {
        NOTHING: np.zeros((n, 0)),
        DEMOGRAPHICS: survey.numbers,
        PARTY: np.hstack([survey.numbers, party]),
        IDEOLOGY: everything,
        OWN: own,
        SHUFFLED: everything[np.random.default_rng(context.seed).permutation(n)],
    }
    folds = deal_folds(range(n), random_state=context.seed)
    for name, columns in plans.items():
        yield (
            name,
            {question: _fitted(columns, survey.answers[:, question], folds) for question in (CLINTON, DOLE)},
        )


def _fitted(columns: Array, answers: Codes, folds: Codes) -> Array:
    """Return each person's answer probabilities from the other folds' proportional-odds model."""
    found = np.zeros((len(answers), N_OPTIONS))
    for fold in np.unique(folds):
        train, test = folds != fold, folds == fold
        if not columns.shape[1]:
            found[test] = np.bincount(answers[train], minlength=N_OPTIONS) / train.sum()
            continue
        model = PartialProportionalOdds().fit(columns[train], answers[train])
        found[np.ix_(test, model.categories_)] = model.predict_proba(columns[test])
    return found


class _Scores:
    """Every measure over the same draws of people; row 0 is everybody once."""

    def __init__(self, context: Context, survey: Survey) -> None:
        self.n = len(survey.party)
        counts = resample_counts(self.n, draws=context.draws, random_state=context.seed)
        self.counts = np.vstack([np.ones((1, self.n)), counts])
        self.sides = {party: (survey.party == party).astype(float) for party in NAMES}
        self.human = {
            question: one_hot(survey.answers[:, question], N_OPTIONS) for question in (CLINTON, DOLE)
        }

    def all_of(self, model: Predicted) -> dict[str, Array]:
        """Return each measure, shape (1 + draws,)."""
        sums = {
            (party, question): (self._sums(self.human[question], side), self._sums(model[question], side))
            for party, side in self.sides.items()
            for question in (CLINTON, DOLE)
        }
        apart = {key: wasserstein(*pair) for key, pair in sums.items()}
        gaps = [
            cohens_d_of_shares(sums[DEMOCRAT, CLINTON][who], sums[REPUBLICAN, CLINTON][who]) for who in (0, 1)
        ]
        return {
            "Wasserstein, in-group": np.mean([apart[key] for key in IN_GROUP], axis=0),
            "Wasserstein, out-group": np.mean([apart[key] for key in OUT_GROUP], axis=0),
            "error of d, ClinLR": np.abs(gaps[0] - gaps[1]),
            "ranked probability error of a person's answer": self._own_error(model),
        }

    def _sums(self, table: Array, side: Array) -> Array:
        return np.asarray((self.counts * side) @ table)

    def _own_error(self, model: Predicted) -> Array:
        """Mean over people and candidates of the Wasserstein distance between the forecast and the answer."""
        each = np.mean(
            [np.abs(np.cumsum(model[q] - self.human[q], axis=1)).sum(axis=1) for q in self.human], axis=0
        )
        return np.asarray(self.counts @ each / self.counts.sum(axis=1) / (N_OPTIONS - 1))


def _interval(draws: Array, n: int) -> Interval:
    return percentile_interval(float(draws[0]), draws[1:], 0.95, n, n)
