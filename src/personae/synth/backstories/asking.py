"""Ask stories: who they are (trait distributions) and what a survey wants to know, through any model string.

Source: Moon et al. (2024), arXiv 2407.06576, sections 3.2 (about 40 answers a trait) and 3.4 (option orders, compliance).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.models.chat import ChatModel
from personae.models.choice import Question, choose
from personae.synth.backstories.interview import Backstory
from personae.synth.backstories.matching import trait_shares

N_TIMES = 40  # arXiv 2407.06576, section 3.2
WITHHELD = "Prefer not to answer"


@dataclass(frozen=True, slots=True)
class SurveyQuestion:
    """One multiple-choice question with its options in order."""

    id: str
    text: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SurveyAnswers:
    """What stories answered.

    Parameters
    ----------
    codes : ndarray of shape (n_stories, n_questions)
        Position of the chosen option; -1 where none could be read.
    compliance : float
        Share of answers that could be read.
    """

    codes: NDArray[np.int64]
    compliance: float


def ask_traits(
    model: ChatModel,
    stories: Sequence[Backstory],
    question: SurveyQuestion,
    *,
    n_times: int = N_TIMES,
    random_state: int = 0,
) -> NDArray[np.float64]:
    """Return how each story's answers to one question about itself spread, shape (n_stories, n_options).

    The options are shuffled each time; `WITHHELD` is offered too, and left out of the shares.
    """
    options = (*question.options, WITHHELD)
    asked = [_question(story, question.text, options) for story in stories]
    chosen = choose(model, asked, n_orders=n_times, random_state=random_state, temperature=1.0)
    counts = np.stack(
        [(chosen.picks == option).sum(axis=1) for option in range(len(question.options))], axis=1
    )
    return trait_shares(counts.astype(float))


def ask_survey(
    model: ChatModel,
    stories: Sequence[Backstory],
    questions: Sequence[SurveyQuestion],
    *,
    random_state: int = 0,
) -> SurveyAnswers:
    """Ask every story every question, each story's own earlier life in front and the options in a seeded order."""
    asked = [_question(story, question.text, question.options) for story in stories for question in questions]
    picks = choose(model, asked, random_state=random_state, temperature=1.0).picks[:, 0]
    codes = picks.reshape(len(stories), len(questions))
    return SurveyAnswers(codes, float(np.mean(codes >= 0)))


def _question(story: Backstory, text: str, options: Sequence[str]) -> Question:
    prompt = f"{story.text}\n\nAnswer the next question as the person above, in keeping with all that they told.\n{text}"
    return Question(prompt, tuple(options), person=story.person)
