"""The reproducible script: the task as one Python file that reads the table, trains, and prints the same score."""

from __future__ import annotations

import json
from pathlib import Path

from personae.ask.petel import PeTEL
from personae.ask.table import Table
from personae.errors import BadInput

TEMPLATE = '''"""{title}

Written by `personae ask`. Run it with `python {file}`: it trains again and prints the held-out scores.
"""

import json

from personae.ask import PeTEL, engineer, read_table

TABLE = {table!r}
DESCRIPTIONS = json.loads({descriptions!r})
PETEL = PeTEL.model_validate_json(
    {petel!r}
)

table = read_table(TABLE, descriptions=DESCRIPTIONS)
outcome = engineer(PETEL, table)
print(f"{{outcome.chosen}}, {{outcome.n_train}} training rows, {{outcome.n_held_out}} held-out rows")
for score in outcome.held_out:
    print(f"{{score.metric}} {{score.value:.6f}}")
'''


def script_of(petel: PeTEL, table: Table, *, file: str = "out.py") -> str:
    """Return the script of a full PeTEL; it holds the task and the table's path, no row of it.

    Raises
    ------
    BadInput
        When the table was not read from a file, so that a script could not read it again.
    """
    if not table.path:
        raise BadInput(
            f"{table.name} was not read from a file: save it as CSV or Parquet first, and ask about that file."
        )
    what = petel.target_expression or petel.target_variable or table.name
    title = f"{petel.problem_type} of {what}".capitalize().replace("\\", " ").replace('"', "'") + "."
    return TEMPLATE.format(
        title=title,
        file=file,
        table=table.path,
        descriptions=json.dumps(dict(table.descriptions)),
        petel=petel.model_dump_json(),
    )


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step: the old one stays until the new one is whole."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
