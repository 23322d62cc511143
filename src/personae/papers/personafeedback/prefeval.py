"""PrefEval's files as choice items: stated preferences, what a conversation implies of them, and pairs in three tiers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.metrics.folds import deal_folds
from personae.models.encoder import Encoder
from personae.papers.harness import Context
from personae.preference.personafeedback import ChoiceItem, says_wish, with_personas

DATA = "personafeedback"
QUICK = 120
NEAR = 0.6  # card: cosine above which two preferences are near
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
Codes = NDArray[np.intp]


def read_items(context: Context) -> list[ChoiceItem]:
    """Return the items with a stated preference, their options in a seeded order: the file has the fitting one first.

    The preference is the person, by which folds are dealt.
    """
    random = np.random.default_rng(context.seed)
    rows = context.rows(DATA, "preference_mcq.jsonl.gz")
    items = [_item(row, random.permutation(len(row["options"])).tolist()) for row in rows]
    if context.quick:
        items = [items[i] for i in random.permutation(len(items))[:QUICK]]
    return items[: context.limit]


def implied_sentences(context: Context) -> dict[str, list[str]]:
    """Return, by item, the sentences of the person's side of a conversation that say a wish; all of them where none does."""
    return {
        row["id"]: _wishes_said([said for said, *_ in row["conversation"]])
        for row in context.rows(DATA, "implicit_persona.jsonl.gz")
    }


def earlier_choices(context: Context) -> dict[str, str]:
    """Return, by item, what the person said when choosing among other answers before."""
    rows = context.rows(DATA, "implicit_choice.jsonl.gz")
    return {row["id"]: row["conversation"]["user_selection"] for row in rows}


def nearest_sentence(sentences: Sequence[str], query: str, encoder: Encoder) -> str:
    """Return the sentence nearest to the question."""
    vectors = encoder.encode([query, *sentences])
    return sentences[int((vectors[1:] @ vectors[0]).argmax())]


def tier_pairs(
    items: Sequence[ChoiceItem], encoder: Encoder, seed: int
) -> dict[str, tuple[list[ChoiceItem], Codes]]:
    """Return pairs by tier, one an item, with the places of the items that have one: the fitting option and another.

    Easy: an option that violates the preference. Medium: any option of another preference of the same topic. Hard: the fitting
    option of the nearest other preference, of cosine above `NEAR`. Beside them medium with the fitting option alone of the other
    preference. Others are of the same fold, so that no scorer learned from either.
    """
    random = np.random.default_rng(seed)
    vectors = encoder.encode([item.persona for item in items])
    cosines = vectors @ vectors.T
    person = np.unique([item.person for item in items], return_inverse=True)[1]
    folds = deal_folds([item.person for item in items], random_state=seed)
    topic = np.unique([item.meta["topic"] for item in items], return_inverse=True)[1]

    def easy(i: int) -> str:
        return _another(items[i].options, items[i].label, random)

    def of_topic(i: int) -> ChoiceItem | None:
        others = np.flatnonzero((topic == topic[i]) & (folds == folds[i]) & (person != person[i]))
        return items[random.choice(others)] if len(others) else None

    def medium(i: int) -> str:
        return str(random.choice(other.options)) if (other := of_topic(i)) else ""

    def fitting(i: int) -> str:
        return other.options[other.label] if (other := of_topic(i)) else ""

    def hard(i: int) -> str:
        near = np.where((folds == folds[i]) & (person != person[i]), cosines[i], -1.0)
        other = items[int(near.argmax())]
        return other.options[other.label] if near.max() > NEAR else ""

    def foreign(choose: Callable[[int], str]) -> Callable[[int], str]:
        return lambda i: "" if (option := choose(i)) in items[i].options else option

    choosers = {"easy": easy, "medium": foreign(medium), "hard": foreign(hard)}
    choosers["medium, the fitting option of another preference"] = foreign(fitting)
    return {name: _pairs(items, choose) for name, choose in choosers.items()}


def other_personas(items: Sequence[ChoiceItem], seed: int) -> list[ChoiceItem]:
    """Return the items with another person's persona each: people in a random ring, each handed the next one's."""
    people = sorted({item.person for item in items})
    ring = np.random.default_rng(seed).permutation(len(people))
    persona = {item.person: item.persona for item in items}
    handed = {people[a]: persona[people[b]] for a, b in zip(ring, np.roll(ring, 1), strict=True)}
    return with_personas(items, [handed[item.person] for item in items])


def _item(row: Mapping[str, Any], order: Sequence[int]) -> ChoiceItem:
    preference, topic = row["preference"], row["topic"].removesuffix(" copy").replace("_", " ")
    options = tuple(row["options"][place] for place in order)
    label = order.index(row["aligned"])
    return ChoiceItem(
        row["id"], preference, preference, row["question"], options, label, meta={"topic": topic}
    )


def _pairs(items: Sequence[ChoiceItem], choose: Callable[[int], str]) -> tuple[list[ChoiceItem], Codes]:
    """Return every item with its pair, an item without one as it is, and the places of those with one."""
    found, places = [], []
    for place, item in enumerate(items):
        other = choose(place)
        options, label = ((item.options[item.label], other), 0) if other else (item.options, item.label)
        found.append(ChoiceItem(item.id, item.person, item.persona, item.query, options, label))
        if other:
            places.append(place)
    return found, np.array(places, dtype=np.intp)


def _another(options: Sequence[str], label: int, random: np.random.Generator) -> str:
    return options[int(random.choice([place for place in range(len(options)) if place != label]))]


def _wishes_said(turns: Sequence[str]) -> list[str]:
    said = [sentence for turn in turns for sentence in _SENTENCE_END.split(turn) if sentence.strip()]
    return [each for each in said if says_wish(each) and not each.endswith("?")] or said
