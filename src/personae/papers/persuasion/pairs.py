"""Which of two messages moved its readers further? Pairs out of the real trial, as a task for a model.

Ours, not the source's: the trial says of each message how far its readers stand from those who read none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from personae.audit.persuasion.design import NORMAL_95
from personae.errors import MissingData
from personae.metrics.folds import deal_folds
from personae.metrics.intervals import bootstrap_mean
from personae.metrics.shortcuts import Choice
from personae.models.choice import Question, choose
from personae.papers.blind import blind_rows
from personae.papers.harness import Comparison, Context, compare
from personae.papers.persuasion.messages import DATA, Messages, Reader, message_effects, readers

TEXTS = "llm_messages_text.csv.gz"
SETTING = "messages, which of two moved readers further"


@dataclass(frozen=True, slots=True)
class MessagePair:
    """Two messages for one stance: the ids, the texts, which moved readers further (0 or 1), and by how many points."""

    ids: tuple[int, int]
    stance: str
    issue: str
    texts: tuple[str, str]
    right: int
    gap: float

    @property
    def question(self) -> Question:
        prompt = (
            f"Each of these two messages was shown to people who were then asked how far they agree with this: "
            f'"{self.stance}" Which message moved its readers further towards it?'
        )
        return Question(prompt, self.texts, key="-".join(map(str, self.ids)))


def message_pairs(context: Context, people: Sequence[Reader]) -> list[MessagePair]:
    """Return, issue by issue, the strongest message with the weakest, the next with the next, while they differ at p < .05.

    Which stands first is by lot. The trial knows a message from some twenty readers, so that the gaps are overstated and some
    pairs are the wrong way round: `pair_rows` measures how many.
    """
    texts = {int(row["response_id"]): row for row in context.rows(DATA, TEXTS)}
    found = message_effects(people)
    random = np.random.default_rng(context.seed)
    pairs = []
    for best, worst in _matched(found):
        gap = float(found.effects[best] - found.effects[worst])
        order = (best, worst) if random.random() < 0.5 else (worst, best)
        ids = found.ids[order[0]], found.ids[order[1]]
        rows = texts[ids[0]], texts[ids[1]]
        stance = rows[0]["issue_stance_full"].strip().rstrip(".") + "."
        said = rows[0]["response"].strip(), rows[1]["response"].strip()
        pairs.append(MessagePair(ids, stance, found.issues[best], said, int(order[0] != best), gap))
    return pairs


def _matched(found: Messages) -> Iterator[tuple[int, int]]:
    issues = np.array(found.issues)
    variances = np.diag(found.covariance)
    for issue in dict.fromkeys(found.issues):
        mine = np.flatnonzero(issues == issue)
        ranked = mine[np.argsort(-found.effects[mine], kind="stable")].tolist()
        for best, worst in zip(ranked[: len(ranked) // 2], ranked[::-1], strict=False):
            spread = variances[best] + variances[worst] - 2 * found.covariance[best, worst]
            if found.effects[best] - found.effects[worst] > NORMAL_95 * np.sqrt(spread):
                yield best, worst


def pair_samples(context: Context) -> list[dict[str, Any]]:
    """Return the pairs as two-option samples."""
    whole = replace(context, limit=None)
    return [
        {
            "id": pair.question.key,
            "prompt": pair.question.prompt,
            "options": list(pair.texts),
            "target": pair.right,
            "metadata": {"issue": pair.issue, "points": pair.gap},
        }
        for pair in message_pairs(context, readers(whole))[: context.limit]
    ]


def pair_rows(context: Context, people: Sequence[Reader]) -> Iterator[Comparison]:
    """What the pairs give away unread, and how sure the order itself is: pairs found by half of the readers, in the other half.

    Pairs found by all readers are surer than that.
    """
    pairs = message_pairs(context, people)
    if len(pairs) < 10:
        return
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    yield from blind_rows(context, SETTING, [Choice(pair.texts, pair.right) for pair in pairs])
    halves = deal_folds(range(len(people)), n_folds=2, random_state=context.seed)
    first, second = ([people[i] for i in np.flatnonzero(halves == half).tolist()] for half in (0, 1))
    others = message_effects(second)
    effects = dict(zip(others.ids, others.effects.tolist(), strict=True))
    kept = [pair for pair in message_pairs(context, first) if set(pair.ids) <= effects.keys()]
    same = [float((effects[p.ids[1]] > effects[p.ids[0]]) == bool(p.right)) for p in kept]
    yield compare(SETTING, "pairs of one half of the readers, in the same order in the other", "readers",
                  bootstrap_mean(same, **shared))  # fmt: skip


def live_pair_rows(context: Context) -> Iterator[Comparison]:
    """Ask a chat model about each pair, in both orders; nothing where the trial is not at hand, which debates do without."""
    try:
        people = readers(replace(context, limit=None))
    except MissingData:
        return
    pairs = message_pairs(context, people)[: context.limit]
    asked = choose(context.chat(), [pair.question for pair in pairs], n_orders=2, random_state=context.seed)
    right = asked.picks == np.array([[pair.right] for pair in pairs])
    accuracy = bootstrap_mean(right.mean(axis=1), draws=context.draws, random_state=context.seed)
    yield compare(SETTING, "accuracy", context.model, accuracy)
    yield compare(SETTING, "same choice in both orders", context.model, asked.consistency, n=len(pairs))
    yield compare(SETTING, "unparsed answers", context.model, asked.unparsed / asked.picks.size, n=len(pairs))
    yield from blind_rows(context, SETTING, [Choice(pair.texts, pair.right) for pair in pairs])
