"""From scores of subjects to rows: thresholds from ten known subjects, who are not scored themselves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.subjectmi import choose_threshold
from personae.audit.subjectmi.attacks import Aim
from personae.metrics.calibration import auroc
from personae.metrics.intervals import bootstrap_mean
from personae.papers.harness import Comparison, Context, compare

N_KNOWN = 10  # card; half of them members
LOW_RATE = 0.1
AIMS: dict[str, Aim] = {"F1": "f1", "F1, cut midway": "midway"}
LIKELIER = "F1, cut where likelier in"  # of scores that are log-likelihood ratios
FIRST, FIRST_CALIBRATED = "attack 1", "attack 1, calibrated"
METRICS = ("AUC", "F1", "F1, cut midway", "TPR at FPR .1")


def known_subjects(is_member: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.bool_]:
    """Draw each federation's known subjects, five members and five others; shape as `is_member`."""
    known = np.zeros_like(is_member)
    for row, members in zip(known, is_member, strict=True):
        for side in (True, False):
            row[random.permutation(np.flatnonzero(members == side))[: N_KNOWN // 2]] = True
    return known


def score_rows(
    context: Context,
    setting: str,
    method: str,
    scores: ArrayLike,
    is_member: NDArray[np.bool_],
    known: NDArray[np.bool_],
    bars: dict[str, str] | None = None,
    *,
    only: tuple[str, ...] = METRICS,
) -> Iterator[Comparison]:
    """AUC, F1 and TPR on subjects that are not known, one value a federation; intervals over federations."""
    table = np.asarray(scores, dtype=float)
    values: dict[str, list[float]] = {name: [] for name in (*METRICS, LIKELIER)}
    for score, member, given in zip(table, is_member, known, strict=True):
        unseen, truth = score[~given], member[~given]
        values["AUC"].append(auroc(unseen, truth))
        for name, aim in AIMS.items():
            values[name].append(
                _f1(choose_threshold(score[given], member[given], aim=aim).decide(unseen), truth)
            )
        values[LIKELIER].append(_f1(unseen > 0, truth))
        values["TPR at FPR .1"].append(
            float((unseen[truth] > np.quantile(unseen[~truth], 1 - LOW_RATE)).mean())
        )
    for metric in only:
        found = bootstrap_mean(values[metric], draws=context.draws, random_state=context.seed)
        paper, source = CARD.get((method, metric), (None, ""))
        yield compare(setting, metric, method, found, n=int((~known).sum()), paper=paper, source=source,
                      bar=(bars or {}).get(metric, ""))  # fmt: skip


def auc_row(
    context: Context,
    setting: str,
    method: str,
    scores: NDArray[np.float64],
    is_member: NDArray[np.bool_],
    bar: str = "",
) -> Comparison:
    """Return the AUC, one value a federation, on all subjects."""
    values = [auroc(score, member) for score, member in zip(scores, is_member, strict=True)]
    found = bootstrap_mean(values, draws=context.draws, random_state=context.seed)
    return compare(setting, "AUC", method, found, n=is_member.size, bar=bar)


def _f1(said: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(2 * (said & truth).sum() / (said.sum() + truth.sum()))


CARD = {
    ("attack 1", "AUC"): (0.815, "card, naive, one party"),
    ("attack 1", "F1"): (0.683, "card, naive, one party"),
}
