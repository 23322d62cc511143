"""Papers as pictures, in a file or a page: how far confidences can be trusted, and what defences buy and cost."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.calibration import reliability_bins, risk_coverage
from personae.papers.harness import Context, paper
from personae.papers.table import load, write_whole
from personae.report import figures, plots
from personae.report.plots import Bin, Kept

Kind = Literal["reliability", "risk-coverage"]
Confidences = Mapping[
    str, tuple[NDArray[np.float64], NDArray[np.float64]]
]  # by name: claimed in [0, 1], right 0 or 1
MOST_POINTS = 200


def confidences_of(slug: str, context: Context) -> Confidences:
    """Return the recorded confidences of a paper that has some, or those of the model that the context names.

    Raises
    ------
    BadInput
        When the paper has none, or the model gave none.
    """
    title = paper(slug).title
    found = getattr(import_module(f"personae.papers.{slug}.experiment"), "confidences", None)
    if found is None:
        raise BadInput(
            f"{title} has neither recorded confidences nor defence curves to draw. knowwhatknow, thinkingoutloud and "
            "personaljudge have the first, distinfer the second."
        )
    named: Confidences = {name: pair for name, pair in found(context).items() if len(pair[0])}
    if not named:
        raise BadInput(
            f"{context.model} gave no confidence with any answer, so that there is nothing to draw."
        )
    return named


def draw(slug: str, confidences: Confidences, path: Path, *, kind: Kind = "reliability") -> None:
    """Write a picture; as inline SVG in a page where the path ends in .html, else by matplotlib.

    Parameters
    ----------
    slug : str
    confidences : mapping from a name to (confidences, right), arrays of one length
    path : Path
        Ends in .html, .png, .svg or .pdf.
    """
    title = paper(slug).title
    is_page = path.suffix.lower() == ".html"
    if kind == "reliability":
        bins = [
            (name, [Bin(each.probability, each.right, each.n) for each in reliability_bins(*pair)])
            for name, pair in confidences.items()
        ]
        if not is_page:
            figures.draw_reliability(bins, path, title=title)
            return
        picture = plots.reliability(bins, title=title)
    else:
        curves = [(name, _points(*pair)) for name, pair in confidences.items()]
        if not is_page:
            figures.draw_risk_coverage(curves, path, title=title)
            return
        picture = plots.risk_coverage(curves, title=title)
    _write_page(path, title, kind, picture, list(confidences))


def has_curves(slug: str) -> bool:
    """Whether a paper has defence curves among its saved rows."""
    return hasattr(import_module(f"personae.papers.{paper(slug).slug}.experiment"), "curves")


def draw_curves(slug: str, path: Path) -> None:
    """Write the defence curves of a paper's saved rows: attack success against accuracy, as each defence grows.

    Raises
    ------
    BadInput
        When the paper has none, or no saved rows.
    """
    chosen = paper(slug)
    if not has_curves(slug):
        raise BadInput(f"{chosen.title} has no defence curves. distinfer has.")
    curves: Mapping[str, Sequence[Kept]] = import_module(f"personae.papers.{slug}.experiment").curves(
        load(chosen).rows
    )
    series = list(curves.items())
    if path.suffix.lower() == ".html":
        picture = plots.defences(series, title=chosen.title)
        _write_page(path, chosen.title, "defences", picture, list(curves))
    else:
        figures.draw_defences(series, path, title=chosen.title)


def _write_page(path: Path, title: str, kind: str, picture: str, names: Sequence[str]) -> None:
    listed = "".join(f"<li>{html.escape(name)}</li>" for name in names)
    write_whole(
        path,
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>\n'
        f"<h1>{html.escape(title)}</h1>\n<p>{kind}</p>\n{picture}\n<ol>{listed}</ol>\n</html>\n",
    )


def _points(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> list[tuple[float, float]]:
    curve = risk_coverage(confidence, right)
    kept = np.unique(np.linspace(0, len(curve.risk) - 1, MOST_POINTS).astype(int))
    return [(float(curve.coverage[i]), float(curve.risk[i])) for i in kept]
