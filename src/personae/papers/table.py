"""Results on disk and as tables: `results.json`, the table in a README between its markers, Markdown, HTML."""

from __future__ import annotations

import html
import json
import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from personae.errors import BadInput
from personae.papers.harness import Comparison, Paper, Result, Unheld

BEGIN = "<!-- table: written by `personae papers run {slug} --save` -->"
END = "<!-- /table -->"
HELD = {True: "met", False: "missed", None: "not held"}
COLUMNS = ("setting", "metric", "method", "here", "95% interval", "n", "paper", "difference", "bar")


def as_json(result: Result) -> dict[str, Any]:
    """Return the layout of `results.json`; numbers that cannot be measured are null, a live result names its model."""
    document = {**asdict(result), "rows": [row_as_json(row) for row in result.rows]}
    return {key: value for key, value in document.items() if value or key != "model"}


def row_as_json(row: Comparison) -> dict[str, Any]:
    """Return one row of `results.json`."""
    return {**{key: _finite(value) for key, value in asdict(row).items()}, "met": row.met}


def save(result: Result, paper: Paper) -> Path:
    """Write `results.json` and the table of the README, each in one step, and return the folder.

    Raises
    ------
    BadInput
        When the README has no markers.
    """
    readme = paper.folder / "README.md"
    text = with_table(readme.read_text(encoding="utf-8"), result)
    document = json.dumps(as_json(result), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(paper.folder / "results.json", document + "\n")
    write_whole(readme, text)
    return paper.folder


def load(paper: Paper) -> Result:
    """Return the saved results of a paper; `met` is computed again, not read.

    Raises
    ------
    BadInput
        When there are none.
    """
    path = paper.folder / "results.json"
    if not path.is_file():
        raise BadInput(
            f"{paper.slug} has no saved results. `personae papers run {paper.slug} --save` writes them."
        )
    return parsed(path.read_text(encoding="utf-8"))


def parsed(document: str) -> Result:
    """Return the result that a `results.json`, or a line of `personae papers run --json`, holds."""
    saved = json.loads(document)
    rows = tuple(_comparison(row) for row in saved["rows"])
    return Result(**{**saved, "rows": rows})


def with_table(readme: str, result: Result) -> str:
    """Return the README with its table replaced by the one of these results."""
    begin = BEGIN.format(slug=result.paper)
    if readme.count(begin) != 1 or readme.count(END) != 1:
        raise BadInput(
            f"The README of {result.paper} needs these two lines once, in this order:\n{begin}\n{END}"
        )
    before, rest = readme.split(begin)
    after = rest.split(END)[1]
    about = (
        f"Measured on {result.date} by `{result.command}` (personae {result.version}, seed {result.seed}) "
        f"in {result.seconds:g} s."
    )
    return f"{before}{begin}\n\n{about}\n\n{markdown(result.rows)}\n{END}{after}"


def is_stale(paper: Paper) -> bool:
    """Whether the table of the README differs from the saved results."""
    readme = (paper.folder / "README.md").read_text(encoding="utf-8")
    return with_table(readme, load(paper)) != readme


def cells(row: Comparison) -> tuple[str, ...]:
    """Return one row as text, in the order of `COLUMNS`."""
    interval = "" if row.low is None or row.high is None else f"[{number(row.low)}, {number(row.high)}]"
    gap = "" if row.paper is None else f"{row.value - row.paper:+.3f}".replace("-0.000", "+0.000")
    bar = f"{row.bar} {HELD[row.met]}" if row.bar else ""
    paper = "" if row.paper is None else f"{number(row.paper)}{f' ({row.source})' if row.source else ''}"
    n = "" if row.n is None else str(row.n)
    return row.setting, row.metric, row.method, number(row.value), interval, n, paper, gap, bar


def number(value: float) -> str:
    """Return three decimals; fewer from ten and from a thousand on, more where the number is tiny.

    >>> number(0.5), number(76.09), number(1234.0), number(0.00042), number(float("nan"))
    ('0.500', '76.09', '1234', '0.00042', '-')
    """
    if math.isnan(value):
        return "-"
    if abs(value) >= 10:
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.2f}"
    return f"{value:.2g}" if 0 < abs(value) < 0.001 else f"{value:.3f}"


def markdown(rows: Sequence[Comparison]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in cells(row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def as_html(rows: Sequence[Comparison]) -> str:
    """Return the rows as an HTML table, escaped."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in COLUMNS)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells(row)) + "</tr>" for row in rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n"


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step: a reader sees the old content or the new, never a part.

    Raises
    ------
    BadInput
        When the folder cannot be written, as in a package that was installed for all users.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise BadInput(
            f"{path.parent} cannot be written ({error.strerror}). Save from a checkout of the source."
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _comparison(row: dict[str, Any]) -> Comparison:
    value = float("nan") if row["value"] is None else row["value"]
    made = Unheld if row["bar"] and row.get("met", False) is None else Comparison
    return made(**{key: field for key, field in row.items() if key != "met"} | {"value": value})


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
