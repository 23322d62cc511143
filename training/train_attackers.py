"""Fit the attackers of the paper `shield`: the home reader on two fifths of SynthPAI's people at a time.

    PERSONAE_DATA=... python training/train_attackers.py

writes `personae/papers/shield/attackers/0.npz` to `4.npz`. The people of fold k are attacked by a reader that was fitted on folds
k + 1 and k + 2; folds k + 3 and k + 4 and llmprivacy are left for the second attacker, which the experiment fits itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import _corpora
from personae.papers.shield.people import HOME_FOLDS, fold_of
from train_home import Vectors, save, train

FOLDER = Path(__file__).parents[1] / "src" / "personae" / "papers" / "shield" / "attackers"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FOLDER)
    arguments = parser.parse_args()
    vectors = Vectors()
    people = _corpora.synthpai()
    folds = fold_of([case.group for case in people])
    away = [*_corpora.personachat(), *_corpora.prodigy(), *_corpora.prism()]
    for fold in sorted(set(folds.values())):
        known = [case for case in people if folds[case.group] in HOME_FOLDS[fold]]
        words, model = train(known, away, vectors, arguments.seed)
        file = arguments.out / f"{fold}.npz"
        save(words, model, file)
        print(f"{file}: {len(known)} people, {file.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
