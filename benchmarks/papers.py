"""Processor time of every paper's table: cold, warm and quick.

    PERSONAE_DATA=... python benchmarks/papers.py [SLUG]... [--json]

Each run is a process of its own on one thread. "cold" has an empty folder of kept vectors, "warm" has the vectors that the cold
run left: the difference is the encoding of texts, which is done once on a machine. "quick" is `--quick`, warm. Processor
seconds, not those of the clock, so that what else the machine does has no part in it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile

from personae.errors import PersonaeError
from personae.papers.harness import papers

MOST_WARM, MOST_QUICK = 20.0, 180.0  # seconds: one table; all quick runs together
ONE = """
import sys, time
from pathlib import Path
from personae.papers.harness import Context, experiment
slug, quick, vectors = sys.argv[1], sys.argv[2] == "quick", Path(sys.argv[3])
rows = list(experiment(slug).rows(Context(quick=quick, vectors=vectors)))
print(len(rows), time.process_time())
"""
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def seconds(slug: str, quick: bool, vectors: str) -> float:
    """Return the processor seconds of one run, imports included."""
    command = [sys.executable, "-c", ONE, slug, "quick" if quick else "full", vectors]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **THREADS}, check=False)
    if done.returncode:
        raise PersonaeError(f"{slug} stopped: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout.split()[-1])


def main() -> int:
    """Print a line a paper and the sum of the quick runs; 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "slugs", nargs="*", metavar="SLUG", help="papers; every one that is measured without it"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    chosen = parser.parse_args()
    slugs = chosen.slugs or [paper.slug for paper in papers().values() if paper.status == "measured"]
    passed, total = [], 0.0
    for slug in slugs:
        with tempfile.TemporaryDirectory() as folder:
            cold, warm = seconds(slug, False, folder), seconds(slug, False, folder)
            quick = seconds(slug, True, folder)
        total += quick
        passed += [slug] if warm > MOST_WARM else []
        found = {"paper": slug, "cold": cold, "warm": warm, "ratio": warm / cold, "quick": quick}
        if chosen.json:
            print(json.dumps(found), flush=True)
        else:
            times = f"cold {cold:6.1f} s  warm {warm:6.1f} s  ratio {warm / cold:.2f}  quick {quick:5.1f} s"
            print(f"{slug:16} {times}", flush=True)
    over = ", ".join(passed) or "none"
    print(
        f"{len(slugs)} quick runs {total:.1f} s of {MOST_QUICK:g}; over {MOST_WARM:g} s warm: {over}",
        file=sys.stderr,
    )
    return int(bool(passed) or total > MOST_QUICK)


if __name__ == "__main__":
    raise SystemExit(main())
