"""The conversation: four dialogue states over one table, every turn undoable, stoppable anywhere and resumable from a file.

Source: Hassan, Knipper, Santu (2023), "ChatGPT as your Personal Data Scientist", arXiv 2305.13657, section 4: data
visualization, task formulation, prediction engineering, result summary and recommendation. Deviation: a state is entered
when its slots are there, not when a language model says so.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from personae.ask.engineer import Outcome, Track, engineer
from personae.ask.formulate import fill, petel_of
from personae.ask.moves import STATES, Move, State, read_move
from personae.ask.petel import METHODS, LeftOut, Method, PeTEL, ProblemType, Split
from personae.ask.script import script_of, write_whole
from personae.ask.summary import Asked, sum_up, task_in_words
from personae.ask.table import Column, Look, Table
from personae.ask.understand import Ranked, Reading, RuleReader, without
from personae.errors import BadInput, PersonaeError
from personae.models.encoder import Encoder

HELP = (
    "Say what you would like to know (predict who earns over 50K), or: show COLUMN; target COLUMN; target: age over 30 and "
    "city is Porto; leave out COLUMN; keep COLUMN; judge by f1; forest; split by COLUMN; as a number; as classes; "
    "another target; yes; script; undo; stop."
)
VERSION = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the conversation stands: undo goes back to the one before.

    `asking` is the slot that the last question was about; `rivals` the targets that the goal may mean.
    """

    state: State = "look"
    petel: PeTEL = field(default_factory=PeTEL)
    keep: tuple[str, ...] = ()
    rivals: tuple[Ranked, ...] = ()
    asking: str = "goal"
    is_stopped: bool = False


class Reader(Protocol):
    """What turns words into moves and goals into readings: `RuleReader`'s rules, or micro-agents of a language model."""

    def move(self, text: str, conversation: Conversation) -> Move: ...
    def reading(self, goal: str) -> Reading: ...
    def tell(self, plain: str, conversation: Conversation) -> str: ...
    def methods(self, problem: ProblemType) -> tuple[Method, ...]: ...
    def describe(self) -> str: ...


class Rules:
    """The deterministic core: rules and likeness, no language model."""

    def __init__(self, look: Look, encoder: Encoder) -> None:
        self.rules = RuleReader(look, encoder)

    def move(self, text: str, conversation: Conversation) -> Move:
        return read_move(text, conversation.look, conversation.standing.petel)

    def reading(self, goal: str) -> Reading:
        return self.rules.read(goal)

    def tell(self, plain: str, conversation: Conversation) -> str:
        """Return what is said as it is: the rules' own words."""
        return plain

    def methods(self, problem: ProblemType) -> tuple[Method, ...]:
        """Return every method that fits the problem."""
        return METHODS[problem]

    def describe(self) -> str:
        """Return nothing beside the columns themselves."""
        return ""


class Conversation:
    """Talk about a table until a prediction is made of it.

    Parameters
    ----------
    table : Table
    encoder : Encoder
    reader : Reader, optional
        `personae.ask.agents.MicroAgents` in place of the rules.
    session : Path, optional
        Kept whole after every turn; `resume` goes on from it.
    track : callable, optional
        Wraps the methods while they train, to show progress.

    Attributes
    ----------
    history_ : list of Standing
    transcript_ : list of (str, str)
        "user" or "personae", and what was said.
    warnings_ : tuple of str
        Of the task as it stands.
    outcome_ : Outcome or None
    """

    def __init__(
        self,
        table: Table,
        *,
        encoder: Encoder,
        reader: Reader | None = None,
        session: Path | None = None,
        track: Track = lambda methods: methods,
    ) -> None:
        self.table = table
        self.look = table.look()
        self.encoder = encoder
        self.reader = reader or Rules(self.look, encoder)
        self.session = session
        self.track = track
        self.history_: list[Standing] = [Standing()]
        self.transcript_: list[tuple[str, str]] = []
        self.warnings_: tuple[str, ...] = ()
        self.outcome_: Outcome | None = None

    @property
    def standing(self) -> Standing:
        return self.history_[-1]

    def start(self) -> str:
        """Return the first words: what is in the table, and what could be asked of it."""
        said = list(filter(None, [shown_look(self.look), self.reader.describe()]))
        ideas = [f"predict {column.name}" for column in suggested(self.look)]
        said.append(
            "What would you like to know? Such as: "
            + "; ".join([*ideas, "find groups", "show the odd rows"])
            + "."
        )
        return self._told("\n".join(said))

    def say(self, text: str) -> str:
        """Take the user's turn and return the answer.

        What cannot be done is said, and leaves the conversation where it was.
        """
        self.transcript_.append(("user", text))
        depth = len(self.history_)
        try:
            answer = self._answered(text)
        except PersonaeError as error:
            del self.history_[depth:]
            answer = str(error)
        answer = self._told(answer)
        if self.session:
            self.save(self.session)
        return answer

    def save(self, path: Path) -> None:
        """Write the session file: the standings and what was said, no row of the table."""
        standings = [
            {
                "state": each.state, "petel": each.petel.model_dump(mode="json"), "keep": each.keep, "asking": each.asking,
                "rivals": [(rival.column, rival.score) for rival in each.rivals], "is_stopped": each.is_stopped,
            }
            for each in self.history_
        ]  # fmt: skip
        kept = {
            "version": VERSION, "table": self.table.path, "columns": _mark(self.table), "standings": standings,
            "transcript": self.transcript_,
        }  # fmt: skip
        write_whole(path, json.dumps(kept, ensure_ascii=False, indent=1) + "\n")

    def resume(self, path: Path) -> str:
        """Go on from a session file of the same table; what was trained is trained again, with the same score.

        Raises
        ------
        BadInput
            When the file is no session, or of another table.
        """
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            history = [_standing(each) for each in kept["standings"]]
            transcript = [(str(who), str(text)) for who, text in kept["transcript"]]
            mark = kept["columns"]
        except (ValueError, KeyError, TypeError):
            history, mark = [], ""
        if not history:
            raise BadInput(
                f"{path}: no session of `personae ask`. Name another file, or leave --session out to begin anew."
            )
        if mark != _mark(self.table):
            raise BadInput(
                f"{path}: a session about another table, or its columns or rows have changed. Begin a new one."
            )
        self.history_, self.transcript_ = history, transcript
        if self.standing.is_stopped:
            self.history_.pop()
        self._restore()
        return self._told(f"We stopped at: {self.standing.state}. {self._question()}")

    def asked(self) -> Asked:
        """Return what was found, for the page and the script; raises `BadInput` before anything was trained."""
        if self.outcome_ is None:
            raise BadInput("Nothing was trained yet. Say what you would like to know, then yes.")
        petel, summary = self.outcome_.petel, sum_up(self.outcome_, self.look)
        return Asked(self.table, self.look, petel, self.warnings_, self.outcome_, summary)

    def _answered(self, text: str) -> str:
        move = self.reader.move(text, self)
        act: dict[str, Callable[[Move], str]] = {
            "undo": self._undo, "stop": self._stop, "help": lambda _: HELP, "look": self._show, "why": self._why,
            "yes": self._yes, "no": lambda _: f"What is to be changed? {HELP}", "goal": self._goal, "target": self._target,
            "other target": self._other, "leave out": self._leave, "keep": self._keep, "metric": self._metric,
            "method": self._method, "split": self._split, "problem": self._problem, "script": self._script,
        }  # fmt: skip
        answer = act[move.intent](move)
        is_ours = move.intent in (
            "look",
            "why",
            "help",
            "stop",
            "undo",
            "script",
        )  # may hold extremes of a column: told as it is
        return answer if is_ours else self.reader.tell(answer, self)

    def _undo(self, _: Move) -> str:
        if len(self.history_) == 1:
            return "There is nothing to undo."
        self.history_.pop()
        self._restore()
        return f"Undone. {self._question()}"

    def _restore(self) -> None:
        """Work out again what the standing had: the warnings of its task, and what was trained."""
        petel, is_done = self.standing.petel, self.standing.state == "sum up"
        is_task = petel.problem_type is not None and not petel.missing()
        self.warnings_ = fill(petel, self.table, keep=self.standing.keep).warnings if is_task else ()
        self.outcome_ = engineer(petel, self.table, track=self.track) if is_done else None

    def _stop(self, _: Move) -> str:
        self._move(is_stopped=True)
        where = f" The session is kept in {self.session}." if self.session else ""
        return f"Stopped at: {self.standing.state}.{where}"

    def _show(self, move: Move) -> str:
        return "\n".join(shown_column(self.look[name]) for name in move.columns) or shown_look(self.look)

    def _why(self, move: Move) -> str:
        reasons = {each.column: each.reason for each in self.standing.petel.left_out}
        named = move.columns or tuple(reasons)
        said = [
            f"{name} is left out: {reasons[name]}." if name in reasons else f"{name} takes part."
            for name in named
        ]
        return " ".join(said) or "Every column takes part."

    def _goal(self, move: Move) -> str:
        if self.standing.asking == "target" and move.columns:
            return self._target(replace(move, text=move.columns[0]))
        reading = self.reader.reading(move.text)
        if not reading.fits:
            self._move(petel=PeTEL(objective=move.text), rivals=(), asking="target", state="formulate")
            return f"No column fits that goal. Name one: {', '.join(c.name for c in self.look.columns)}."
        petel = petel_of(reading, move.text)
        if petel.problem_type is None:
            self._move(petel=petel, asking="goal", state="formulate")
            return f"I cannot tell what is to be predicted. {HELP}"
        petel = petel.changed(model_preferences=self.reader.methods(petel.problem_type))
        if petel.is_supervised and not reading.is_sure:
            names = " or ".join(each.column for each in reading.targets[:3])
            self._move(petel=petel, rivals=reading.targets, asking="target", state="formulate")
            return f"Is it about {names}? Name the column, or say yes for {reading.target}."
        return self._fixed(petel, reading.targets, ())

    def _target(self, move: Move) -> str:
        known = move.text.strip().strip('"')
        if known in self.look:
            reading = self._reading_of(known)
            petel = petel_of(reading, self.standing.petel.objective or f"predict {known}")
            return self._fixed(petel, self.standing.rivals, self.standing.keep)
        from personae.ask.derive import columns_of

        names = columns_of(move.text, self.look)
        petel = PeTEL(
            problem_type="classification",
            target_variable=names[0],
            target_expression=move.text,
            objective=move.text,
        )
        return self._fixed(petel, (), ())

    def _other(self, _: Move) -> str:
        old = Reading(None, self.standing.petel.target_variable, self.standing.rivals)
        new = without(old, old.target)
        if not new.target:
            return f"There is no other column that fits. {HELP}"
        petel = petel_of(self._reading_of(new.target), self.standing.petel.objective)
        return self._fixed(petel, new.targets, ())

    def _leave(self, move: Move) -> str:
        self._need_task(move)
        petel = self.standing.petel
        kept = [each for each in petel.left_out if each.column not in move.columns]
        said = [LeftOut(column=name, reason="you asked for it") for name in move.columns]
        keep = tuple(name for name in self.standing.keep if name not in move.columns)
        return self._fixed(petel.changed(left_out=_plain([*kept, *said])), self.standing.rivals, keep)

    def _keep(self, move: Move) -> str:
        self._need_task(move)
        petel = self.standing.petel
        kept = [each for each in petel.left_out if each.column not in move.columns]
        features = tuple(dict.fromkeys((*(petel.features or ()), *move.columns)))
        keep = tuple(dict.fromkeys((*self.standing.keep, *move.columns)))
        return self._fixed(
            petel.changed(left_out=_plain(kept), features=features), self.standing.rivals, keep
        )

    def _metric(self, move: Move) -> str:
        return self._changed(performance_metrics=(move.metric,) if move.metric else ())

    def _method(self, move: Move) -> str:
        return self._changed(model_preferences=move.methods)

    def _problem(self, move: Move) -> str:
        petel, is_number = self.standing.petel, re.search("regress|number", move.text, re.IGNORECASE)
        if not petel.is_supervised or not petel.target_variable or petel.target_expression:
            raise BadInput(f"Say first what is to be predicted, by a column. {HELP}")
        if is_number and self.look[petel.target_variable].kind not in ("number", "binary"):
            raise BadInput(f"{petel.target_variable!r} holds no numbers: it can be told as classes only.")
        problem: ProblemType = "regression" if is_number else "classification"
        return self._changed(
            problem_type=problem, positive="", performance_metrics=(), model_preferences=self.reader.methods(problem)
        )  # fmt: skip

    def _script(self, _: Move) -> str:
        asked = self.asked()
        return script_of(asked.petel, asked.table)

    def _split(self, move: Move) -> str:
        self._need_task(move)
        column = self.look[move.columns[0]]
        kind = {"split": "column", "time": "time"}.get(column.kind, "person")
        return self._changed(data_split=Split(kind=kind, column=column.name).model_dump())  # type: ignore[arg-type]

    def _yes(self, _: Move) -> str:
        standing = self.standing
        if standing.asking == "target" and standing.rivals:
            return self._fixed(standing.petel, standing.rivals, standing.keep)
        if standing.state != "formulate" or standing.petel.missing():
            return self._question()
        self._move(state="engineer", asking="")
        self.outcome_ = engineer(standing.petel, self.table, track=self.track)
        self.history_[-1] = replace(self.standing, state="sum up")
        return str(self.asked().summary)

    def _changed(self, **slots: object) -> str:
        if not self.standing.petel.problem_type:
            return f"Say first what you would like to know. {HELP}"
        return self._fixed(self.standing.petel.changed(**slots), self.standing.rivals, self.standing.keep)

    def _fixed(self, petel: PeTEL, rivals: tuple[Ranked, ...], keep: tuple[str, ...]) -> str:
        """Fill what is open, take the step, and ask whether the task is right."""
        filled = fill(petel, self.table, keep=keep)
        self.outcome_, self.warnings_ = None, filled.warnings
        self._move(state="formulate", petel=filled.petel, keep=keep, rivals=rivals, asking="confirm")
        return "\n".join((task_in_words(filled.petel), *filled.warnings, self._question()))

    def _reading_of(self, name: str) -> Reading:
        from personae.ask.understand import problem_of

        column = self.look[name]
        return Reading(problem_of(column, self.standing.petel.objective), name, ())

    def _need_task(self, move: Move) -> None:
        if not self.standing.petel.problem_type:
            raise BadInput(f"Say first what you would like to know. {HELP}")
        if not move.columns:
            raise BadInput(
                f"Name a column of the table: {', '.join(c.name for c in self.look.columns[:20])}."
            )

    def _move(self, **changes: object) -> None:
        self.history_.append(replace(self.standing, **changes))  # type: ignore[arg-type]

    def _question(self) -> str:
        """Return the seeker's question: what the next open slot is, in the order of the states."""
        standing = self.standing
        if standing.state == "sum up":
            return "Ask something else of the table, say script to see it as a Python script, or stop."
        if standing.asking == "target" and standing.rivals:
            return f"Is it about {' or '.join(each.column for each in standing.rivals[:3])}?"
        if standing.petel.problem_type and not standing.petel.missing():
            return "Train this? yes, or say what is to be changed."
        return "What would you like to know?"

    def _told(self, text: str) -> str:
        self.transcript_.append(("personae", text))
        return text


def shown_look(look: Look) -> str:
    """Return a table in words: rows, columns by kind, and what to mind."""
    lines = [f"{look.name}: {look.n_rows:,} rows, {len(look.columns)} columns."]
    lines += [f"  {shown_column(column)}" for column in look.columns]
    sensitive = [f"{column.name} ({column.sensitive})" for column in look.columns if column.sensitive]
    if sensitive:
        lines.append(f"Sensitive: {', '.join(sensitive)}.")
    return "\n".join(lines)


def shown_column(column: Column) -> str:
    """Return a column in one line; a value that under ten rows have is not named."""
    from personae.ask.table import SMALL_CELL

    about = f" ({column.description})" if column.description else ""
    gone = f", {column.n_missing:,} missing" if column.n_missing else ""
    if column.kind == "number" and column.range:
        low, middle, high = column.range
        return f"{column.name}{about}: numbers from {low:g} to {high:g}, half below {middle:g}{gone}"
    told = ", ".join(f"{value} {count:,}" for value, count in column.values[:5] if count >= SMALL_CELL)
    return f"{column.name}{about}: {column.kind}, {column.n_distinct:,} different{f': {told}' if told else ''}{gone}"


def suggested(look: Look) -> tuple[Column, ...]:
    """Return up to three columns that a prediction could be about: pairs first, then the last columns of the table."""
    fitting = [c for c in look.of_kind("binary", "category", "number") if c.n_missing < look.n_rows / 2]
    last = [c for c in reversed(fitting) if c.kind != "number"][:2]
    return tuple(dict.fromkeys([*last, *[c for c in fitting if c.kind == "number"][-1:]]))


def _plain(left_out: list[LeftOut]) -> list[dict[str, str]]:
    return [each.model_dump() for each in left_out]


def _mark(table: Table) -> str:
    """Return a hash of the table's shape and columns, so that a session goes on with the table it began with."""
    return hashlib.blake2b(f"{table.n_rows} {list(table.columns)}".encode(), digest_size=8).hexdigest()


def _standing(kept: dict[str, object]) -> Standing:
    state = kept["state"]
    if state not in STATES:
        raise ValueError(state)
    rivals = tuple(Ranked(str(name), float(score)) for name, score in kept["rivals"])  # type: ignore[attr-defined]
    return Standing(
        state, PeTEL.model_validate(kept["petel"]), tuple(kept["keep"]), rivals, str(kept["asking"]),  # type: ignore[arg-type]
        bool(kept["is_stopped"]),
    )  # fmt: skip
