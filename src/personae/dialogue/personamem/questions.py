"""PersonaMem's questions and histories, as its files hold them: read, checked, and written again.

Source: Jiang et al. (2025), "Know Me, Respond to Me", arXiv 2504.14225, section 3; the columns are those of the released 32k,
128k and 1M question files, the histories those of the released `shared_contexts` files.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from personae.errors import BadInput
from personae.models.chat import Message

KINDS = {  # the name used here, and other spellings in the released files
    "recall_user_shared_facts": ("recalling_facts_mentioned_by_the_user",),
    "acknowledge_latest_user_preferences": (),
    "track_full_preference_evolution": (),
    "recalling_the_reasons_behind_previous_updates": ("revisit_reasons_behind_preference_updates",),
    "suggest_new_ideas": (),
    "generalizing_to_new_scenarios": ("generalize_to_new_scenarios",),
    "provide_preference_aligned_recommendations": (),
}
LETTERS = "abcd"
_KIND_OF = {spelled: name for name, others in KINDS.items() for spelled in (name, *others)}
_LETTERED = re.compile(r"\(([a-z])\)\s*")
_SPOKEN = re.compile(r"(?:User|Assistant):\s*")
_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class MemoryQuestion:
    """A message of a person to an assistant that should know them, four replies, and the one that knows them.

    Parameters
    ----------
    id, person : str
    kind : one of KINDS; `raw_kind` is as the file spells it
    topic : str
    message : str
    options : tuple of str
        Without their letters.
    right : int
    history : str
        Id of the history that the question is asked in, after its first `end` messages.
    distance : float in [0, 1]
        How far back what is asked about was said: 0 at the end of the history, 1 at its beginning.
    """

    id: str
    person: str
    kind: str
    topic: str
    message: str = field(repr=False)
    options: tuple[str, ...] = field(repr=False)
    right: int
    history: str
    end: int
    distance: float
    raw_kind: str = ""


def read_questions(rows: Iterable[Mapping[str, Any]]) -> list[MemoryQuestion]:
    """Read rows of a question file, CSV or JSON; rows that repeat the header are left out.

    Raises
    ------
    BadInput
        With the number of the row and its field, when a field is missing or cannot be read.

    Examples
    --------
    >>> row = {"persona_id": "0", "question_id": "q", "question_type": "suggest_new_ideas", "topic": "music",
    ...        "user_question_or_message": "Any idea?", "correct_answer": "(b)", "all_options": "['(a) x', '(b) y']",
    ...        "shared_context_id": "h", "end_index_in_shared_context": "5", "distance_to_ref_proportion_in_context": "92.67%"}
    >>> question = read_questions([row])[0]
    >>> question.options[question.right], question.distance
    ('y', 0.9267)
    """
    return [
        _question(row, number)
        for number, row in enumerate(rows, 1)
        if row.get("question_id") != "question_id"
    ]


def as_row(question: MemoryQuestion) -> dict[str, str]:
    """Return the row of a question file that `read_questions` reads as this question."""
    options = [f"({letter}) {option}" for letter, option in zip(LETTERS, question.options, strict=False)]
    return {
        "persona_id": question.person,
        "question_id": question.id,
        "question_type": question.raw_kind or question.kind,
        "topic": question.topic,
        "distance_to_ref_proportion_in_context": f"{100 * question.distance:.2f}%",
        "user_question_or_message": question.message,
        "correct_answer": f"({LETTERS[question.right]})",
        "all_options": repr(options),
        "shared_context_id": question.history,
        "end_index_in_shared_context": str(question.end),
    }


def read_histories(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Message, ...]]:
    """Return histories by id, from rows {"shared_context_id", "messages"} or, as released, {id: messages}.

    The leading "User:" and "Assistant:" of the texts are taken off; the roles say it.

    Raises
    ------
    BadInput
        With the number of the row, when a message has no known role or no text.
    """
    found = {}
    for number, row in enumerate(rows, 1):
        parts = {row["shared_context_id"]: row["messages"]} if "messages" in row else row
        for name, messages in parts.items():
            found[str(name)] = tuple(_message(message, number) for message in messages)
    return found


def history_of(question: MemoryQuestion, histories: Mapping[str, Sequence[Message]]) -> tuple[Message, ...]:
    """Return what was said before the question.

    Raises
    ------
    BadInput
        When the history is not there, or is shorter than the question says.
    """
    if question.history not in histories:
        raise BadInput(
            f"The history {question.history[:12]} of question {question.id} is not among the {len(histories)} given. "
            f"The released histories are large files apart: read the one of the question's tier with `read_histories`."
        )
    messages = tuple(histories[question.history])
    if len(messages) < question.end:
        raise BadInput(
            f"Question {question.id} stands after message {question.end} of a history of {len(messages)} messages."
        )
    return messages[: question.end]


def history_id(messages: Sequence[Message]) -> str:
    """Return a 64-digit id of a history."""
    text = "\x1f".join(f"{message['role']}\x1e{message['content']}" for message in messages)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _question(row: Mapping[str, Any], number: int) -> MemoryQuestion:
    try:
        raw_kind = str(row["question_type"])
        options = (
            ast.literal_eval(row["all_options"])
            if isinstance(row["all_options"], str)
            else row["all_options"]
        )
        right = _LETTERED.match(str(row["correct_answer"]))
        distance = float(str(row["distance_to_ref_proportion_in_context"]).rstrip("%")) / 100
        end = int(row["end_index_in_shared_context"])
        person, name, topic, message, history = (
            str(row[key])
            for key in ("persona_id", "question_id", "topic", "user_question_or_message", "shared_context_id")
        )
    except (KeyError, ValueError, SyntaxError) as error:
        what = (
            f"no field {error.args[0]!r}"
            if isinstance(error, KeyError)
            else f"a field that is {type(error).__name__}"
        )
        raise BadInput(
            f"Row {number} of the questions has {what}; see `personae.dialogue.personamem`."
        ) from None
    if raw_kind not in _KIND_OF:
        raise BadInput(
            f"Row {number} of the questions has an unknown question_type; known: {', '.join(_KIND_OF)}."
        )
    if (
        right is None
        or not isinstance(options, (list, tuple))
        or LETTERS.find(right[1]) not in range(len(options))
    ):
        raise BadInput(f"Row {number} of the questions has a correct_answer that names none of its options.")
    texts = tuple(_LETTERED.sub("", str(option), count=1) for option in options)
    return MemoryQuestion(
        name, person, _KIND_OF[raw_kind], topic, message, texts, LETTERS.index(right[1]), history, end, round(distance, 6),
        raw_kind,
    )  # fmt: skip


def _message(message: Any, number: int) -> Message:
    is_whole = isinstance(message, Mapping) and isinstance(message.get("content"), str)
    if not is_whole or message.get("role") not in _ROLES:
        raise BadInput(f"Row {number} of the histories has a message without a role of {_ROLES} and a text.")
    return cast("Message", {"role": message["role"], "content": _SPOKEN.sub("", message["content"], count=1)})
