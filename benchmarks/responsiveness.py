"""Scores and reachable sets beside the official package, on the same people, one core, one after the other.

`python benchmarks/responsiveness.py [PEOPLE] [--official PYTHON]`, where PYTHON is an interpreter of an environment with
`reachml` 0.2 (and `cplex`, which it imports whatever solver it uses; `scipy` and `scikit-learn` too): it pins an older numpy, so
it has an environment of its own. German credit needs PERSONAE_DATA. Both read the same people and the same published model.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from personae.audit.responsiveness import Reach
from personae.papers.harness import Context
from personae.papers.responsiveness.german import UP, German, load

OFFICIAL = """
import json, sys, time
import numpy as np, pandas as pd
from reachml import ActionSet, ReachableSetEnumerator, ResponsivenessScorer
from reachml.constraints import DirectionalLinkage, ThermometerEncoding

given = json.load(open(sys.argv[1]))
names, everybody, people = given["names"], np.array(given["everybody"]), np.array(given["people"])
coef, mean, scale = (np.array(given[key]) for key in ("coef", "mean", "scale"))


class Model:
    def predict(self, points):
        return ((points - mean) / scale @ coef + given["intercept"] > 0).astype(int)


actions = ActionSet(pd.DataFrame(everybody, columns=names))
free = [*given["up"], "YearsAtResidence"]
actions[[name for name in names if name not in free]].actionable = False
for name in free:
    actions[name].step_direction = 1
actions["YearsAtResidence"].lb, actions["YearsAtResidence"].ub, actions["YearsAtResidence"].step_ub = 0, 7, 2
for source in ("YearsAtResidence", "YearsEmployed_geq_1"):
    actions.constraints.add(DirectionalLinkage(names=[source, "Age"], scales=[1, 1]))
for kind, levels in (("CheckingAcct", ("exists", "geq_0")), ("SavingsAcct", ("exists", "geq_100"))):
    actions.constraints.add(ThermometerEncoding(names=[f"{kind}_{level}" for level in levels], step_direction=1))
start = time.perf_counter()
scores = ResponsivenessScorer(actions)(people, Model())
scored = time.perf_counter()
sizes = []
for x in people:
    enumerator = ReachableSetEnumerator(actions, x)
    enumerator.enumerate()
    sizes.append(len(enumerator.feasible_actions))
done = time.perf_counter()
print(json.dumps({"score": scored - start, "sets": done - scored, "sizes": sizes, "scores": scores.tolist()}))
"""


def ours(german: German, people: np.ndarray) -> dict[str, object]:
    """Return the seconds of scores and of whole sets, nothing remembered between the two, and what was found."""
    start = time.perf_counter()
    scores = german.scorer().score(people, joint=False)
    scored = time.perf_counter()
    reach = Reach(german.actions)
    sizes = [sum(len(points) for points in reach.points(x)) for x in people]
    done = time.perf_counter()
    return {"score": scored - start, "sets": done - scored, "sizes": sizes, "scores": scores.mu}


def official(german: German, people: np.ndarray, python: str) -> dict[str, object]:
    """Return the same of the official package, run in its own environment."""
    given = {
        "names": german.names, "everybody": german.people.tolist(), "people": people.tolist(), "up": UP,
        "coef": german.coef.tolist(), "intercept": german.intercept, "mean": german.mean.tolist(), "scale": german.scale.tolist(),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file, script = Path(folder, "given.json"), Path(folder, "official.py")
        file.write_text(json.dumps(given))
        script.write_text(OFFICIAL)
        done = subprocess.run([python, str(script), str(file)], capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        sys.exit(f"The official package did not run in {python}: {' '.join(last)}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", type=int, nargs="?", default=40)
    parser.add_argument("--official", default="", help="the interpreter of an environment with reachml")
    options = parser.parse_args()
    german = load(Context())
    people = german.people[np.random.default_rng(0).permutation(len(german.people))[: options.people]]
    here = ours(german, people)
    print(f"{len(people)} people of German credit, one core")
    print(f"personae: scores {here['score']:.4f} s, whole sets {here['sets']:.4f} s")
    if not options.official:
        return print("give --official PYTHON to compare")
    there = official(german, people, options.official)
    print(f"reachml:  scores {there['score']:.4f} s, whole sets {there['sets']:.4f} s")
    print(
        f"ratio:    scores {there['score'] / here['score']:.0f}, whole sets {there['sets'] / here['sets']:.0f}"
    )  # type: ignore[operator]
    same = np.isclose(np.array(there["scores"]), np.array(here["scores"])).mean()
    equal = np.mean(np.array(there["sizes"]) == np.array(here["sizes"]))
    print(f"equal scores {100 * same:.2f}%, equal sizes of whole sets {100 * equal:.1f}%")


if __name__ == "__main__":
    main()
