"""The summary as one self-contained page: task, warnings, scores, pictures as inline SVG; no script, no row of the table."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from personae.ask._build import Array
from personae.ask.engineer import Outcome
from personae.ask.script import write_whole
from personae.ask.summary import METHOD_NAMES, Asked, scored, task_in_words
from personae.errors import MissingExtra
from personae.report.person import style
from personae.report.plots import Bin, reliability

BINS = 10
LEAST_IN_BIN = 10  # rows, so that no dot of a picture is a single person
_HEAD = Markup(
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
    '<title>{title}</title>\n<style>{css}</style>\n</head>\n<body>\n<main class="wide" id="main">\n'
)


def write_page(asked: Asked, path: Path) -> None:
    """Write the page in one step.

    Raises
    ------
    MissingExtra
        Without matplotlib, which draws.
    """
    write_whole(path, render_page(asked))


def render_page(asked: Asked) -> str:
    """Return the page as one HTML text."""
    outcome, petel = asked.outcome, asked.petel
    title = petel.objective or task_in_words(petel)
    warned = Markup("").join(Markup("<li>{}</li>").format(each) for each in asked.warnings)
    advised = Markup("").join(Markup("<li>{}</li>").format(each) for each in asked.summary.recommendations)
    pictures = Markup("\n").join(
        Markup("<figure><figcaption>{}</figcaption>{}</figure>").format(name, svg)
        for name, svg in _pictures(outcome)
    )
    body = Markup(
        "<h1>{}</h1>\n<p class=\"lead\">{}</p>\n<h2>What to mind</h2>\n<ul>{}</ul>\n<h2>Result</h2>\n<p>{}</p>\n{}\n{}\n"
        "<h2>Next</h2>\n<ul>{}</ul>\n<h2>The task, slot by slot</h2>\n<pre>{}</pre>\n</main>\n</body>\n</html>\n"
    ).format(
        title, task_in_words(petel), warned or Markup("<li>Nothing.</li>"), asked.summary.result, _scores(outcome),
        pictures, advised, petel.model_dump_json(indent=1),
    )  # fmt: skip
    return str(_HEAD.format(title=title, css=Markup(style())) + body)


def _scores(outcome: Outcome) -> Markup:
    rows = [(METHOD_NAMES[s.method], "cross-validated", scored(s)) for s in outcome.compared]
    rows += [(METHOD_NAMES[s.method], "held out", scored(s)) for s in outcome.held_out]
    if outcome.with_left_out:
        rows.append(
            (METHOD_NAMES[outcome.chosen], "cross-validated, with the leaks", scored(outcome.with_left_out))
        )
    cells = Markup("").join(Markup("<tr><td>{}</td><td>{}</td><td>{}</td></tr>").format(*row) for row in rows)
    return Markup(
        "<table><thead><tr><th>Method</th><th>On</th><th>Score</th></tr></thead><tbody>{}</tbody></table>"
    ).format(cells)


def _pictures(outcome: Outcome) -> list[tuple[str, Markup]]:
    found = []
    if outcome.worth:
        most = [each for each in outcome.worth[:10] if each.loss > 0] or list(outcome.worth[:1])
        bars = [(each.column, each.loss) for each in most]
        found.append(("What the score loses when a column is shuffled", _bars(bars)))
    if outcome.truth is not None and outcome.probability is not None:
        positive = outcome.petel.positive or outcome.classes[-1]
        code = outcome.classes.index(positive) if positive in outcome.classes else len(outcome.classes) - 1
        bins = _bins(outcome.probability, (outcome.truth == code).astype(float))
        series = [(positive, [Bin(x, y, n) for x, y, n in bins])]
        found.append(
            (
                f"Probability said of {positive}, and how often it was so",
                reliability(series, title="Reliability"),
            )
        )
    elif outcome.truth is not None and outcome.predicted is not None:
        dots = _bins(outcome.predicted, outcome.truth)
        found.append(("Predicted, and what was there on average", _line([(x, y) for x, y, _ in dots])))
    elif outcome.predicted is not None:
        counts, edges = np.histogram(outcome.predicted, bins=8)
        bars = [
            (f"{edge:.2g}", float(n)) for edge, n in zip(edges, counts, strict=False) if n >= LEAST_IN_BIN
        ]
        found.append(("Rows by group, oddness or first component", _bars(bars)))
    return found


def _bins(said: Array, there: Array) -> list[tuple[float, float, int]]:
    """Return mean said, mean there and count over up to ten bins of as many rows; none with fewer than ten."""
    parts = np.array_split(np.argsort(said, kind="stable"), BINS)
    return [
        (float(said[part].mean()), float(there[part].mean()), len(part))
        for part in parts
        if len(part) >= LEAST_IN_BIN
    ]


def _bars(bars: list[tuple[str, float]]) -> Markup:
    figure, axes = _axes(0.4 + 0.3 * len(bars))
    names = [name for name, _ in bars]
    axes.barh(range(len(bars)), [value for _, value in bars], color="#4a479f")
    axes.set_yticks(range(len(bars)), [name.replace("$", r"\$") for name in names])
    axes.invert_yaxis()
    return _svg(figure, "; ".join(f"{name}: {value:.3g}" for name, value in bars))


def _line(dots: list[tuple[float, float]]) -> Markup:
    figure, axes = _axes(3.0)
    axes.plot([x for x, _ in dots], [y for _, y in dots], marker="o", color="#4a479f")
    axes.axline((0, 0), slope=1, linestyle=":", color="gray") if dots else None
    axes.set_xlabel("predicted")
    axes.set_ylabel("there")
    return _svg(figure, "; ".join(f"predicted {x:.3g}, there {y:.3g}" for x, y in dots))


def _axes(height: float) -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        pass
    else:
        figure = Figure(figsize=(6.0, max(height, 1.2)), layout="constrained")
        return figure, figure.subplots()
    raise MissingExtra("The page's pictures need matplotlib: pip install 'personae[plots]'.")


def _svg(figure: Any, words: str) -> Markup:
    """Return a figure as inline SVG with its text alternative; the same figure gives the same text."""
    from matplotlib import rc_context

    stream = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "personae"}):
        figure.savefig(stream, format="svg", metadata={"Date": None}, transparent=True)
    text = stream.getvalue()
    drawn = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return Markup(drawn.replace("<svg", '<svg role="img"', 1)) + Markup(
        '<p class="soft small">{}</p>'
    ).format(words)
