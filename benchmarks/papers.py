"""Processor time of every paper's table: recomputed, cold, warm and quick.

    PERSONAE_DATA=... python benchmarks/papers.py [SLUG]... [--ten] [--json]

Each run is a process of its own on one thread. "cold" has an empty folder of kept vectors, "warm" has the vectors that the cold
run left: the difference is the encoding of texts, which is done once on a machine. "recomputed" is the part of the cold run
after which the table of recorded answers stands; what is learned here follows it. "quick" is `--quick`, warm. Processor seconds,
imports included, not those of the clock, so that what else the machine does has little part in it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from personae.errors import PersonaeError
from personae.papers.harness import papers

MOST_TABLE, MOST_QUICK = (
    20.0,
    180.0,
)  # seconds: one table of the ten, recomputed or warm; their quick runs together
TEN = (  # whose authors published raw answers
    "synthpai", "llmprivacy", "personaljudge", "subtlerbias", "personamem", "knowwhatknow", "thinkingoutloud", "twin2k",
    "dailydilemmas", "persuasion",
)  # fmt: skip
ONE = """
import sys, time
from pathlib import Path
from personae.papers.harness import Context, experiment, run
slug, quick, vectors = sys.argv[1], sys.argv[2] == "quick", Path(sys.argv[3])
marks = []
run(experiment(slug), Context(quick=quick, vectors=vectors), recomputed=lambda *_: marks.append(time.process_time()))
print(*(marks or [time.process_time()]), time.process_time())
"""
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def seconds(slug: str, quick: bool, vectors: str) -> tuple[float, float]:
    """Return the processor seconds after which the recorded table stands, and those of the whole run."""
    command = [sys.executable, "-c", ONE, slug, "quick" if quick else "full", vectors]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **THREADS}, check=False)
    if done.returncode:
        raise PersonaeError(f"{slug} stopped: {done.stderr.strip().splitlines()[-1]}")
    first, last = map(float, done.stdout.split()[-2:])
    return first, last


def measured(slug: str) -> dict[str, Any]:
    """Return one paper's seconds: cold, with its recomputed part, then warm and quick."""
    with tempfile.TemporaryDirectory() as folder:
        recomputed, cold = seconds(slug, False, folder)
        warm, quick = (seconds(slug, is_quick, folder)[1] for is_quick in (False, True))
    return {"paper": slug, "recomputed": recomputed, "cold": cold, "warm": warm, "quick": quick}


def main() -> int:
    """Print a line a paper and the sum of the quick runs; 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "slugs", nargs="*", metavar="SLUG", help="papers; every one that is measured without it"
    )
    parser.add_argument("--ten", action="store_true", help="the ten papers of recorded answers")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    chosen = parser.parse_args()
    every = [paper.slug for paper in papers().values() if paper.status == "measured"]
    found = []
    for slug in chosen.slugs or (TEN if chosen.ten else every):
        found.append(each := measured(slug))
        times = "  ".join(f"{name} {value:6.1f} s" for name, value in each.items() if name != "paper")
        print(json.dumps(each) if chosen.json else f"{slug:16} {times}", flush=True)
    over = [
        each["paper"]
        for each in found
        if each["paper"] in TEN and max(each["recomputed"], each["warm"]) > MOST_TABLE
    ]
    of_ten = [each["quick"] for each in found if each["paper"] in TEN]
    total = sum(each["quick"] for each in found)
    print(
        f"quick runs: {len(found)} in {total:.1f} s, of them {len(of_ten)} of recorded answers in {sum(of_ten):.1f} s of "
        f"{MOST_QUICK:g}; over {MOST_TABLE:g} s: {', '.join(over) or 'none'}",
        file=sys.stderr,
    )
    return int(bool(over) or sum(of_ten) > MOST_QUICK)


if __name__ == "__main__":
    raise SystemExit(main())
