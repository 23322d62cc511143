"""The sandboxed process of `personae.ask.derive`: reads one request on stdin, writes one JSON list on stdout.

Run as a file with `python -I`. Once the rows are read the process gives up what it does not need: no file or socket can be
opened (a limit of no descriptors), no process started, nothing written, and time and memory are bounded by the system.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    import duckdb
    import numpy as np

    asked = json.load(sys.stdin)
    columns = {}
    for place, values in enumerate(asked["columns"]):
        is_text = any(isinstance(value, str) for value in values)
        columns[f"c{place}"] = np.array(values, dtype=object if is_text else float)
    settings: dict[str, Any] = {
        "threads": 1,
        "memory_limit": f"{asked['memory_mb'] // 2}MB",
        "enable_external_access": "false",
    }
    connection = duckdb.connect(":memory:", config=settings)
    connection.execute("SET enable_progress_bar = false")
    connection.register("given", columns)
    names = ", ".join(
        f"nullif({c}, 'NaN') AS {c}" if values.dtype == float else c for c, values in columns.items()
    )
    connection.execute(f"CREATE TABLE rows AS SELECT {names} FROM given")
    connection.execute("SET lock_configuration = true")
    give_up(asked["seconds"], asked["memory_mb"])
    found = connection.execute(f"SELECT ({asked['sql']})::DOUBLE FROM rows", asked["values"]).fetchall()
    sys.stdout.write(
        json.dumps([None if v is None or v != v or abs(v) == float("inf") else v for (v,) in found])
    )
    sys.stdout.flush()


def give_up(seconds: int, memory_mb: int) -> None:
    """Lower what the system allows this process, for good; where it cannot say what is held, DuckDB's own limit is left."""
    held = Path("/proc/self/statm")
    pages = int(held.read_text(encoding="ascii").split()[0]) if held.exists() else None
    memory = (
        [(resource.RLIMIT_AS, pages * resource.getpagesize() + (memory_mb << 20))]
        if pages is not None
        else []
    )
    for limit, most in (
        *memory,
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(limit, (most, most))


if __name__ == "__main__":
    main()
