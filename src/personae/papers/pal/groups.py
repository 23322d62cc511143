"""Planted groups: invented people of three kinds, each kind at home in other personas' statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from personae.papers.harness import Comparison, Context, compare
from personae.people.records import Preference
from personae.preference import PAL, Comparisons, Split, TextFeatures, bench, comparisons
from personae.preference.comparisons import Codes

SETTING = "persona statements, 3 planted groups"
N_GROUPS = 3
N_PERSONAS = 5  # a group
N_STATEMENTS = 60  # a persona; a third of them are only asked about
N_SEEN, N_UNSEEN = 300, 60
N_TRAIN, N_TEST, N_SHOTS = 20, 20, 20


def planted_rows(context: Context, features: TextFeatures) -> Iterator[Comparison]:
    """Measure what K prototypes find of three groups who disagree about every statement they are asked about.

    Notes
    -----
    A comparison is between a statement that fits a persona of the person's own group and one that fits a persona of another's;
    the first is chosen. Over everyone each of two statements is chosen as often, so that one taste for all is at one half.
    """
    from sklearn.metrics import adjusted_rand_score

    split = planted_split(context)
    for k in (1, 3) if context.quick else (1, 2, 3, 4):
        name = f"PAL-A K={k}"
        pal = PAL(features=features, n_prototypes=k, with_population=False, n_directions=0, batch_size=64)
        for each in bench(
            {name: pal}, split, shots=(0, 2, 5, 20), draws=context.draws, random_state=context.seed
        ):
            if each.metric == "seen people: accuracy":
                yield compare(
                    SETTING, "accuracy, seen people", name, each.value, bar="<= .6" if k == 1 else ""
                )
            elif each.metric == "accuracy":
                yield compare(SETTING, f"accuracy, {each.shots} shots", name, each.value)
        if k == 1:
            continue
        groups = pal.fit(split.train).groups()
        true = [person.split("-")[0] for person in groups]
        score = adjusted_rand_score(true, list(groups.values()))
        yield compare(
            SETTING, "adjusted Rand index", name, score, n=len(groups), bar="> .9" if k == N_GROUPS else ""
        )


def planted_split(context: Context) -> Split:
    """Return the invented people's comparisons: what is asked of them is about statements that were not shown."""
    random = np.random.default_rng(context.seed)
    liked = _statements(context, random)
    n_seen, n_unseen = (N_SEEN // 3, N_UNSEEN // 3) if context.quick else (N_SEEN, N_UNSEEN)
    shown, asked = (slice(0, 2 * N_STATEMENTS // 3), slice(2 * N_STATEMENTS // 3, N_STATEMENTS))
    rows: list[Preference] = []
    seen: list[bool] = []
    first: list[bool] = []
    for number in range(n_seen + n_unseen):
        group, is_seen = number % N_GROUPS, number < n_seen
        for part, n in ((shown, N_TRAIN if is_seen else N_SHOTS), (asked, N_TEST)):
            made = _choices(f"{group}-{number}", group, liked, part, n, random)
            rows += made
            seen += [is_seen] * len(made)
            first += [part is shown] * len(made)
    table, is_known, is_shown = comparisons(rows), np.array(seen), np.array(first)
    shots = table.take(~is_known & is_shown)
    return Split(table.take(is_known & is_shown), table.take(is_known & ~is_shown), shots, _ranks(shots),
                 table.take(~is_known & ~is_shown))  # fmt: skip


def _statements(context: Context, random: np.random.Generator) -> list[list[list[str]]]:
    """Return statements by group and persona; personas are drawn by lot, each for one group."""
    found: dict[str, list[str]] = {}
    for row in context.rows("pal", "persona_statements.jsonl.zst"):
        if row["matching"] == "Yes":
            found.setdefault(row["persona"], []).append(row["statement"])
    able = sorted(persona for persona, texts in found.items() if len(set(texts)) >= N_STATEMENTS)
    drawn = random.permutation(len(able))[: N_GROUPS * N_PERSONAS]
    texts = [sorted(set(found[able[place]]))[:N_STATEMENTS] for place in drawn]
    return [texts[group::N_GROUPS] for group in range(N_GROUPS)]


def _choices(
    person: str, group: int, liked: Sequence[Sequence[list[str]]], part: slice, n: int, random: np.random.Generator
) -> list[Preference]:  # fmt: skip
    made = []
    for _ in range(n):
        other = (group + int(random.integers(1, N_GROUPS))) % N_GROUPS
        texts = [liked[side][int(random.integers(N_PERSONAS))][part] for side in (group, other)]
        mine, theirs = (each[int(random.integers(len(each)))] for each in texts)
        is_first = random.random() < 0.5
        made.append(
            Preference(person, "", mine, theirs, "a")
            if is_first
            else Preference(person, "", theirs, mine, "b")
        )
    return made


def _ranks(table: Comparisons) -> Codes:
    counts = table.counts()
    return np.arange(len(table)) - np.repeat(np.cumsum(counts) - counts, counts)
