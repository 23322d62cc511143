"""The sides: what each learns from training people, as a function from people and their a to P(y = 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.cdsae import SequentialAutoencoder, audit_fairness
from personae.errors import MissingExtra
from personae.papers.cdsae.cohorts import Cohorts

Array = NDArray[np.float64]
Predict = Callable[[Array, Array], Array]
UNAWARE, AWARE = "logistic regression, unaware", "logistic regression, aware"
BOOSTING, BOOSTING_AWARE = "boosting, unaware", "boosting, aware"
REDUCTION = "fairlearn reduction, parity"
CDSAE, UNFAIR, TIMELESS = "sequential autoencoder", "ablation: no fairness", "ablation: no time"
SHUFFLED = "control: a shuffled in training"
N_PEOPLE = 12_000  # drawn anew from the training domains for each seed
ROUNDS = 15
WEIGHTS = (0.002, 0.005, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9)
TARGET = 0.4  # the bar is half, on people not seen then


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


def fair_enough(
    people: Cohorts,
    rows: NDArray[np.intp],
    seed: int,
    twin_maker: SequentialAutoencoder,
    unaware: Predict,
    settings: Mapping[str, Any],
) -> tuple[float, SequentialAutoencoder]:
    """Return the least weight whose total effect on the validated cohort is `TARGET` of the unaware model's, and its model.

    By halving `WEIGHTS`, since the effect falls as the weight grows; the greatest weight where none is enough.
    """
    x, a, y, domain = (each[people.validated] for each in (people.x, people.a, people.y, people.domain))
    twins = twin_maker.twins(x, a, domain)
    wanted = TARGET * audit_fairness(unaware, x, a, y, twins).total_effect
    low, high, models = 0, len(WEIGHTS) - 1, {}
    while low < high:
        middle = (low + high) // 2
        models[middle] = sequential(people, rows, seed, {"fairness": WEIGHTS[middle], **settings})
        effect = audit_fairness(models[middle].probability, x, a, y, twins).total_effect
        low, high = (low, middle) if effect <= wanted else (middle + 1, high)
    if low not in models:
        models[low] = sequential(people, rows, seed, {"fairness": WEIGHTS[low], **settings})
    return WEIGHTS[low], models[low]


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
