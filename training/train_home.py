"""Fit the inferred reader that ships as `personae/models/home/inferred.npz`, and measure it.

    PERSONAE_DATA=... python training/train_home.py --evaluate

writes the fitted file; with `--evaluate` also `evaluation.json` (nested cross-validation, and each collection left out once)
and `MODEL_CARD.md`, whose numbers come from it.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import _corpora
from _candidates import occupation, places
from _corpora import Case
from _evaluate import evaluate, nested, outcomes
from _regress import NOTHING, lexicon, word_matrix
from _stack import AGES, Bank, Choice, Line, Model, Near, Read, Task, finish, fit_near
from generate import generated
from personae.infer._home_model import FILE
from personae.infer._lines import Lexicon, cut
from personae.metrics.recalibration import Isotonic
from personae.models.encoder import home_encoder
from personae.people.attributes import ATTRIBUTES, EDUCATION, INCOME

VERSION = "4"
CACHE = Path(tempfile.gettempdir()) / "personae-vectors.pkl"


class Vectors:
    """Vectors of texts, each encoded once and kept in a scratch file."""

    def __init__(self, file: Path = CACHE) -> None:
        self.file = file
        self.known: dict[str, np.ndarray] = pickle.loads(file.read_bytes()) if file.exists() else {}

    def of(self, texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            self.known.update(zip(new, home_encoder().encode(new).astype(np.float16), strict=True))
            fresh = self.file.with_suffix(".part")
            fresh.write_bytes(pickle.dumps(self.known))
            fresh.replace(self.file)
        return np.array([self.known[text] for text in texts], dtype=np.float32).reshape(-1, 384)


def lines_of(case: Case) -> list[Line]:
    """Return the labelled lines of a case.

    A comment of SynthPAI with a tag tells the person's truth, one without tells nothing; an llmprivacy answer tells what it
    was asked for; lines of the other collections are not labelled.
    """
    lines = []
    for number, text in enumerate(case.lines):
        label: dict[str, str] = {}
        if case.corpus == "synthpai":
            tags = case.tags[number]
            label = {name: truth.value if name in tags else NOTHING for name, truth in case.truth.items()}
        elif case.corpus in {"generated", "llmprivacy"}:
            label = {name: truth.value for name, truth in case.truth.items() if truth.sure}
        lines += [Line(text[a:b], case.group, case.corpus, label) for a, b in cut(text)]
    return lines


def tasks(vectors: Vectors, words: Lexicon) -> list[Task]:
    closed = {
        "sex": ATTRIBUTES["sex"].values,
        "education": EDUCATION,
        "income_level": INCOME,
        "relationship_status": ATTRIBUTES["relationship_status"].values,
        "age": AGES,
    }
    named = [Task(name, values, values, (name,)) for name, values in closed.items()]
    return [*named, occupation(vectors.of, words), *places(vectors.of, words)]


def ready(cases: Sequence[Case], words: Lexicon, vectors: Vectors) -> list[Read]:
    texts = [tuple(text[a:b] for text in case.lines for a, b in cut(text)) for case in cases]
    vectors.of([text for few in texts for text in few])
    return [
        Read(case, few, vectors.of(few), word_matrix(words, few))
        for case, few in zip(cases, texts, strict=True)
    ]


def train(people: Sequence[Case], away: Sequence[Case], vectors: Vectors, seed: int) -> tuple[Lexicon, Model]:
    """Fit every attribute on these people and the generated lines; `away` are other collections, for the far head."""
    words, near = train_near(people, vectors, seed)
    return words, finish(near, ready(away, words, vectors))


def train_near(people: Sequence[Case], vectors: Vectors, seed: int) -> tuple[Lexicon, Near]:
    """Fit every attribute on these people and the generated lines, all but what other collections decide."""
    lines = [line for case in [*people, *generated(seed)] for line in lines_of(case)]
    texts = [line.text for line in lines]
    words = lexicon(texts)
    bank = Bank(lines, vectors.of(texts), word_matrix(words, texts))
    return words, fit_near(tasks(vectors, words), bank, ready(people, words, vectors), Choice(), seed)


def save(words: Lexicon, model: Model, file: Path, outcomes: Isotonic | None = None) -> None:
    """Write the file that `personae.infer._home_model` reads; `outcomes` says how often its guesses turned out right."""
    fitted = model.fitted
    columns = np.cumsum([0, *(1 + len(each.task.line_values) for each in fitted)])
    stacked = np.concatenate([each.lines.words for each in fitted], axis=1)
    used = np.flatnonzero(np.abs(stacked).max(axis=1) > 0.02)
    names = list(words.places)
    near = model.nearness
    data: dict[str, np.ndarray] = {
        "version": np.array(VERSION),
        "attributes": np.array([each.task.name for each in fitted]),
        "lexicon": np.array(names),
        "rarity": words.rarity.astype(np.float16),
        "vectors": np.concatenate([each.lines.vectors for each in fitted], axis=1).astype(np.float16),
        "words": np.where(np.isin(np.arange(len(stacked)), used)[:, None], stacked, 0).astype(np.float16),
        "bias": np.concatenate([each.lines.bias for each in fitted]),
        "near/center": near.center.astype(np.float16),
        "near/whiten": near.whiten.astype(np.float16),
        "near/usual": near.usual, "near/between": near.between, "near/within": near.within,
        "near/bound": np.array(near.bound), "near/slope": np.array(near.slope),
    }  # fmt: skip
    for each, first, last in zip(fitted, columns, columns[1:], strict=False):
        data |= {
            f"{each.task.name}/{key}": value for key, value in _arrays(each, int(first), int(last)).items()
        }
    if outcomes is not None:
        data |= {"outcomes/said": outcomes.scores, "outcomes/right": outcomes.probabilities}
    with file.open("wb") as stream:
        np.savez_compressed(stream, **data)


def _arrays(each, first: int, last: int) -> dict[str, np.ndarray]:
    head, candidates = each.head, each.task.candidates
    data = {
        "values": np.array(each.task.values),
        "columns": np.array([first, last]),
        "weights": head.weights, "bias": head.bias, "far_weights": head.far_weights, "far_bias": head.far_bias,
        "mean": head.mean.astype(np.float16), "mean_bias": head.mean_bias,
        "floors": np.array(head.floors), "half": np.array(head.half), "base": head.base,
        "sharpness": np.array(head.sharpness), "least": np.array(each.least), "far_least": np.array(each.far_least),
    }  # fmt: skip
    if candidates is not None:
        cues = candidates.cues
        data["candidates"] = candidates.vectors.astype(np.float16)
        data["cues"] = np.array(list(cues))
        data["cue_edges"] = np.cumsum([0, *(len(values) for values, _ in cues.values())])
        data["cue_values"] = np.concatenate([values for values, _ in cues.values()]).astype(np.int16)
        data["cue_weights"] = np.concatenate([weights for _, weights in cues.values()]).astype(np.float16)
        if candidates.kin is not None:
            data["kin"] = candidates.kin.astype(np.int16)
    return data


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument(
        "--evaluate", action="store_true", help="measure, and write evaluation.json and MODEL_CARD.md"
    )
    parser.add_argument(
        "--cache", type=Path, default=CACHE, help="file that keeps the vectors of texts [%(default)s]"
    )
    arguments = parser.parse_args()
    vectors = Vectors(arguments.cache)
    words, near = train_near(_corpora.synthpai(), vectors, arguments.seed)
    folds = nested(vectors, arguments.seed)
    save(words, finish(near, ready(_corpora.away(), words, vectors)), arguments.out, outcomes(folds))
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")
    if arguments.evaluate:
        evaluate(arguments.out.parent, (words, near), folds, vectors, arguments.seed)


if __name__ == "__main__":
    main()
