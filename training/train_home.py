"""Fit the inferred reader that ships as `personae/models/home/inferred.npz`.

PERSONAE_DATA=... python training/train_home.py
"""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import numpy as np

import _corpora
from _corpora import Case
from _stack import AGES, NOTHING, Bank, Choice, Fitted, Line, Read, Task, fit, lexicon, word_matrix
from generate import generated
from personae.infer._home_model import FILE
from personae.infer._lines import Lexicon, cut
from personae.models.encoder import home_encoder
from personae.people.attributes import ATTRIBUTES, EDUCATION, INCOME

VERSION = "1"
CACHE = Path("/tmp/personae-vectors.pkl")
TITLES = Path(__file__).parent / "titles.txt"
CLOSED = ("sex", "education", "income_level", "relationship_status", "age")


class Vectors:
    """Vectors of texts, each encoded once and kept in a scratch file."""

    def __init__(self, file: Path = CACHE) -> None:
        self.file = file
        self.known: dict[str, np.ndarray] = pickle.loads(file.read_bytes()) if file.exists() else {}

    def of(self, texts: list[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            self.known.update(zip(new, home_encoder().encode(new).astype(np.float16), strict=True))
            self.file.write_bytes(pickle.dumps(self.known))
        return np.array([self.known[text] for text in texts], dtype=np.float32).reshape(-1, 384)


def lines_of(case: Case) -> list[Line]:
    """Return the labelled lines of a case: a line with a tag tells the person's truth, one without tells nothing."""
    lines = []
    for number, text in enumerate(case.lines):
        if case.corpus == "synthpai":
            tags = case.tags[number]
            label = {name: truth.value if name in tags else NOTHING for name, truth in case.truth.items()}
        elif case.corpus == "prism":
            label = dict.fromkeys(case.truth, NOTHING) | {"income_level": NOTHING, "occupation": NOTHING}
        else:
            label = {name: truth.value for name, truth in case.truth.items() if truth.sure}
        lines += [Line(text[a:b], case.group, case.corpus, label) for a, b in cut(text)]
    return lines


def tasks(vectors: Vectors) -> list[Task]:
    closed = {
        "sex": ATTRIBUTES["sex"].values,
        "education": EDUCATION,
        "income_level": INCOME,
        "relationship_status": ATTRIBUTES["relationship_status"].values,
        "age": AGES,
    }
    titles = tuple(title.strip() for title in TITLES.read_text().replace("\n", " ").split(","))
    about = vectors.of([f"I work as a {title}." for title in titles]) + vectors.of(list(titles))
    about /= np.linalg.norm(about, axis=1, keepdims=True)
    return [
        *(Task(name, values, values) for name, values in closed.items()),
        Task("occupation", titles, ("telling",), about.T.copy()),
    ]


def ready(cases: list[Case], words: Lexicon, vectors: Vectors) -> list[Read]:
    found = []
    for case in cases:
        texts = [text[a:b] for text in case.lines for a, b in cut(text)]
        found.append(Read(case, vectors.of(texts), word_matrix(words, texts)))
    return found


def train(people: list[Case], vectors: Vectors, seed: int) -> tuple[Lexicon, list[Fitted]]:
    """Fit every attribute on these people, with the generated lines."""
    lines = [line for case in [*people, *_corpora.prism(), *generated()] for line in lines_of(case)]
    words = lexicon(line.text for line in lines)
    texts = [line.text for line in lines]
    bank = Bank(lines, vectors.of(texts), word_matrix(words, texts))
    reads = ready(people, words, vectors)
    return words, [fit(task, bank, reads, Choice(), seed) for task in tasks(vectors)]


def save(words: Lexicon, fitted: list[Fitted], least: dict[str, float], file: Path) -> None:
    """Write the file that `personae.infer._home_model` reads."""
    columns = np.cumsum([0, *(1 + len(each.task.line_values) for each in fitted)])
    data: dict[str, np.ndarray] = {
        "version": np.array(VERSION),
        "attributes": np.array([each.task.name for each in fitted]),
        "lexicon": np.array(list(words.places)),
        "rarity": words.rarity.astype(np.float16),
        "vectors": np.concatenate([each.lines.vectors for each in fitted], axis=1).astype(np.float16),
        "words": np.concatenate([each.lines.words for each in fitted], axis=1).astype(np.float16),
        "bias": np.concatenate([each.lines.bias for each in fitted]),
    }
    for each, first, last in zip(fitted, columns, columns[1:], strict=False):
        name, head = each.task.name, each.head
        data |= {
            f"{name}/values": np.array(each.task.values),
            f"{name}/columns": np.array([first, last]),
            f"{name}/sharpness": np.array(each.task.sharpness),
            f"{name}/weights": head.weights,
            f"{name}/bias": head.bias,
            f"{name}/mean": head.mean.astype(np.float16),
            f"{name}/mean_bias": head.mean_bias,
            f"{name}/floors": np.array(head.floors),
            f"{name}/half": np.array(head.half),
            f"{name}/least": np.array(least.get(name, 0.9)),
        }
        if each.task.candidates is not None:
            data[f"{name}/candidates"] = each.task.candidates.astype(np.float16)
    with file.open("wb") as stream:
        np.savez_compressed(stream, **data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FILE)
    arguments = parser.parse_args()
    words, fitted = train(_corpora.synthpai(), Vectors(), arguments.seed)
    save(words, fitted, dict.fromkeys(CLOSED, 0.8), arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")
