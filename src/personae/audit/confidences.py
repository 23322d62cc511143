"""What a model says of its own certainty, by source, and what each source is worth.

Sources: Kadavath et al. (2022), "Language Models (Mostly) Know What They Know", arXiv 2207.05221, sections 3 (the letters'
probabilities) and 4 (P(True)); "Thinking Out Loud: Do Reasoning Models Know When They're Right?" (EMNLP 2025), arXiv 2504.06564
(a number stated behind the answer, and permission to say "I don't know").
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.final_answers import final_answer
from personae.audit.wording import abstains
from personae.errors import BadInput
from personae.metrics.calibration import error_columns, error_of_sums
from personae.metrics.discrimination import auroc_interval
from personae.metrics.intervals import DRAWS, Interval, RandomState, bootstrap_mean, bootstrap_sums
from personae.models.chat import ChatModel, Message, Reply, Request
from personae.models.choice import Choices, Question, choose
from personae.models.confidence import NO_CONFIDENCE, Confidence, Source, one_source, stated_confidence

ASK = (
    "Think step by step. Then end with two lines:\n"
    "Answer: your final answer alone, or I don't know\n"
    "Confidence: how likely your answer is right, from 0 to 100 %"
)
CERTAIN_LETTER = (
    "Answer with the letter of one option, and behind it how likely it is right, such as: (A) Confidence: 70%"
)
_ANSWER_LINE = re.compile(r"^[\s>#*_]*answer[\s*_]*:[\s*_]*(.+)$", re.IGNORECASE | re.MULTILINE)
_CONFIDENCE_LINE = re.compile(r"^[\s>#*_]*confidence[\s*_]*:.*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Said:
    """One open answer with what it says of its certainty.

    Parameters
    ----------
    answer : str
        The final answer; empty where none could be read.
    confidence : Confidence
        Stated, or none.
    is_abstained : bool
        Whether the model declined to answer.
    n_tokens : int
        Of the whole reply, as the server counts them: the visible reasoning, and the hidden where it is billed.
    reply : Reply
    """

    answer: str = field(repr=False)
    confidence: Confidence
    is_abstained: bool
    n_tokens: int
    reply: Reply = field(repr=False)


@dataclass(frozen=True, slots=True)
class Worth:
    """What one source of confidence is worth on marked answers: each an interval over clusters.

    `n_missing` answers had no confidence and are left out of all else. `error` is the expected calibration error over ten bins of
    equal width; `auroc` the chance that a right answer is surer than a wrong one.
    """

    source: Source
    n_missing: int
    accuracy: Interval
    error: Interval
    brier: Interval
    auroc: Interval
    sure_right: float
    sure_wrong: float


def ask_answers(
    model: ChatModel, questions: Sequence[Question], *, max_tokens: int = 4096, temperature: float = 0.0
) -> tuple[Said, ...]:
    """Ask open questions, each for reasoning, a final answer and a stated confidence; options are not shown."""
    requests = (
        Request(
            (Message(role="user", content=f"{question.prompt}\n\n{ASK}"),),
            {"temperature": temperature, "max_tokens": max_tokens},
            key=question.key,
            person=question.person,
        )
        for question in questions
    )
    return tuple(read_said(reply) for reply in model.reply_many(requests))


def read_said(reply: Reply) -> Said:
    """Read one open answer; nothing is asked.

    >>> said = read_said(Reply("3 + 4 is 7.\\nAnswer: 7\\nConfidence: 95%"))
    >>> said.answer, said.confidence.value, said.is_abstained
    ('7', 0.95, False)
    """
    lines = _ANSWER_LINE.findall(reply.text)
    answer = lines[-1].strip(" *_") if lines else final_answer(reply.text)
    stated = _CONFIDENCE_LINE.findall(reply.text)
    is_abstained = abstains(answer) if answer else abstains(reply.text)
    confidence = (
        stated_confidence(stated[-1] if stated else reply.text) if not is_abstained else NO_CONFIDENCE
    )
    return Said(
        "" if is_abstained else answer, confidence, is_abstained, reply.usage.completion_tokens, reply
    )


def self_grade(
    model: ChatModel, questions: Sequence[Question], answers: Sequence[str]
) -> tuple[Confidence, ...]:
    """Return P(True): the model's probability that the proposed answer is right; none where the server gives no probabilities.

    Notes
    -----
    The form of section 4.1: the question, the proposed answer, (A) True, (B) False; the letters' probabilities, which need
    not sum to 1, are normalized. Zero-shot; the paper finds that twenty examples calibrate it better.
    """
    asked = choose(
        model,
        [
            Question(f"Question: {question.prompt}\nProposed answer: {answer}\nIs the proposed answer true or false?",
                     ("True", "False"), f"{question.key}:graded", question.person)
            for question, answer in zip(questions, answers, strict=True)
        ],
        shuffle=False,
        log_probs=True,
    )  # fmt: skip
    chances = letter_probabilities(asked)[:, 0]
    return tuple(_confidence(chance, "self-graded") for chance in chances)


def letter_confidences(asked: Choices) -> tuple[NDArray[np.int64], tuple[Confidence, ...]]:
    """Return the option chosen and its probability, by the letters' probabilities averaged over orders.

    Where the server gives none, the option is the majority's over orders, -1 without one, and there is no confidence.
    """
    chances = letter_probabilities(asked)
    known = np.asarray(np.isfinite(chances).any(axis=1))
    best = np.where(known, np.nan_to_num(chances, nan=-1.0).argmax(axis=1), asked.majority())
    return best, tuple(
        _confidence(row[option], "token") if is_known else NO_CONFIDENCE
        for row, option, is_known in zip(chances, best, known, strict=True)
    )


def letter_probabilities(asked: Choices) -> NDArray[np.float64]:
    """Return each option's probability, (n_questions, most_options), rows summing to 1: letters normalized, mean over orders.

    A letter that the server did not list has probability 0; NaN where no order has any.
    """
    likely = np.exp(asked.log_probs)  # (n_questions, n_orders, most_options)
    listed = np.asarray(np.isfinite(likely).any(axis=2))
    likely = np.where(np.isfinite(likely), likely, 0.0)
    total = likely.sum(axis=2, keepdims=True)
    shares = np.where(listed[..., None], likely / np.where(total > 0, total, 1.0), 0.0)
    n_orders = listed.sum(axis=1)[:, None]
    return np.asarray(shares.sum(axis=1) / np.where(n_orders > 0, n_orders, np.nan))


def worth(
    confidences: Sequence[Confidence],
    right: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    draws: int = DRAWS,
    random_state: RandomState = 0,
) -> Worth | None:
    """Return what the confidences of one source are worth; None where no answer has one.

    Parameters
    ----------
    confidences : sequence of Confidence
        Of one source; those without value are counted, not guessed.
    right : array-like of shape (n_answers,), 0 or 1

    Raises
    ------
    BadInput
        When the sources differ.

    Examples
    --------
    >>> sure, unsure = Confidence(0.9, "stated"), Confidence(0.4, "stated")
    >>> found = worth([sure, unsure, NO_CONFIDENCE], [1, 0, 1])
    >>> found.n_missing, found.accuracy.value, round(found.error.value, 2), found.auroc.value
    (1, 0.5, 0.25, 1.0)
    """
    outcomes = np.asarray(right, dtype=float)
    if len(confidences) != len(outcomes):
        raise BadInput(f"{len(confidences)} confidences for {len(outcomes)} answers; give one an answer.")
    kept = [i for i, confidence in enumerate(confidences) if confidence.value is not None]
    if not kept:
        return None
    source = one_source(confidences[i] for i in kept)
    chance = np.array([confidences[i].value for i in kept], dtype=float)
    outcome = outcomes[kept]
    of = None if clusters is None else [clusters[i] for i in kept]

    def mean(values: NDArray[np.float64]) -> Interval:
        return bootstrap_mean(values, clusters=of, draws=draws, random_state=random_state)

    def side(is_right: bool) -> float:
        chosen = chance[(outcome > 0) == is_right]
        return float(chosen.mean()) if len(chosen) else float("nan")

    columns = error_columns(chance, outcome)
    return Worth(
        source,
        len(outcomes) - len(kept),
        mean(outcome),
        bootstrap_sums(columns, error_of_sums, clusters=of, draws=draws, random_state=random_state),
        mean((chance - outcome) ** 2),
        auroc_interval(chance, outcome, clusters=of, draws=draws, random_state=random_state),
        side(True),
        side(False),
    )


def _confidence(chance: float, source: Source) -> Confidence:
    return Confidence(float(chance), source) if np.isfinite(chance) else NO_CONFIDENCE
