"""SynthPAI's people as the experiment splits them: each fifth is shielded once, and attacked by readers of two others each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from personae.metrics.folds import deal_folds
from personae.papers.harness import Context
from personae.people.attributes import EDUCATION, SYNTHPAI
from personae.people.records import Trace

N_FOLDS = 5
SPLIT_SEED = 0  # of the deal that the fitted attackers in `attackers/` were made under
(
    HOME_FOLDS,
    OTHER_FOLDS,
) = (  # whose people the home attacker of a fold was fitted on, and the second attacker is
    {fold: ((fold + a) % N_FOLDS, (fold + b) % N_FOLDS) for fold in range(N_FOLDS)}
    for a, b in ((1, 2), (3, 4))
)
CERTAIN = 3  # SynthPAI, evaluation: labels that the annotator was at least this sure of


@dataclass(frozen=True, slots=True)
class Subject:
    """One invented person: comments, the same masked by a cloud service, what is true, and the labels that guesses are scored on.

    `labels` maps an attribute to (value, score of the label itself).
    """

    id: str
    fold: int
    texts: tuple[str, ...]
    masked: tuple[str, ...]
    truth: dict[str, str]
    labels: dict[str, tuple[str, float]]

    @property
    def traces(self) -> tuple[Trace, ...]:
        return traces_of(self.id, self.texts)


def traces_of(person: str, texts: Sequence[str]) -> tuple[Trace, ...]:
    return tuple(Trace(person, "synthpai", str(k), kind="comment", text=text) for k, text in enumerate(texts))


def fold_of(people: Sequence[str]) -> dict[str, int]:
    """Return each person's fold, the same whatever else is asked for."""
    names = list(dict.fromkeys(people))
    folds = deal_folds(sorted(names), n_folds=N_FOLDS, random_state=SPLIT_SEED)
    return {name: int(fold) for name, fold in zip(sorted(names), folds, strict=True)}


def subjects(context: Context) -> list[Subject]:
    """Return the people whose comments are at hand."""
    texts: dict[str, list[tuple[str, str]]] = {}
    for row in context.rows("synthpai", "comments.jsonl.zst"):
        texts.setdefault(row["person"], []).append((row["text"], row["text_masked"]))
    folds = fold_of(list(texts))
    found = []
    for row in context.rows("synthpai", "profiles.jsonl.zst"):
        own = texts.get(row["person"], [])
        if own:
            truth = {each.name: str(row["truth"][each.name]) for each in SYNTHPAI}
            truth["education"] = str(row["education_category"])
            plain, masked = zip(*own, strict=True)
            found.append(
                Subject(row["person"], folds[row["person"]], plain, masked, _told(truth), _labels(row))
            )
    return found


def _told(truth: dict[str, str]) -> dict[str, str]:
    """Return what is true in the catalogue's words; what it has no word for is left out."""
    level = next((each for each in EDUCATION if each.lower() in truth["education"].lower()), "")
    plain = {**truth, "education": level}
    return {name: value for name, value in plain.items() if value and value != "None"}


def _labels(row: dict[str, Any]) -> dict[str, tuple[str, float]]:
    checked = row["human_label_checked"] or {}
    labels = {}
    for name, label in checked.items():
        if name == "education_category" or label["certainty"] < CERTAIN or label["hardness"] < 1:
            continue
        said = checked["education_category"] if name == "education" else label
        labels[name] = (str(said["estimate"]), float(label["acc_gt"]))
    return labels
