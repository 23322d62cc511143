"""The recorded verdicts as runs: whose, on which pair of texts, what was said and how certain, and what was true."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personae.errors import BadInput
from personae.metrics.folds import linked_groups
from personae.metrics.shortcuts import Choice, Shortcut, shortcuts
from personae.models.confidence import NO_CONFIDENCE, Confidence
from personae.papers.harness import Context
from personae.papers.prism import DATA, prism
from personae.people.records import Preference
from personae.preference import Verdict

TASKS = {"prism": "PRISM", "ec": "EC", "ap": "PR"}
PERSONAS = {
    "all_features": "all features", "key_features": "key features", "least_imp_feature": "least important feature",
    "no_persona": "no persona",
}  # fmt: skip
_NAME = re.compile(
    r"(prism|ec|ap)_((?:(?:all_features|key_features|least_imp_feature|no_persona|with_tie)_)+)(.+)"
)
_SHOWN = re.compile(r"\[User Profile\]\s*(.*?)\s*\[Question-Answer Pair A\]", re.DOTALL)
_OPTIONS = re.compile(r"\[Question-Answer Pair A\](.*?)\[Question-Answer Pair B\](.*?)\[Answer\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Judged:
    """One recorded verdict on one pair of texts.

    `answer` and `truth` are "A", "B" or "C" (a tie), anything else in `answer` is unreadable. `person` is who the truth is
    from, rows linked by a person or a question being one; `item` is the same for the same texts in either order.
    """

    item: Hashable
    person: Hashable
    question: str
    options: tuple[str, str]
    answer: str
    truth: str
    certainty: float | None
    kind: str = ""

    @property
    def verdict(self) -> Verdict:
        stated = NO_CONFIDENCE if self.certainty is None else Confidence(self.certainty, "stated")
        return Verdict({"A": "a", "B": "b", "C": "tie"}.get(self.answer, ""), stated)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Run:
    """One file of the authors: a task, what the judge was told of the person, a model, with ties or without."""

    name: str
    task: str
    persona: str
    model: str
    has_ties: bool
    rows: tuple[Judged, ...]

    @property
    def setting(self) -> str:
        return f"{self.task}, {self.persona}{', with ties' if self.has_ties else ''}"

    @property
    def answered(self) -> tuple[Judged, ...]:
        """Rows whose answer names an option that the run offers."""
        options = "ABC" if self.has_ties else "AB"
        return tuple(row for row in self.rows if row.answer and row.answer in options)

    @property
    def decided(self) -> tuple[Judged, ...]:
        """Answered rows whose truth is A or B: in rows labelled C the texts are left over from the row before."""
        return tuple(row for row in self.answered if row.truth in ("A", "B"))

    @property
    def states_certainty(self) -> bool:
        """Whether certainties were asked for: neither with ties nor without a persona, whatever stands in the file."""
        return not self.has_ties and self.persona != "no persona"


@dataclass(frozen=True, slots=True)
class Recordings:
    """The runs that decided anything, by task and name, and the distinct PRISM comparisons.

    Each comparison has its group of linked people and questions and its kind of conversation; `profiles` holds the persona
    texts by person.
    """

    runs: tuple[Run, ...]
    pairs: tuple[Preference, ...]
    groups: tuple[int, ...]
    kinds: tuple[str, ...]
    profiles: Mapping[str, str]


def recordings(context: Context) -> Recordings:
    """Read the recorded runs and the PRISM comparisons inside them; `limit` keeps the first rows of each."""
    texts = {f"#{row['id']}": row["text"] for row in context.rows(DATA, "texts.jsonl.zst")}
    compared = prism(context)
    by_run: dict[str, list[dict[str, Any]]] = {}
    for row in context.rows(DATA, "runs.jsonl.zst"):
        by_run.setdefault(row["run"], []).append({key: texts.get(value, value) for key, value in row.items()})
    by_run = {name: rows[: context.limit] for name, rows in by_run.items()}
    shown = [row for name, rows in by_run.items() if name.startswith("prism") for row in rows]
    whole = set(compared.profiles.values())
    questions = [pair.context for pair in compared.pairs] + [row["question"] for row in shown]
    personas = [compared.profiles.get(pair.person) for pair in compared.pairs] + [
        row["user_info"] for row in shown
    ]
    linked = linked_groups(
        (("question", question), persona in whole and ("person", persona))
        for question, persona in zip(questions, personas, strict=True)
    )
    people = dict(zip(questions, linked, strict=True))
    runs = [_run(name, rows, people) for name, rows in by_run.items()]
    order = list(TASKS.values())
    runs = sorted(
        filter(lambda run: run.decided, runs), key=lambda run: (order.index(run.task), run.has_ties, run.name)
    )
    return Recordings(
        tuple(runs),
        compared.pairs,
        tuple(linked[: len(compared.pairs)]),
        compared.kinds,
        compared.profiles,
    )


def unread(context: Context, data: Recordings, task: str) -> tuple[list[Hashable], tuple[Shortcut, ...]]:
    """Return the distinct items of a task and what policies that never read them get right, best first."""
    rows = {row.item: row for run in data.runs if run.task == task for row in run.decided}
    choices = [Choice(row.options, "AB".index(row.truth), row.kind) for row in rows.values()]
    people = [row.person for row in rows.values()]
    return list(rows), shortcuts(choices, clusters=people, draws=context.draws, random_state=context.seed)


def item_of(pair: Preference) -> Hashable:
    """Return the `item` that a PRISM comparison has in every run."""
    return pair.context, frozenset((pair.a, pair.b))


def _run(name: str, rows: Sequence[Mapping[str, Any]], people: Mapping[str, Hashable]) -> Run:
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise BadInput(f"runs.jsonl.zst: the run {name!r} has no name of the form TASK_PERSONA_MODEL.")
    task = TASKS[parts[1]]
    persona = next((p for p in reversed(PERSONAS) if p in parts[2]), "all_features")
    read = {"PRISM": _prism, "EC": _essay, "PR": _profiled}[task]
    model = parts[3].removeprefix("meta-llama_Meta-")
    return Run(
        name, task, PERSONAS[persona], model, "with_tie" in parts[2], tuple(read(row, people) for row in rows)
    )


def _prism(row: Mapping[str, Any], people: Mapping[str, Hashable]) -> Judged:
    options = row["asst_A"], row["asst_B"]
    question = row["question"]
    return _judged(
        row, (question, frozenset(options)), people[question], question, options, row["conversation_type"]
    )


def _essay(row: Mapping[str, Any], _: Mapping[str, Hashable]) -> Judged:
    options = row["asst_A"], row["asst_B"]
    item = row["user_info"], row["article"], frozenset(options)
    return _judged(row, item, row["user_info"], row["article"], options)


def _profiled(row: Mapping[str, Any], _: Mapping[str, Hashable]) -> Judged:
    """Read the person and the options out of the prompt: `user_info` is the distractor's profile in every row."""
    person, options = _SHOWN.search(row["prompt"]), _OPTIONS.search(row["prompt"])
    if person is None or options is None:
        raise BadInput(
            f"runs.jsonl.zst: run {row['run']}, row {row['row']}: the prompt has no profile or options."
        )
    shown = options[1].strip(), options[2].strip()
    return _judged(row, row["prompt"], person[1], "", shown)


def _judged(
    row: Mapping[str, Any],
    item: Hashable,
    person: Hashable,
    question: str,
    options: tuple[str, str],
    kind: str = "",
) -> Judged:
    said = str(row.get("certainty"))
    certainty = min(1.0, int(said) / 100) if said.isdigit() else None
    return Judged(item, person, question, options, str(row["answer"]), row["ground_truth"], certainty, kind)
