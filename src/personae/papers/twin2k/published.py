"""What the authors' files say, recomputed: statistics from moments, averages from outcomes, r from the answers here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from personae.metrics.paired import benjamini_hochberg
from personae.mind.twins import Agreement, agreement
from personae.papers.harness import Comparison, Context, compare
from personae.papers.twin2k.study import DATA, Array, Row, Study, number

LLM = "LLM twin, recorded"
ALL = "mega_study_published_all_specifications.csv.zst"
DEFAULT = "mega_study_published_default_persona.csv"
BY_SETTING = "mega_study_published_by_specification.csv"
EXPECTED = "expected_shared_correlations.csv"
SD_RATIOS = {  # the authors' average metrics; card
    "temperature_zero": 0.615, "with_reasoning": 0.669, "full_persona_without_reasoning": 0.634, "persona_summary": 0.623,
    "GPT5": 0.633, "gemini": 0.685, "deepseek": 0.734, "demographics_only": 0.575, "empty_persona": 0.446,
}  # fmt: skip


def recomputed_rows(context: Context, study: Study) -> Iterator[Comparison]:
    """Hold r of the answers here, and the formulas of CI, t and F, against the published tables."""
    here = agreement(study.human, study.twin, study.spans)
    yield from _against_expected(context, study, here)
    rows = context.rows(DATA, DEFAULT)
    published = _moments(rows)
    low, high = published.r_interval()
    for metric, ours, names in (
        ("CI", (low, high), ("CI_lower", "CI_upper")),
        ("t", (published.t,), ("t",)),
        ("F", (published.f,), ("F",)),
    ):
        theirs = [_column(rows, name) for name in names]
        gap = max(float(np.max(np.abs(a - b))) for a, b in zip(ours, theirs, strict=True))
        yield compare("published outcomes", f"largest |{metric} - published|", "from published r, means and sds", gap,
                      n=len(rows), bar="<= 1e-9")  # fmt: skip
    yield from _differing(here, published)


def _against_expected(context: Context, study: Study, here: Agreement) -> Iterator[Comparison]:
    if context.limit is not None:
        return
    expected = {(row["study_name"], row["variable_name"]): row for row in context.rows(DATA, EXPECTED)}
    for metric, ours, bar in (("r", here.r, "<= 1e-5"), ("n", here.n, "<= 0"), ("mean_human", here.mean_human, "<= 1e-5"),
                              ("mean_twin", here.mean_twin, "<= 1e-5")):  # fmt: skip
        theirs = np.array([number(expected[outcome][metric]) for outcome in study.outcomes])
        gap = float(np.nanmax(np.abs(ours - theirs)))
        yield compare("shared people", f"largest |{metric} - expected|", LLM, gap, n=len(theirs), bar=bar)
    published = {
        (row["study_name"], row["variable_name"]): number(row["r"])
        for row in context.rows(DATA, ALL)
        if row["persona specification"] == "with_reasoning" and row["study_name"] == "hiring algorithms"
    }
    published = {
        **{
            (row["study_name"], row["variable_name"]): number(row["r"]) for row in context.rows(DATA, DEFAULT)
        },
        **published,
    }
    theirs = np.array([published[outcome] for outcome in study.outcomes])
    low, high = here.r_interval()
    known = ~np.isnan(here.r)
    inside = ((low <= theirs) & (theirs <= high))[known]
    yield compare("shared people", "outcomes whose published r lies in our 95% CI, %", LLM, 100 * inside.mean(),
                  n=int(known.sum()), bar=">= 95")  # fmt: skip


def _differing(here: Agreement, published: Agreement) -> Iterator[Comparison]:
    """How many outcomes have means, and variances, apart from the people's: the tests, as one family each."""
    for metric, place in (("means apart (t)", 0), ("variances apart (F)", 1)):
        ours, theirs = (_rejected(each.p_values()[place]) for each in (here, published))
        yield compare("shared people", f"outcomes with {metric}, BH .05, %", LLM, ours, n=len(here.n), paper=theirs,
                      source="published t and F, all people")  # fmt: skip
    lower = 100 * float(np.mean(here.sd_twin < here.sd_human))
    theirs = 100 * float(np.mean(published.sd_twin < published.sd_human))
    yield compare("shared people", "outcomes where twins vary less than people, %", LLM, lower, n=len(here.n),
                  paper=theirs, source="published sds, all people")  # fmt: skip


def setting_rows(context: Context) -> Iterator[Comparison]:
    """Average the published outcomes of every language model setting: mean r, accuracy, sd ratio."""
    outcomes: dict[str, list[Row]] = {}
    for row in context.rows(DATA, ALL):
        outcomes.setdefault(row["persona specification"], []).append(row)
    averages = {row["persona specification"]: row for row in context.rows(DATA, BY_SETTING)}
    for setting, rows in outcomes.items():
        r, accuracy = (float(np.nanmean(_column(rows, name))) for name in ("r", "accuracy"))
        ratio = float(np.mean(_column(rows, "std_twin") / _column(rows, "std_human")))
        for metric, value, name in (
            ("mean r", r, "correlation between the responses from humans vs. their twins"),
            ("accuracy", accuracy, "accuracy between humans vs. their twins"),
        ):
            yield compare("published setting", metric, setting, value, n=len(rows), paper=number(averages[setting][name]),
                          source=BY_SETTING, bar="within .0001")  # fmt: skip
        known = SD_RATIOS.get(setting)
        yield compare("published setting", "sd ratio", setting, ratio, n=len(rows), paper=known,
                      source="card" if known else "", bar="within .001" if known else "")  # fmt: skip


def flagged(context: Context, study: Study, flag: str) -> tuple[NDArray[np.intp], float]:
    """Return which outcomes carry a flag of the authors, and their mean published r."""
    rows = {(row["study_name"], row["variable_name"]): row for row in context.rows(DATA, DEFAULT)}
    marked = np.array([rows[outcome][flag] == "1" for outcome in study.outcomes])
    published = [number(row["r"]) for row in rows.values() if row[flag] == "1"]
    return np.flatnonzero(marked), float(np.mean(published))


def _moments(rows: Sequence[Row]) -> Agreement:
    names = ("n", "r", "accuracy", "mean_human", "mean_twin", "std_human", "std_twin")
    return Agreement(*(_column(rows, name) for name in names))


def _column(rows: Sequence[Row], name: str) -> Array:
    return np.array([number(row[name]) for row in rows])


def _rejected(p_values: Array) -> float:
    return 100 * float(np.mean(benjamini_hochberg(np.nan_to_num(p_values, nan=1.0)) <= 0.05))
