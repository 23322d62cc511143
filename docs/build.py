"""Write what the documents state from what the program is: the CLI reference and the tables of the README.

python docs/build.py          writes them
python docs/build.py --check  exits 1 and names the page that is stale
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def cli_reference() -> str:
    """Return the whole command line as Markdown, from the program's own help."""
    from typer.cli import get_docs_for_click
    from typer.main import get_command

    from personae.cli import app

    command = get_command(app)
    context = command.make_context("personae", [], resilient_parsing=True)
    text = get_docs_for_click(obj=command, ctx=context, name="personae", title="Command line")
    return text.strip() + "\n"


def example() -> str:
    """Return what the README's command prints, its columns in line."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["reveal", str(ROOT / "examples" / "chatgpt-export.zip"), "--out", f"{folder}/report.html"]
        done = subprocess.run(
            [sys.executable, "-m", "personae", *command], capture_output=True, text=True, check=True
        )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    return "```\n" + "\n".join(lines) + "\nWrote report.html\n```\n"


def papers_table() -> str:
    """Return one line a measured paper: what it does, the number that shows it, and how many of its bars are met."""
    from personae.papers.harness import papers
    from personae.papers.table import load, number

    lines = [
        "| system | what it does | measured here | bars met | paper |",
        "| --- | --- | --- | --- | --- |",
    ]
    for paper in papers().values():
        if paper.status != "measured":
            continue
        rows = load(paper).rows
        shown = [row for row in rows if (row.setting, row.metric, row.method) == paper.headline]
        if not (paper.does and len(shown) == 1):
            raise SystemExit(
                f"{paper.slug}: index.yaml needs what it `does`, and a `headline` that names a row of its results."
            )
        span = "" if shown[0].low is None else f" [{number(shown[0].low)}, {number(shown[0].high)}]"
        what = f"{shown[0].method}: {shown[0].metric} {number(shown[0].value)}{span} ({shown[0].setting})"
        measured = what.replace("|", "\\|")
        bars = [row for row in rows if row.bar]
        link = f"[{paper.slug}](src/personae/papers/{paper.slug}/README.md)"
        met = f"{sum(bool(row.met) for row in bars)} of {len(bars)}"
        lines.append(f"| {link} | {paper.does} | {measured} | {met} | {paper.title} ({paper.year}) |")
    return "\n".join(lines) + "\n"


def home_table() -> str:
    """Return the thresholds that the shipped readers were held against, misses included."""
    from personae.infer.measured import measured_rows
    from personae.papers.harness import Comparison
    from personae.papers.table import markdown

    rows = [
        Comparison(**{k: v for k, v in row.items() if k != "met"}) for row in measured_rows() if row["bar"]
    ]
    return markdown(rows)


def filled(readme: str, parts: dict[str, str]) -> str:
    """Return the README with each part between its markers replaced."""
    for name, text in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if len(pattern.findall(readme)) != 1:
            raise SystemExit(f"The page needs the markers {begin} and {end} once.")
        readme = pattern.sub(lambda _, t=text, b=begin, e=end: f"{b}\n{t}{e}", readme)
    return readme


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    readme = ROOT / "README.md"
    parts = {"example": example(), "papers": papers_table(), "home": home_table()}
    pages = {
        ROOT / "docs" / "cli.md": cli_reference(),
        readme: filled(readme.read_text(encoding="utf-8"), parts),
    }
    stale = [
        path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if check:
            sys.stderr.write(f"{path.relative_to(ROOT)} is stale: run python docs/build.py\n")
        else:
            path.write_text(pages[path], encoding="utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
