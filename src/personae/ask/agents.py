"""The paper's micro-agents: small prompts with typed answers, asked of a model that the user named; rules where it fails.

Source: Hassan, Knipper, Santu (2023), "ChatGPT as your Personal Data Scientist", arXiv 2305.13657, section 5: global agents
(state detector, dialogue summarizer, conversation manager) and local ones (dataset summarizer, task selector, PeTEL
formulator, seeker, feeder, result summarizer). Each is role, schema, example and inputs, at temperature 0.

What the paper lists as ChatGPT's faults is checked here, counted in `faults_`, and mended by the rules: an answer out of form,
a column that is not there, a step out of order, agreement to what nobody asked for, a number that was never measured.
No row leaves: the model sees the user's words and `Look.as_prompt`, which suppresses small counts.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from personae.ask.conversation import Conversation, Rules
from personae.ask.derive import compile_expression
from personae.ask.moves import STATES, Intent, Move, State, columns_in, read_move
from personae.ask.petel import METHODS, METRICS, Method, ProblemType
from personae.ask.table import Look
from personae.ask.understand import Ranked, Reading, problem_of
from personae.errors import ModelFailed, PersonaeError
from personae.models.answers import Answered, Outcomes, ask, nearest
from personae.models.encoder import Encoder

if TYPE_CHECKING:
    from personae.models.chat import ChatModel, Message

Fault = Literal["no answer", "format", "invented column", "drift", "over-agreed", "invented number"]
ALIKE = 0.93  # Jaro-Winkler from which on a column's name counts as misspelled, not invented
LONGEST = 600  # characters of the running summary
MAX_TOKENS = 700
T = TypeVar("T", bound=BaseModel)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ROWS = re.compile(r"([\d,]+) ((?:training |held-out )?rows)")


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Detected(_Answer):
    """State detector."""

    next_state: State
    intent: Intent
    columns: list[str] = Field(default_factory=list)


class Summarized(_Answer):
    """Dialogue summarizer."""

    summary: str


class Utterance(_Answer):
    """Conversation manager, and result summarizer."""

    text: str


class Described(_Answer):
    """Dataset summarizer."""

    description: str
    uses: list[str]


class Selected(_Answer):
    """Task selector."""

    problem_type: ProblemType


class Patch(_Answer):
    """PeTEL formulator: only the slots that the turn changes."""

    target_variable: str = ""
    target_expression: str = ""
    positive: str = ""
    performance_metric: str = ""
    left_out: list[str] = Field(default_factory=list)


class Sought(_Answer):
    """Seeker: the question for the slot that is missing."""

    slot: str
    question: str


class Fed(_Answer):
    """Feeder: a method for the open slot."""

    model_preferences: list[Method]


ROLES: dict[type[BaseModel], str] = {
    Detected: (
        "You detect the state of a dialogue about a data table. States in order: look, formulate, engineer, sum up; one step "
        "forward at a time, back at will. Say which state comes next and what the user intends.\n"
        'Example: the user says "could you take age out of it" -> {"next_state": "formulate", "intent": "leave out", '
        '"columns": ["age"]}'
    ),
    Summarized: (
        "You keep the summary of a dialogue under 80 words. Add what the last turn changed; drop nothing that was decided.\n"
        'Example: {"summary": "The user wants to predict income; sex was left out."}'
    ),
    Utterance: (
        "You tell the user, in two to five plain sentences, what the information says. Repeat every warning. Use no number "
        'that is not in it, promise nothing.\nExample: {"text": "Accuracy is 0.87 on rows held out."}'
    ),
    Described: (
        "You describe a data table from its schema, and suggest up to three predictions that its columns allow.\n"
        'Example: {"description": "Census rows of adults.", "uses": ["predict income from work and schooling"]}'
    ),
    Selected: (
        "You choose the kind of machine learning task that a goal asks for.\n"
        'Example: goal "who earns over 50K" -> {"problem_type": "classification"}'
    ),
    Patch: (
        "You fix a prediction task. Give only the slots that the user's words change. Name columns exactly as the schema "
        "does, and none that it has not; target_expression is a condition over columns, where the target is none by itself.\n"
        'Example: goal "who earns over 50K, by F1" -> {"target_variable": "income", "target_expression": "", "positive": '
        '">50K", "performance_metric": "f1", "left_out": []}'
    ),
    Sought: (
        "You ask the user one short question about the slot that is missing.\n"
        'Example: {"slot": "target_variable", "question": "Is it about income or about occupation?"}'
    ),
    Fed: (
        "You propose which methods to compare for a task, of linear, forest, boosting, k_means, isolation, components.\n"
        'Example: {"model_preferences": ["linear", "boosting"]}'
    ),
}  # fmt: skip


class MicroAgents:
    """Read turns and goals with a language model, and with the rules wherever its answer does not hold.

    Parameters
    ----------
    chat : ChatModel
    look : Look
    encoder : Encoder
        For the rules.
    repairs : int
        How often an answer out of form is asked for again.

    Attributes
    ----------
    outcomes_ : Outcomes
        Answers by how they could be read.
    faults_ : Counter of Fault
        What was caught and mended.
    summary_ : str
        Of the dialogue so far.
    """

    def __init__(self, chat: ChatModel, look: Look, encoder: Encoder, *, repairs: int = 1) -> None:
        self.chat = chat
        self.look = look
        self.rules = Rules(look, encoder)
        self.repairs = repairs
        self.outcomes_ = Outcomes()
        self.faults_: Counter[Fault] = Counter()
        self.summary_ = ""
        self._schema = look.as_prompt()

    def describe(self) -> str:
        """Return the dataset summarizer's words, empty where it failed."""
        found = self._ask(Described, columns=self._schema)
        return " ".join([found.description, *found.uses]) if found else ""

    def move(self, text: str, conversation: Conversation) -> Move:
        """Return what a turn asks for: commands are the rules' own, free words the state detector's."""
        plain = read_move(text, self.look, conversation.standing.petel)
        if plain.intent != "goal":
            return plain
        found = self._ask(
            Detected, state=conversation.standing.state, summary=self.summary_, turn=text,
            question=self._sought(conversation), columns=", ".join(c.name for c in self.look.columns),
        )  # fmt: skip
        self._summarize(text)
        if not found:
            return plain
        if not _may_follow(conversation, found.next_state, found.intent):
            self.faults_["drift"] += 1
            return plain
        columns = self._known(found.columns)
        unasked = [name for name in columns if name not in columns_in(text, self.look)]
        if found.intent in ("keep", "leave out", "split", "target") and (unasked or not columns):
            self.faults_["over-agreed"] += 1
            return plain
        if found.intent in ("metric", "method", "other target", "no", "problem"):
            return plain
        text = columns[0] if found.intent == "target" else text
        return Move(found.intent, columns, text=text)

    def reading(self, goal: str) -> Reading:
        """Return what a goal says: task selector, then PeTEL formulator; the rules' reading where they fail."""
        plain = self.rules.reading(goal)
        chosen = self._ask(Selected, goal=goal, columns=self._schema)
        patch = self._ask(
            Patch, goal=goal, columns=self._schema, summary=self.summary_,
            problem_type=chosen.problem_type if chosen else plain.problem_type,
        )  # fmt: skip
        problem = chosen.problem_type if chosen else plain.problem_type
        if problem in ("clustering", "anomaly detection", "dimensionality reduction"):
            left_out = self._known(patch.left_out) if patch else ()
            return Reading(problem, "", (), metric=plain.metric, left_out=left_out)
        targets = self._known([patch.target_variable]) if patch and patch.target_variable else ()
        if not targets or patch is None:
            return plain
        return self._with(plain, patch, targets[0], goal)

    def tell(self, plain: str, conversation: Conversation) -> str:
        """Return the conversation manager's words (the result summarizer's at the end) above what they tell of.

        Task, warnings and scores stand there whatever the model makes of them; words with a number of its own go.
        """
        found = self._ask(
            Utterance, state=conversation.standing.state, summary=self.summary_,
            information=_ROWS.sub(lambda match: f"{_tens(match[1])} {match[2]}", plain),
        )  # fmt: skip
        if not found or not found.text.strip():
            return plain
        if set(_NUMBER.findall(found.text)) - {*_NUMBER.findall(plain), *map(_tens, _NUMBER.findall(plain))}:
            self.faults_["invented number"] += 1
            return plain
        if re.search(r"\b(?:trained|held-out|accuracy of)\b", found.text) and conversation.outcome_ is None:
            self.faults_["drift"] += 1
            return plain
        return f"{found.text.strip()}\n{plain}"

    def methods(self, problem: ProblemType) -> tuple[Method, ...]:
        """Return the feeder's methods that fit the problem; all of the problem's where it failed."""
        found = self._ask(Fed, problem_type=problem, columns=self._schema)
        fitting = tuple(
            dict.fromkeys(m for m in (found.model_preferences if found else ()) if m in METHODS[problem])
        )
        return fitting or METHODS[problem]

    def _with(self, plain: Reading, patch: Patch, target: str, goal: str) -> Reading:
        """Return the model's target and class where the table has them, in the form that the target's column allows."""
        column = self.look[target]
        expression = self._expression(patch.target_expression)
        problem: ProblemType = "classification" if expression else problem_of(column, goal)
        positive = patch.positive if patch.positive in [value for value, _ in column.values] else ""
        if problem == "classification" and not positive and not expression and column.kind == "binary":
            positive = self.rules.rules.positive(column, goal)
        metric = next((m for m in METRICS[problem] if m == patch.performance_metric), None) or plain.metric
        if metric != plain.metric and not plain.metric:
            self.faults_["over-agreed"] += 1  # a metric that the goal does not name
            metric = None
        others = tuple(each for each in plain.targets if each.column != target)
        left_out = tuple(
            name for name in self._known(patch.left_out) if name in plain.left_out or name in goal
        )
        return replace(
            plain, problem_type=problem, target=target, targets=(Ranked(target, 9.0), *others), expression=expression,
            positive=positive, metric=metric, left_out=left_out or plain.left_out,
        )  # fmt: skip

    def _expression(self, text: str) -> str:
        try:
            return text if text and compile_expression(text, self.look) else ""
        except PersonaeError:
            self.faults_["format"] += 1
            return ""

    def _known(self, names: list[str]) -> tuple[str, ...]:
        """Return the columns that are there, misspelled ones mended; the others are counted and gone."""
        found = []
        for name in names:
            close = name if name in self.look else nearest(name, [c.name for c in self.look.columns], ALIKE)
            if close:
                found.append(close)
            else:
                self.faults_["invented column"] += 1
        return tuple(dict.fromkeys(found))

    def _sought(self, conversation: Conversation) -> str:
        """Return the seeker's question for the first missing slot; empty where none is missing."""
        missing = conversation.standing.petel.missing()
        if not missing or conversation.standing.state == "look":
            return ""
        found = self._ask(Sought, missing=", ".join(missing), summary=self.summary_)
        return found.question if found else ""

    def _summarize(self, text: str) -> None:
        found = self._ask(Summarized, summary=self.summary_, turn=text)
        self.summary_ = (found.summary if found else f"{self.summary_} The user said: {text}").strip()[
            -LONGEST:
        ]

    def _ask(self, schema: type[T], **inputs: Any) -> T | None:
        given = "\n".join(f"[{name}]\n{value}" for name, value in inputs.items() if value)
        messages: list[Message] = [
            {"role": "system", "content": f"{ROLES[schema]}\nAnswer with one JSON object and nothing else."},
            {"role": "user", "content": given},
        ]
        if self.faults_["no answer"]:
            return None
        try:
            result = ask(
                self.chat, messages, schema, repairs=self.repairs, temperature=0.0, max_tokens=MAX_TOKENS
            )
        except ModelFailed:
            self.faults_["no answer"] += 1  # the rules go on alone: every further wait would be as long
            return None
        self.outcomes_.count(result)
        if isinstance(result, Answered):
            return result.value
        self.faults_["format"] += 1
        return None


def _tens(count: str) -> str:
    """Return a count rounded to tens, as nothing finer leaves."""
    digits = count.replace(",", "")
    return str(round(int(digits), -1)) if digits.isdigit() else count


def _may_follow(conversation: Conversation, state: State, intent: Intent) -> bool:
    """Whether a step is in order: one forward at most, back at will, and yes only to a task that was shown."""
    standing = conversation.standing
    if STATES.index(state) > STATES.index(standing.state) + 1:
        return False
    return intent != "yes" or standing.asking in ("confirm", "target")
