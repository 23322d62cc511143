"""The sides: what each learns from training people, as a function from people and their a to P(y = 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.cdsae import SequentialAutoencoder, audit_fairness
from personae.errors import MissingExtra
from personae.metrics.logistic import log_odds, sigmoid
from personae.papers.cdsae.cohorts import Cohorts

Array = NDArray[np.float64]
Predict = Callable[[Array, Array], Array]
UNAWARE, AWARE = "logistic regression, unaware", "logistic regression, aware"
BOOSTING, BOOSTING_AWARE = "boosting, unaware", "boosting, aware"
REDUCTION = "fairlearn reduction, parity"
CDSAE, UNFAIR, TIMELESS = "sequential autoencoder", "ablation: no fairness", "ablation: no time"
UNCURVED = "ablation: no logistic curve"
SHUFFLED = "control: a shuffled in training"
N_PEOPLE = 12_000  # drawn anew from the training domains for each seed
ROUNDS = 15
LABEL_WEIGHTS = (10.0, 20.0)
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4)  # of the label's weight, for fairness
GRID = tuple(product(LABEL_WEIGHTS, SHARES))
EFFECT_LEFT, ACCURACY_LOST = 0.5, 0.02  # the bars: of the unaware model's effect, and of its accuracy


def classical(people: Cohorts, rows: NDArray[np.intp], *, is_reduced: bool) -> Iterator[tuple[str, Predict]]:
    """Yield linear and boosted sides, and fairlearn's reduction where it is asked for."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    x, a, y = people.x[rows], people.a[rows], people.y[rows]
    both = np.column_stack([x, a])
    yield UNAWARE, without(LogisticRegression(max_iter=300).fit(x, y))
    yield AWARE, _with(LogisticRegression(max_iter=300).fit(both, y))
    yield BOOSTING, without(HistGradientBoostingClassifier(random_state=0).fit(x, y))
    yield BOOSTING_AWARE, _with(HistGradientBoostingClassifier(random_state=0).fit(both, y))
    if is_reduced:
        yield REDUCTION, _reduced(x, a, y)


def sequential(
    people: Cohorts,
    rows: NDArray[np.intp],
    seed: int,
    settings: Mapping[str, Any],
    *,
    is_shuffled: bool = False,
) -> SequentialAutoencoder:
    """Return a sequential autoencoder of these people, `a` dealt out at random where it is to be a control."""
    a = np.random.default_rng(seed).permutation(people.a[rows]) if is_shuffled else people.a[rows]
    model = SequentialAutoencoder(blocks=people.blocks, random_state=seed, **settings)
    return model.fit(people.x[rows], a, people.y[rows], people.domain[rows])


def judge(
    people: Cohorts, rows: NDArray[np.intp], seed: int, settings: Mapping[str, Any]
) -> SequentialAutoencoder:
    """Return the model that draws the twins all sides are held against: y weighs as one more column, fairness nothing."""
    return sequential(people, rows, 1000 + seed, {"fairness": 0.0, "label_weight": 1.0, **settings})


@dataclass(frozen=True, slots=True)
class Chosen:
    """The weights that were chosen, their model, and what it does on the validated cohort beside the unaware one."""

    label_weight: float
    fairness: float
    effect_left: float
    accuracy_less: float
    model: SequentialAutoencoder

    @property
    def nearness(self) -> float:
        """How near the worse of the two bars is; 1 is at it."""
        return max(self.effect_left / EFFECT_LEFT, -self.accuracy_less / ACCURACY_LOST)


def choose(
    people: Cohorts,
    rows: NDArray[np.intp],
    seed: int,
    twin_maker: SequentialAutoencoder,
    unaware: Predict,
    settings: Mapping[str, Any],
    grid: Sequence[tuple[float, float]] = GRID,
) -> Chosen:
    """Return the weights that stay farthest from both bars on the validated cohort, by the nearer one; first where equal.

    `grid` holds pairs: the label's weight, and the share of it that fairness has.
    """
    x, a, y, domain = (each[people.validated] for each in (people.x, people.a, people.y, people.domain))
    twins = twin_maker.twins(x, a, domain)
    base = audit_fairness(unaware, x, a, y, twins)
    tried = []
    for label_weight, share in grid:
        weights = {"label_weight": label_weight, "fairness": share * label_weight}
        model = sequential(people, rows, seed, {**weights, **settings})
        found = audit_fairness(model.probability, x, a, y, twins)
        left, less = found.total_effect / base.total_effect, found.accuracy - base.accuracy
        tried.append(Chosen(label_weight, share * label_weight, left, less, model))
    return min(tried, key=lambda each: each.nearness)


def uncurved(model: SequentialAutoencoder) -> Predict:
    """Return the model's probabilities as they were before the logistic curve."""
    curve = model.curve_
    return lambda x, a: sigmoid(
        (log_odds(model.probability(x, a), margin=1e-9) - curve.intercept) / curve.slope
    )


def drawn(people: Cohorts, seed: int, n_people: int) -> NDArray[np.intp]:
    """Return a seed's training people: at most `n_people`, and at most four of five."""
    rows = people.training
    return np.random.default_rng(seed).permutation(rows)[: min(n_people, len(rows) * 4 // 5)]


def _reduced(x: Array, a: NDArray[np.intp], y: NDArray[np.intp]) -> Predict:
    """Exponentiated gradient of Agarwal et al. (2018), arXiv 1803.02453; P(y = 1) is the mixture's mean decision."""
    try:
        from fairlearn.reductions import DemographicParity, ExponentiatedGradient
    except ImportError as error:
        raise MissingExtra("The reductions need fairlearn: pip install 'personae[learn]'.") from error
    from sklearn.linear_model import LogisticRegression

    found = ExponentiatedGradient(LogisticRegression(max_iter=300), DemographicParity(), max_iter=ROUNDS)
    found.fit(x, y, sensitive_features=a)
    mixed = [
        (model, weight) for model, weight in zip(found.predictors_, found.weights_, strict=True) if weight > 0
    ]
    return lambda x, a: np.clip(sum(weight * model.predict(x) for model, weight in mixed), 0, 1)


def without(model: Any) -> Predict:
    """Return a scikit-learn classifier as a predictor that is not shown a."""
    return lambda x, a: model.predict_proba(x)[:, 1]


def _with(model: Any) -> Predict:
    return lambda x, a: model.predict_proba(np.column_stack([x, a]))[:, 1]
