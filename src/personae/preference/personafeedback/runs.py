"""Running a scorer or a chat model over choice items: seeded orders that are kept, and what each answer was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.metrics.folds import deal_folds
from personae.models.chat import ChatModel
from personae.models.choice import Choices, Question, choose, option_orders
from personae.preference.personafeedback.items import ChoiceItem
from personae.preference.personafeedback.scorers import Array, Scorer

TASK = "Which answer fits this person best?"
TASK_WITHOUT = "Which answer fits the person best? Nothing is known about them."


@dataclass(frozen=True, slots=True)
class Run:
    """Answers to n items, in `Choices`, with the orders in which options were shown, and the place of each right option."""

    choices: Choices
    orders: tuple[tuple[tuple[int, ...], ...], ...]  # n_items of n_orders
    labels: NDArray[np.int64]

    @property
    def right(self) -> Array:
        """Share of the orders in which each item was answered right, shape (n_items,)."""
        return np.asarray((self.choices.picks == self.labels[:, None]).mean(axis=1))


def run_scorer(
    scorer: Scorer, items: Sequence[ChoiceItem], *, n_orders: int = 2, random_state: int = 0
) -> Run:
    """Choose the option of highest score; of equals the one shown first, which the shuffled order makes a lot."""
    return run_scores(scores_of(scorer, items), items, n_orders=n_orders, random_state=random_state)


def scores_of(scorer: Scorer, items: Sequence[ChoiceItem]) -> list[Array]:
    """Return each item's scores, one an option."""
    found = scorer.scores([(each.persona, each.query, option) for each in items for option in each.options])
    ends = np.cumsum([len(each.options) for each in items])
    return np.split(found, ends[:-1])


def run_scores(
    scores: Sequence[Array], items: Sequence[ChoiceItem], *, n_orders: int = 2, random_state: int = 0
) -> Run:
    """Choose by scores that are already there; see `run_scorer`."""
    questions = [Question("", each.options) for each in items]
    orders = option_orders(questions, n_orders=n_orders, random_state=random_state)
    shape = len(items), n_orders
    positions, picks = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    odds = np.full((*shape, max(len(each.options) for each in items)), np.nan)
    for row, (mine, shown) in enumerate(zip(scores, orders, strict=True)):
        chances = mine - np.logaddexp.reduce(mine)
        odds[row, :, : len(mine)] = chances
        for turn, order in enumerate(shown):
            positions[row, turn] = int(np.argmax(mine[list(order)]))
            picks[row, turn] = order[positions[row, turn]]
    return Run(Choices(picks, positions, odds, ()), orders, _labels(items))


def run_model(
    model: ChatModel,
    items: Sequence[ChoiceItem],
    *,
    n_orders: int = 2,
    random_state: int = 0,
    log_probs: bool = False,
) -> Run:
    """Ask a chat model for the letter of the fitting option; an item without persona is asked without one."""
    questions = [Question(_prompt(each), each.options, each.id, each.person) for each in items]
    asked = choose(model, questions, n_orders=n_orders, random_state=random_state, log_probs=log_probs)
    return Run(asked, option_orders(questions, n_orders=n_orders, random_state=random_state), _labels(items))


def crossed_scores(
    new: Callable[[Sequence[ChoiceItem]], Scorer],
    items: Sequence[ChoiceItem],
    asked: Sequence[Sequence[ChoiceItem]],
    *,
    random_state: int = 0,
) -> list[list[Array]]:
    """Score items by scorers that learned from other people's.

    Parameters
    ----------
    new : function of items to a scorer that learned from them
    items : sequence of ChoiceItem
        Learned from, split by person into five folds.
    asked : sequences of ChoiceItem
        Each scored fold by fold beside `items`: the same items, perhaps with other personas or options.

    Returns
    -------
    list of lists of ndarray
        For each sequence, each item's scores.
    """
    folds = deal_folds([each.person for each in items], random_state=random_state)
    found: list[list[Array]] = [[np.zeros(0)] * len(items) for _ in asked]
    for fold in np.unique(folds):
        scorer = new([each for each, other in zip(items, folds, strict=True) if other != fold])
        now = np.flatnonzero(folds == fold).tolist()
        for scores, others in zip(found, asked, strict=True):
            for place, mine in zip(now, scores_of(scorer, [others[i] for i in now]), strict=True):
                scores[place] = mine
    return found


def _prompt(item: ChoiceItem) -> str:
    about = (f"[Persona]\n{item.persona}", TASK) if item.persona else (TASK_WITHOUT,)
    return "\n\n".join((*about, f"[Question]\n{item.query}", "[Answers]"))


def _labels(items: Sequence[ChoiceItem]) -> NDArray[np.int64]:
    return np.array([each.label for each in items], dtype=np.int64)
