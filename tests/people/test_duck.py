"""No connection draws a progress bar among the results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import personae

ASKS = "SELECT current_setting('enable_progress_bar')"


def test_a_store_draws_no_bar_where_duckdb_would(tmp_path):
    code = (
        "import sys, duckdb; from personae.people.store import Store\n"
        f"print(duckdb.connect().execute({ASKS!r}).fetchall())\n"
        f"with Store(sys.argv[1]) as store: print(store.database.execute({ASKS!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.duckdb")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["[(True,)]", "[(False,)]"]


def test_every_connection_is_opened_without_it():
    source = Path(personae.__file__).parent
    opens = {
        file.relative_to(source).as_posix()
        for file in source.rglob("*.py")
        if "duckdb.connect(" in file.read_text(encoding="utf-8")
    }
    assert opens == {"people/duck.py", "ask/_worker.py"}
    worker = (source / "ask" / "_worker.py").read_text(encoding="utf-8")
    assert worker.count("duckdb.connect(") == worker.count("SET enable_progress_bar = false") == 1
