"""Ask any chat model which answer a person would prefer, in both orders, with a certainty.

Source: Dong, Hu, Collier (2024), "Can LLM be a Personalized Judge?", arXiv 2406.11657, section 3 and appendix (prompt parts:
task, five bands of certainty defined by what the profile supports, profile, item).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from personae.models.chat import ChatModel
from personae.models.choice import Choices, Question, choose
from personae.models.confidence import NO_CONFIDENCE, Confidence, stated_confidence
from personae.people.records import Preference
from personae.preference.personaljudge.stack import Verdict

TASK = (
    "You judge which of two answers one particular person would prefer, from what is known about that person."
)
TASK_WITHOUT = "You judge which of two answers a person would prefer. Nothing is known about the person."
BANDS = """How certain you are depends on how much the profile supports your choice:
1-20: the profile says next to nothing about it; 21-40: there are hints; 41-60: there is clear support;
61-80: there is strong support; 81-100: the profile decides it."""
INSTRUCTION = (
    "Answer with the letter in double square brackets and your certainty as a whole number from 1 to 100, "
    "such as: [[A]] certainty: 55"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Verdicts over both orders, and the single answers: `answers.consistency`, `.position_rates()`, `.unparsed`."""

    verdicts: tuple[Verdict, ...]
    answers: Choices


def ask_verdicts(
    model: ChatModel,
    preferences: Sequence[Preference],
    profiles: Mapping[str, str] | None = None,
    *,
    random_state: int = 0,
) -> Asked:
    """Ask for a verdict on each pair of answers, twice, with the answers swapped.

    Parameters
    ----------
    model : ChatModel
    preferences : sequence of Preference
        Their choices are not sent.
    profiles : mapping from person to persona text, optional
        A person without a profile is judged as anyone.

    Notes
    -----
    With s = 1 where an order gave a, -1 where it gave b, and c its certainty, the verdict is the sign of mean(s c) over both
    orders, its certainty the size: a judge that follows the place and not the answer ends with no verdict, or an uncertain one.
    The paper asks once, at temperature 0.7; here the temperature is 0 and the order is swapped, since places sway judges.
    An order without a certainty counts as certainty 1/2.

    Examples
    --------
    >>> from personae.models.strings import chat_model
    >>> def likes_tea(messages):
    ...     return "[[A]] certainty: 80" if "(A) tea" in messages[-1]["content"] else "[[B]] certainty: 60"
    >>> model = chat_model("scripted", script=likes_tea)
    >>> ask_verdicts(model, [Preference("ana", "What to drink?", "tea", "coffee", "a")]).verdicts
    (Verdict(choice='a', certainty=Confidence(value=0.7, source='stated')),)
    """
    known = profiles or {}
    questions = [
        Question(
            _prompt(each, known.get(each.person, "")), (each.a, each.b), key=f"pair {i}", person=each.person
        )
        for i, each in enumerate(preferences)
    ]
    answers = choose(
        model, questions, instruction=INSTRUCTION, n_orders=2, random_state=random_state, max_tokens=32
    )
    said = [stated_confidence(reply.text) for reply in answers.replies]
    verdicts = [_averaged(answers.picks[i], said[2 * i : 2 * i + 2]) for i in range(len(questions))]
    return Asked(tuple(verdicts), answers)


def _averaged(picks: np.ndarray, said: Sequence[Confidence]) -> Verdict:
    signs = np.select([picks == 0, picks == 1], [1.0, -1.0], 0.0)
    certainties = [0.5 if each.value is None else each.value for each in said]
    lean = float(np.mean(signs * certainties))
    if not lean:
        return Verdict("")
    is_stated = any(each.value is not None for each in said)
    return Verdict("a" if lean > 0 else "b", Confidence(abs(lean), "stated") if is_stated else NO_CONFIDENCE)


def _prompt(preference: Preference, profile: str) -> str:
    about = (TASK, BANDS, f"[Profile]\n{profile}") if profile else (TASK_WITHOUT,)
    return "\n\n".join((*about, f"[Question]\n{preference.context}", "[Answers]"))
