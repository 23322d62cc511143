"""How good the readers that ship are: what `training/` measured on people they were not fitted on, as it was written."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from personae.models.encoder import HOME
from personae.report import Bin, Quality


def measured_rows() -> list[dict[str, Any]]:
    """Return the rows of `models/home/evaluation.json`, in the layout of `results.json`."""
    rows: list[dict[str, Any]] = _evaluation()["rows"]
    return rows


def measured_quality() -> tuple[Quality, ...]:
    """Return what a report says of how good such guesses are, by attribute, collection and kind of claim."""
    return tuple(
        Quality(**{**row, "bins": tuple(Bin(**each) for each in row["bins"])}) for row in _evaluation()["quality"]
    )


@lru_cache(maxsize=1)
def _evaluation() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HOME / "evaluation.json").read_text(encoding="utf-8"))
    return found
