"""Tasks without a target: groups, outliers, components; each judged on rows that were not fitted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from personae.ask._build import Array, categories, columns_of, encode
from personae.ask.engineer import LEAST, Outcome, Score
from personae.ask.petel import PeTEL
from personae.ask.table import Table
from personae.errors import BadInput
from personae.metrics.folds import deal_folds

ROWS = 4000  # fitted and judged at most, half each
GROUPS = range(2, 9)
DIMENSIONS = 2


def explore(petel: PeTEL, table: Table) -> Outcome:
    """Fit groups, outliers or components on one half of the rows, or of the people, and judge them on the other.

    Notes
    -----
    Silhouette: of the held-out rows in the groups found on the others; the number of groups, 2 to 8, is chosen within the
    fitted half. Stability: Pearson r of the ranks that two forests, fitted on disjoint quarters, give held-out rows.
    Explained variance: of the held-out rows, by two components.
    """
    names = tuple(petel.features or ())
    if table.n_rows < LEAST or not names:
        raise BadInput(
            f"{table.n_rows} rows and {len(names)} features; at least {LEAST} rows and one feature are needed."
        )
    random = np.random.default_rng(petel.random_state)
    rows = random.permutation(table.n_rows)[:ROWS]
    kinds = {column.name: column.kind for column in table.look().columns}
    matrix, is_held = encode(table.take(rows), names), _is_held(petel, table, rows)
    step = columns_of(categories(kinds, table, names), scale=True).fit(matrix[~is_held])
    known, held = step.transform(matrix[~is_held]), step.transform(matrix[is_held])
    found = {
        "clustering": _groups, "anomaly detection": _outliers, "dimensionality reduction": _components
    }[str(petel.problem_type)]  # fmt: skip
    compared, score, told = found(known, held, petel.random_state)
    return Outcome(petel, compared, score.method, (score,), None, len(known), len(held), predicted=told)


def _is_held(petel: PeTEL, table: Table, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which of the rows are judged: the later half, or all rows of half of the people."""
    split = petel.data_split
    if split is None or split.kind != "person":
        return np.arange(len(rows)) >= len(rows) // 2
    people = table.columns[split.column][rows].astype(str).tolist()
    return np.asarray(deal_folds(people, n_folds=2, random_state=petel.random_state) == 0)


def _groups(known: Array, held: Array, random_state: int) -> tuple[tuple[Score, ...], Score, Array]:
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    models = [KMeans(k, n_init=3, random_state=random_state).fit(known) for k in GROUPS if k < len(known)]
    scores = [float(silhouette_score(known, model.labels_)) for model in models]
    best = int(np.argmax(scores))
    labels = models[best].predict(held)
    value = float(silhouette_score(held, labels)) if len(np.unique(labels)) > 1 else float("nan")
    compared = tuple(Score("k_means", "silhouette", score) for score in scores)
    return compared, Score("k_means", "silhouette", value), labels.astype(float)


def _outliers(known: Array, held: Array, random_state: int) -> tuple[tuple[Score, ...], Score, Array]:
    from sklearn.ensemble import IsolationForest

    parts = (known[::2], known[1::2])
    told = [-IsolationForest(random_state=random_state).fit(part).score_samples(held) for part in parts]
    value = float(np.corrcoef(_ranks(told[0]), _ranks(told[1]))[0, 1])
    return (), Score("isolation", "stability", value), (told[0] + told[1]) / 2


def _components(known: Array, held: Array, random_state: int) -> tuple[tuple[Score, ...], Score, Array]:
    from sklearn.decomposition import PCA

    model = PCA(min(DIMENSIONS, known.shape[1]), random_state=random_state).fit(known)
    placed = model.transform(held)
    lost = ((held - model.inverse_transform(placed)) ** 2).sum()
    value = 1 - float(lost / ((held - model.mean_) ** 2).sum())
    return (), Score("components", "explained_variance", value), placed[:, 0]


def _ranks(values: Array) -> NDArray[np.intp]:
    return np.argsort(np.argsort(values))
