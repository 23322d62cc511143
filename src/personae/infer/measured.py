"""How good the readers that ship are: what `training/` measured on people they were not fitted on, as it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from personae.infer.stated import home_precision, implied_counts
from personae.metrics.intervals import share
from personae.models.encoder import HOME
from personae.people.records import Status
from personae.report import Bin, Quality

TOGETHER = "all collections, statement by statement"


def measured_rows() -> list[dict[str, Any]]:
    """Return the rows of `models/home/evaluation.json`, in the layout of `results.json`."""
    rows: list[dict[str, Any]] = _evaluation()["rows"]
    return rows


def measured_quality() -> tuple[Quality, ...]:
    """Return what a report says of how good such guesses are, by attribute, collection and kind of claim.

    Notes
    -----
    An interval is at least as wide as Wilson's, which a bootstrap of few right answers is not: of three in three it says 100%
    to 100%. Below `LEAST_TRIALS` there is none. Stated claims of one collection are few, so that what `measure_stated.py`
    counted on all of its collections, on people whom the rules were not written on, stands beside them.
    """
    return (*_together(), *map(_quality, _evaluation()["quality"]))


def _quality(row: dict[str, Any]) -> Quality:
    found = share(row["n"] * row["accuracy"], row["n"])
    shown = share(row["shown_n"] * row["shown"], row["shown_n"]) if row["shown_n"] else None
    return Quality(
        **row
        | {
            "bins": tuple(Bin(**each) for each in row["bins"]),
            "low": min(row["low"], found.low) if found else None,
            "high": max(row["high"], found.high) if found else None,
            "shown_low": shown.low if shown else None,
            "shown_high": shown.high if shown else None,
        }
    )


def _together() -> Iterator[Quality]:
    """Yield how often what was read as stated was right, one row an attribute, and what was read as implied."""
    counts = home_precision()
    for name, (right, all_) in counts.attributes.items():
        yield _counted(name, "stated", right, all_)
    for name, (right, all_) in implied_counts(counts).items():
        yield _counted(name, "inferred", right, all_, "implied")


def _counted(name: str, status: Status, right: int, all_: int, method: str = "") -> Quality:
    found = share(right, all_)
    low, high = (found.low, found.high) if found else (None, None)
    return Quality(name, TOGETHER, status, all_, right / all_, low, high, method=method)


@lru_cache(maxsize=1)
def _evaluation() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HOME / "evaluation.json").read_text(encoding="utf-8"))
    return found
