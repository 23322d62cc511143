"""The attributes that texts are read for: behaviours learned from statements, manners from edited texts, marks, and own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from personae.metrics.intervals import bootstrap_mean
from personae.models.encoder import DIMENSIONS
from personae.papers.harness import Comparison, Context, compare
from personae.papers.prism import prism
from personae.people.attributes import Attribute
from personae.preference import TextFeatures
from personae.preference.comparisons import Array, Codes
from personae.preference.features import MARKS
from personae.preference.prefpalette import (
    LEVELS,
    MANNERS,
    PAIRS,
    AttributeReader,
    amount,
    column_reader,
    counterfactual,
    fit_reader,
    pole_reader,
    reader_accuracy,
)

STATEMENTS = "pal"
AXES = (
    "agreeableness", "openness", "conscientiousness", "extraversion", "neuroticism", "risk-seeking", "risk-averse",
    "interest-in-art", "interest-in-literature", "interest-in-math", "interest-in-music", "interest-in-science",
    "interest-in-sports", "politically-conservative", "politically-liberal", "machiavellianism", "narcissism", "psychopathy",
    "ends-justify-means", "subscribes-to-Christianity", "subscribes-to-utilitarianism", "willingness-to-defer-to-experts",
)  # fmt: skip
OWN = tuple(
    Attribute(name, name, "number", poles=poles)
    for name, poles in {
        "agreeableness": (
            "rude and selfish; I do not care about other people",
            "kind and helpful; I care about other people",
        ),
        "extraversion": ("quiet and alone; I avoid parties", "outgoing and sociable; I love meeting people"),
        "neuroticism": ("calm and relaxed; I seldom worry", "anxious and moody; I worry about everything"),
        "risk-seeking": ("I play it safe and avoid risks", "I take big risks and gamble"),
        "interest-in-art": ("art bores me; I never visit museums", "I love art; paintings and museums"),
        "interest-in-math": ("math bores me; I avoid numbers", "I love mathematics; theorems and equations"),
        "interest-in-sports": (
            "sports bore me; I never watch games",
            "I love sports; playing and watching games",
        ),
        "politically-conservative": ("progressive left-wing politics", "conservative right-wing politics"),
    }.items()
)
TOXICITY = Attribute(
    "toxicity", "Toxicity", "number", poles=("kind, friendly, respectful words; thank you",
    "insulting, hateful, abusive words; shut up, you idiot")
)  # fmt: skip
MOST_STATEMENTS, HELD_OUT = 190, 0.2  # of either kind an axis
N_HIDDEN = 4
ANSWER = (150, 700)  # characters of answers that are edited: the encoder reads 256 tokens
N_ANSWERS, N_QUICK = 120, 24
WITH_LENGTH = DIMENSIONS + 1  # what readers read: the vector and the length


@dataclass(frozen=True, slots=True)
class Edited:
    """Answers at five levels of one manner: text number 5 i + level's place of answer i."""

    texts: tuple[str, ...]
    features: Array

    def pairs(self, answers: Codes, levels: Sequence[tuple[int, int]]) -> tuple[Codes, Codes]:
        """Return the higher and the lower text of each pair."""
        higher, lower = ([5 * answers + pair[end] for pair in levels] for end in (1, 0))
        return np.concatenate(higher), np.concatenate(lower)


def features_of(context: Context) -> TextFeatures:
    """Return what all models of this paper see of a text."""
    return TextFeatures(context.encoder(), with_length=True, with_marks=True)


def statement_rows(context: Context, readers: list[AttributeReader]) -> Iterator[Comparison]:
    """Yield how often an axis' reader orders statements it never saw; keep the readers."""
    features, found = features_of(context), {}
    axes = AXES[::4] if context.quick else AXES
    rows = [row for row in context.rows(STATEMENTS, "persona_statements.jsonl.zst") if row["persona"] in axes]
    own = {each.name: each for each in OWN}
    worded = {}
    for axis in context.track(axes, "reading statements"):
        kinds = [
            [row["statement"] for row in rows if row["persona"] == axis and row["matching"] == said and row.get("statement")]
            for said in ("Yes", "No")
        ]  # fmt: skip
        n = min(MOST_STATEMENTS, len(kinds[0]), len(kinds[1]), context.limit or MOST_STATEMENTS)
        seen = features([("", text) for kind in kinds for text in kind[:n]])
        cut = round((1 - HELD_OUT) * n)
        train, test = np.arange(cut), np.arange(cut, n)
        higher, lower = np.tile(train, 3), n + np.concatenate([np.roll(train, k) for k in (0, 5, 11)])
        reader = fit_reader(
            axis, seen, higher, lower, n_hidden=N_HIDDEN, n_columns=WITH_LENGTH, random_state=context.seed
        )
        readers.append(reader)
        unseen = np.repeat(test, len(test)), n + np.tile(test, len(test))
        found[axis] = reader_accuracy(reader, seen, *unseen)
        shared: dict[str, Any] = {"clusters": unseen[0], "draws": context.draws, "random_state": context.seed}
        yield compare(
            "statements held out", "accuracy", axis, bootstrap_mean(found[axis], **shared), n=2 * len(test)
        )
        if axis in own:
            by_words = pole_reader(own[axis], features, n_hidden=N_HIDDEN)
            worded[axis] = float(reader_accuracy(by_words, seen, *unseen).mean())
            yield compare(
                "statements held out",
                "accuracy",
                f"{axis}, by two poles in words",
                worded[axis],
                n=2 * len(test),
            )
        if axis == axes[0]:
            flip = np.random.default_rng(context.seed).random(len(higher)) < 0.5
            noise = fit_reader(
                axis,
                seen,
                np.where(flip, lower, higher),
                np.where(flip, higher, lower),
                n_columns=WITH_LENGTH,
            )
            yield compare("statements held out", "accuracy", f"{axis}, sides shuffled (control)",
                          float(reader_accuracy(noise, seen, *unseen).mean()), n=2 * len(test))  # fmt: skip
    means = np.array([each.mean() for each in found.values()])
    yield compare("statements held out", "mean accuracy", "readers", float(means.mean()), n=len(axes), paper=0.957,
                  source="card: logistic regression on fewer statements")  # fmt: skip
    yield compare(
        "statements held out",
        "share of axes over .90",
        "readers",
        float((means > 0.9).mean()),
        n=len(axes),
        bar="> .5",
    )
    words = np.array(list(worded.values()))
    yield compare(
        "statements held out",
        "mean accuracy",
        "two poles in words, no example",
        float(words.mean()),
        n=len(words),
    )


def manner_rows(context: Context, readers: list[AttributeReader]) -> Iterator[Comparison]:
    """Yield how the edits' levels are ordered by their own measure and by readers that never saw the answer or the levels."""
    texts = list(dict.fromkeys(text for pair in prism(context).pairs for text in (pair.a, pair.b)))
    fit = [text for text in texts if ANSWER[0] < len(text) < ANSWER[1]]
    order = np.random.default_rng(context.seed).permutation(len(fit))[
        : N_QUICK if context.quick else N_ANSWERS
    ]
    answers = np.arange(len(order))
    is_test = answers >= 0.75 * len(answers)
    rising, unseen_words = [], []
    for manner in context.track(list(MANNERS), "editing answers"):
        edited = _edited(context, [fit[place] for place in order], manner)
        measured = np.array([amount(text, manner) for text in edited.texts]).reshape(-1, len(LEVELS))
        rising.append((np.diff(measured, axis=1) > 0).all(axis=1))
        right = []
        for held in PAIRS:
            levels = [pair for pair in PAIRS if pair != held]
            reader = _fitted(manner, edited, answers[~is_test], levels)
            right.append(reader_accuracy(reader, edited.features, *edited.pairs(answers[is_test], [held])))
        yield compare("edited answers, answers and pair of levels unseen", "accuracy", manner,
                      bootstrap_mean(np.mean(right, axis=0), draws=context.draws, random_state=context.seed),
                      bar=_bar(context, "> .9"))  # fmt: skip
        other = _fitted(manner, edited, answers[~is_test & (answers % 2 == 0)], PAIRS)
        tested = edited.pairs(answers[is_test & (answers % 2 == 1)], PAIRS)
        unseen_words.append(float(reader_accuracy(other, edited.features, *tested).mean()))
        readers.append(_fitted(manner, edited, answers, PAIRS))
    yield compare("edited answers", "share whose levels rise in their own measure", "rules", float(np.mean(rising)),
                  n=np.size(rising), bar=">= 1")  # fmt: skip
    yield compare("edited answers, answers and put-in sentences unseen", "mean accuracy", "readers", float(np.mean(unseen_words)),
                  n=len(unseen_words))  # fmt: skip


def mark_readers(features: Array) -> list[AttributeReader]:
    """Return readers of the closeness to the context and of the marks."""
    names = ("closeness", *MARKS)
    return [column_reader(name, features, WITH_LENGTH + i, n_hidden=N_HIDDEN) for i, name in enumerate(names)]


def _edited(context: Context, answers: Sequence[str], manner: str) -> Edited:
    """Edit answers; every other one with the second half of the sentences that show a pole."""
    texts = tuple(
        counterfactual(text, manner, level, phrases=[0, 1, 2] if i % 2 else [3, 4, 5], random_state=context.seed + i)
        for i, text in enumerate(answers)
        for level in LEVELS
    )  # fmt: skip
    return Edited(texts, features_of(context)([("", text) for text in texts]))


def _fitted(
    manner: str, edited: Edited, answers: Codes, levels: Sequence[tuple[int, int]]
) -> AttributeReader:
    return fit_reader(
        manner, edited.features, *edited.pairs(answers, levels), n_hidden=N_HIDDEN, n_columns=WITH_LENGTH
    )


def _bar(context: Context, bar: str) -> str:
    return "" if context.quick or context.limit is not None else bar
