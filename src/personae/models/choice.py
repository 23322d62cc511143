"""Ask a chat model to choose one of several options: seeded option orders, position-swap consistency, letter probabilities.

Sources: Dong, Hu, Collier (2024), arXiv 2406.11657, section 3 (a judge asked in both orders); Kadavath et al. (2022),
arXiv 2207.05221, section 3.1 (lettered options, the letter's probability read).
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.models.chat import ChatModel, Message, Reply, Request

_TAG = re.compile(r"</?final_answer>", re.IGNORECASE)
_BRACKETED = re.compile(r"\[\[\s*([A-Za-z])\b|\(\s*([A-Za-z])\s*\)")
_BARE = re.compile(r"(?:^|[^\w'’])([A-Z])(?![\w'’])|^\s*([a-z])\s*[.):]?\s*$", re.MULTILINE)


LETTER_ONLY = "Answer with the letter of one option only."


@dataclass(frozen=True, slots=True)
class Question:
    """A question with lettered options. `key` names a recorded answer; `person` is whose text it holds; neither is sent."""

    prompt: str = field(repr=False)
    options: tuple[str, ...] = field(repr=False)
    key: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen, each question asked in one or several orders of its options.

    Parameters
    ----------
    picks : ndarray of shape (n_questions, n_orders)
        Index of the chosen option in the question's own order; -1 where no letter could be read.
    positions : ndarray of shape (n_questions, n_orders)
        Place at which the chosen option stood, 0 for the first; -1 likewise.
    log_probs : ndarray of shape (n_questions, n_orders, most_options)
        Natural log-probability of each option's letter, NaN where the server gave none.
    replies : tuple of Reply
        Row by row.
    """

    picks: NDArray[np.int64]
    positions: NDArray[np.int64]
    log_probs: NDArray[np.float64]
    replies: tuple[Reply, ...]

    @property
    def consistency(self) -> float:
        """Share of questions whose every order gave the same option; NaN with one order."""
        if self.picks.shape[1] < 2:
            return float("nan")
        return float(np.mean((self.picks == self.picks[:, :1]).all(1) & (self.picks[:, 0] >= 0)))

    @property
    def unparsed(self) -> int:
        return int((self.picks < 0).sum())

    def position_rates(self) -> NDArray[np.float64]:
        """Return the share of readable picks at each place, shape (most_options,); level where position does not matter."""
        counts = np.bincount(self.positions[self.positions >= 0], minlength=self.log_probs.shape[2])
        rates: NDArray[np.float64] = counts / max(1, counts.sum())
        return rates

    def majority(self) -> NDArray[np.int64]:
        """Return the option chosen in most orders, shape (n_questions,); -1 where none was read or two tie."""
        n_options = self.log_probs.shape[2]
        votes = np.stack([(self.picks == option).sum(1) for option in range(n_options)], axis=1)
        best = votes.max(1)
        is_alone = (votes == best[:, None]).sum(1) == 1
        return np.where((best > 0) & is_alone, votes.argmax(1), -1)


def choose(
    model: ChatModel,
    questions: Sequence[Question],
    *,
    system: str = "",
    instruction: str = LETTER_ONLY,
    n_orders: int = 1,
    shuffle: bool = True,
    random_state: int = 0,
    log_probs: bool = False,
    max_tokens: int = 16,
    temperature: float = 0.0,
) -> Choices:
    """Ask each question in `n_orders` orders of its options.

    Parameters
    ----------
    model : ChatModel
    questions : sequence of Question
        Two to 26 options each.
    instruction : str
        Stands below the options and says how to answer, such as with a certainty behind the letter, to be read from `replies`.
    n_orders : int
        Every second order is the first turned round, so that 2 is the position swap.
    shuffle : bool
        Start from a seeded order of each question's own; False starts from the order given.
    log_probs : bool
        Ask the server for the probabilities of the letters.

    Raises
    ------
    BadInput
        When a question has fewer than two or more than 26 options.

    Examples
    --------
    >>> from personae.models.strings import chat_model
    >>> always_first = chat_model("scripted", script=lambda messages: "A")
    >>> asked = choose(always_first, [Question("Tea or coffee?", ("tea", "coffee"))], n_orders=2, shuffle=False)
    >>> asked.picks.tolist(), asked.consistency
    ([[0, 1]], 0.0)
    """
    orders = option_orders(questions, n_orders=n_orders, shuffle=shuffle, random_state=random_state)
    extra = {"logprobs": True, "top_logprobs": 20} if log_probs else {}
    params = {"temperature": temperature, "max_tokens": max_tokens, **extra}
    requests = (
        Request(_messages(question, order, system, instruction), params, k, question.person, question.key)
        for question, mine in zip(questions, orders, strict=True)
        for k, order in enumerate(mine)
    )
    replies = tuple(model.reply_many(requests))
    most = max((len(question.options) for question in questions), default=2)
    shape = len(questions), n_orders
    positions = np.full(shape, -1, dtype=np.int64)
    picks = np.full(shape, -1, dtype=np.int64)
    letters = np.full((*shape, most), np.nan)
    for place, reply in enumerate(replies):
        i, k = divmod(place, n_orders)
        shown = [questions[i].options[option] for option in orders[i][k]]
        position = picked(reply.text, shown)
        if position is not None:
            positions[i, k], picks[i, k] = position, orders[i][k][position]
        for stands, value in enumerate(_letter_log_probs(reply, len(shown))):
            letters[i, k, orders[i][k][stands]] = value
    return Choices(picks, positions, letters, replies)


def option_orders(
    questions: Sequence[Question], *, n_orders: int = 1, shuffle: bool = True, random_state: int = 0
) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Return the orders in which `choose` shows each question's options: places in the question's own order.

    >>> option_orders([Question("Tea or coffee?", ("tea", "coffee"))], n_orders=2, shuffle=False)
    (((0, 1), (1, 0)),)
    """
    return tuple(
        tuple(_orders(question, n_orders, shuffle, random_state, i)) for i, question in enumerate(questions)
    )


def picked(text: str, options: Sequence[str]) -> int | None:
    """Return the position that an answer names, None where it names none or several.

    An answer tag, then "[[A]]" or "(a)", then a lone letter, then an option's own words are looked for in that order.

    >>> picked("<final_answer>(b)</final_answer>", ["x", "y"]), picked("I pick coffee.", ["tea", "coffee"])
    (1, 1)
    >>> picked("A or B, who knows", ["x", "y"]) is None
    True
    """
    said = _tagged(text)
    for pattern in (_BRACKETED, _BARE):
        letters = {"".join(found).upper() for found in pattern.findall(said)}
        positions = {string.ascii_uppercase.index(letter) for letter in letters} & set(range(len(options)))
        if positions:
            return positions.pop() if len(positions) == 1 else None
    named = [
        i for i, option in enumerate(options) if option.strip() and option.strip().lower() in said.lower()
    ]
    return named[0] if len(named) == 1 else None


def _tagged(text: str) -> str:
    """Return what stands in the last answer tag, closed or cut off; the text where there is none."""
    opened = [tag.end() for tag in _TAG.finditer(text) if "/" not in tag[0]]
    return _TAG.split(text[opened[-1] :])[0] if opened else text


def _orders(
    question: Question, n_orders: int, shuffle: bool, random_state: int, place: int
) -> Iterator[tuple[int, ...]]:
    size = len(question.options)
    if not 2 <= size <= len(string.ascii_uppercase):
        raise BadInput(f"Question {place + 1} has {size} options; give each between 2 and 26.")
    random = np.random.default_rng([random_state, place])
    order: list[int] = list(range(size))
    for k in range(n_orders):
        if k % 2:
            order = order[::-1]
        elif shuffle:
            order = [int(i) for i in random.permutation(size)]
        elif k:
            order = order[::-1][1:] + order[::-1][:1]
        yield tuple(order)


def _messages(question: Question, order: Sequence[int], system: str, instruction: str) -> tuple[Message, ...]:
    lines = (
        f"({letter}) {question.options[option]}"
        for letter, option in zip(string.ascii_uppercase, order, strict=False)
    )
    body = "\n".join((question.prompt, "", *lines, "", instruction))
    user: Message = {"role": "user", "content": body}
    return ({"role": "system", "content": system}, user) if system else (user,)


def _letter_log_probs(reply: Reply, n_options: int) -> list[float]:
    """Return each letter's log-probability at the first token that is one of the letters."""
    letters = string.ascii_uppercase[:n_options]
    for (token, _), likeliest in zip(reply.log_probs, reply.top_log_probs, strict=False):
        if token.strip(" ([").upper() in letters and token.strip(" (["):
            found = [float("nan")] * n_options
            for other, value in reversed(likeliest):
                letter = other.strip(" ([").upper()
                if len(letter) == 1 and letter in letters:
                    found[letters.index(letter)] = value
            return found
    return []
