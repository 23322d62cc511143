"""FICO's home equity lines of credit: the authors' processing and action set, and three models of who repays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.responsiveness import (
    ActionSet,
    Feature,
    Linked,
    Reachability,
    Thermometer,
    infer_features,
)
from personae.audit.responsiveness.constraints import Constraint
from personae.errors import BadInput, MissingExtra
from personae.papers.harness import Context
from personae.papers.responsiveness.german import DATA

Array = NDArray[np.float64]
RAW = (
    "AverageMInFile", "ExternalRiskEstimate", "MaxDelqEver", "MaxDelq2PublicRecLast12M", "MSinceMostRecentDelq",
    "NumTotalTrades", "NetFractionInstallBurden", "NetFractionRevolvingBurden", "MSinceOldestTradeOpen",
    "MSinceMostRecentTradeOpen", "PercentInstallTrades", "NumInstallTradesWBalance", "NumRevolvingTradesWBalance",
    "NumBank2NatlTradesWHighUtilization",
)  # fmt: skip
CONTINUOUS = {
    "NetFractionRevolvingBurden": -1,
    "NetFractionInstallBurden": -1,
    "AverageMInFile": 1,
}  # its direction
TRADES = (2, 3, 5, 7)
BURDENS = (10, 20, 50)
DELINQUENT = (1, 3, 5)
FIXED = (
    "AnyDerogatoryComment", "NoDelqEver", "YearsOfAccountHistory", "AnyTrade120DaysDelq", "AnyTrade90DaysDelq",
    "AnyTrade60DaysDelq", "AnyTrade30DaysDelq",
)  # fmt: skip
DOWN = (
    "YearsSinceLastDelqTrade_leq", "NetFractionRevolvingBurden_geq", "NetFractionInstallBurden_geq",
    "NumRevolvingTradesWBalance_geq", "NumRevolvingTrades_geq", "NumInstallTradesWBalance_geq", "NumInstallTrades_geq",
    "NumBank2NatlTradesWHighUtilizationGeq2",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fico:
    """Processed people: `names` and `people` of shape (n_people, 42), `repaid`, and `raw` columns by name."""

    names: tuple[str, ...]
    people: Array
    repaid: NDArray[np.int64]
    raw: Mapping[str, Array]

    def halves(self, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rows to learn from (four fifths) and to judge on (one fifth), people with equal values on one side."""
        _, alike = np.unique(self.people, axis=0, return_inverse=True)
        fold = np.random.default_rng(seed).integers(5, size=alike.max() + 1)[alike]
        return np.flatnonzero(fold != 4), np.flatnonzero(fold == 4)


def load(context: Context) -> Fico:
    """Read and process the people: those with no record (-9) or no usable value (-8) in 14 columns are left out."""
    table = context.rows(DATA, "fico_data.csv.gz")
    raw = {name: np.array([float(row[name]) for row in table]) for name in (*RAW, "RiskPerformance")}
    kept = ~np.any([np.isin(raw[name], (-9, -8)) for name in raw], axis=0)
    raw = {name: column[kept] for name, column in raw.items()}
    columns = dict(_columns(raw))
    return Fico(
        tuple(columns),
        np.column_stack(list(columns.values())).astype(float),
        raw["RiskPerformance"].astype(int),
        raw,
    )


def _columns(raw: Mapping[str, Array]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the features as published, the twin columns of `YearsSinceLastDelqTrade` among them."""
    for t in (40, 50, 60, 70, 80):
        yield f"ExternalRiskEstimate_geq_{t}", raw["ExternalRiskEstimate"] >= t
    yield "YearsOfAccountHistory", np.round(raw["MSinceOldestTradeOpen"] / 12)
    for t in (3, 5, 7):
        yield f"AvgYearsInFile_geq_{t}", np.round(raw["AverageMInFile"] / 12) >= t
    recent = np.round(raw["MSinceMostRecentTradeOpen"] / 12)
    yield "MostRecentTradeWithinLastYear", recent <= 1
    yield "MostRecentTradeWithinLast2Years", recent <= 2
    yield "AnyDerogatoryComment", raw["MaxDelqEver"] == 2
    for code, days in ((3, 120), (4, 90), (5, 60), (6, 30)):
        yield f"AnyTrade{days}DaysDelq", raw["MaxDelqEver"] == code
    never = raw["MSinceMostRecentDelq"] == -7
    yield "NoDelqEver", never
    for t in DELINQUENT:
        yield f"YearsSinceLastDelqTrade_leq_{t}", never & (raw["MSinceMostRecentDelq"] <= 12 * t)
    install = raw["NumTotalTrades"] * raw["PercentInstallTrades"] / 100
    for t in TRADES:
        yield f"NumInstallTrades_geq_{t}", install >= t
        yield f"NumInstallTradesWBalance_geq_{t}", raw["NumInstallTradesWBalance"] >= t
        yield f"NumRevolvingTrades_geq_{t}", raw["NumTotalTrades"] - install >= t
        yield f"NumRevolvingTradesWBalance_geq_{t}", raw["NumRevolvingTradesWBalance"] >= t
    for name in ("NetFractionInstallBurden", "NetFractionRevolvingBurden"):
        for t in BURDENS:
            yield f"{name}_geq_{t}", raw[name] >= t
    yield "NumBank2NatlTradesWHighUtilizationGeq2", raw["NumBank2NatlTradesWHighUtilization"] >= 2


def action_set(fico: Fico) -> ActionSet:
    """Return the authors' action set `complex_nD`."""
    features = tuple(_feature(each) for each in infer_features(fico.names, fico.people))
    return ActionSet(features, tuple(_constraints()))


def continuous_actions(fico: Fico) -> tuple[ActionSet, Array]:
    """Return an action set over raw values, three of them continuous and actionable, and the people under it."""
    people = np.column_stack([fico.raw[name] for name in RAW])
    features = tuple(
        Feature(name, "float", name in CONTINUOUS, float(column.min()), float(column.max()), CONTINUOUS.get(name, 0))
        for name, column in zip(RAW, people.T, strict=True)
    )  # fmt: skip
    return ActionSet(features), people


def models(seed: int, *, quick: bool = False) -> dict[str, Any]:
    """Return unfitted models by name; the scaler is part of the one that needs it."""
    try:
        from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        raise MissingExtra("These models need scikit-learn: pip install 'personae[learn]'.") from None
    found = {"logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))}
    if not quick:
        found["forest"] = RandomForestClassifier(60, min_samples_leaf=5, max_depth=10, random_state=seed)
        found["boosting"] = GradientBoostingClassifier(n_estimators=100, max_depth=3, random_state=seed)
    return found


def _feature(inferred: Feature) -> Feature:
    name = inferred.name
    if name in FIXED or name.startswith("ExternalRiskEstimate"):
        return replace(inferred, actionable=False)
    direction = -1 if name.startswith(DOWN) else 1 if name.startswith("AvgYearsInFile_geq") else 0
    if inferred.kind != "bool":
        raise BadInput(
            f"responsiveness/fico_data.csv.gz: {name} should hold 0 and 1. Run `personae data verify`."
        )
    return replace(inferred, direction=direction)


def _constraints() -> Iterator[Constraint]:
    for kind in ("Revolving", "Install"):
        for t in TRADES:
            target = {f"Num{kind}Trades_geq_{t}": 1.0}
            yield Linked(f"Num{kind}TradesWBalance_geq_{t}", target, keep_bounds=True)
    for t in DELINQUENT:
        yield Linked(f"YearsSinceLastDelqTrade_leq_{t}", {"YearsOfAccountHistory": -float(t)})
    yield Reachability(
        ("MostRecentTradeWithinLastYear", "MostRecentTradeWithinLast2Years"),
        ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)),
        ((1, 0, 0, 1), (0, 1, 0, 1), (0, 0, 1, 1), (1, 0, 0, 1)),
    )
    groups = {
        "YearsSinceLastDelqTrade_leq": (DELINQUENT, -1),
        "AvgYearsInFile_geq": ((3, 5, 7), 1),
        "NetFractionRevolvingBurden_geq": (BURDENS, -1),
        "NetFractionInstallBurden_geq": (BURDENS, -1),
        **{f"Num{kind}_geq": (TRADES, -1) for kind in ("RevolvingTradesWBalance", "RevolvingTrades")},
        **{f"Num{kind}_geq": (TRADES, -1) for kind in ("InstallTradesWBalance", "InstallTrades")},
    }
    for stem, (levels, direction) in groups.items():
        yield Thermometer(tuple(f"{stem}_{t}" for t in levels), direction)
