"""SPeCtrum: how much each part of a profile tells of the person, without a language model; the trials with one.

Source: Lee et al. (2025), "SPeCtrum: A Grounded Framework for Multidimensional Identity Representation in LLM-Based Agent", arXiv
2502.08599; 40 of its 45 published profiles of television characters. Raw answers and agents' outputs were not published.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from personae.metrics.intervals import Interval, bootstrap_mean, percentile_interval, resample_counts, wilson
from personae.models.encoder import Encoder
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.spectrum.labels import cross_check_rows
from personae.papers.spectrum.live import live_rows
from personae.papers.spectrum.parts import (
    DATA,
    Array,
    Profile,
    centered,
    information_bits,
    profiles,
    ranks_of_own,
    vectors,
)
from personae.synth.spectrum import CONDITIONS, mask

_NAMES = {"S": "social (S)", "P": "personal (P)", "C": "context (C)"}
_N_LINES = 400  # of each character
_LEAST_WORDS = 5  # of a line
_STRENGTH = 10.0  # inverse of the penalty of the series' classifier


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over characters."""
    known = profiles(context)
    if not context.replayed:
        yield from live_rows(context, context.chat(), known)
        return
    encoder = context.encoder()
    parts = {part: vectors([each.persona.part(part) for each in known], encoder) for part in "SPC"}
    series = np.array([each.series for each in known])
    yield from part_rows(context, parts, series)
    yield from series_rows(context, parts, series)
    yield from line_rows(context, known, parts, encoder)
    yield from cross_check_rows(context, known)


def part_rows(context: Context, parts: dict[str, Array], series: Array) -> Iterator[Comparison]:
    """Find a character by one part given another; how alike the characters of one series are."""
    n = len(series)
    shuffled = np.random.default_rng(context.seed).permutation(n)
    for given, sought in permutations("SPC", 2):
        similarity = parts[given] @ parts[sought].T
        rank = ranks_of_own(similarity)
        method = f"{_NAMES[given]} -> {_NAMES[sought]}"
        bar = "low > .025" if {given, sought} == {"S", "C"} else ""
        yield compare("one part from another", "top-1", method, wilson(int((rank == 0).sum()), n), bar=bar)
        yield compare("one part from another", "top-5", method, wilson(int((rank < 5).sum()), n))
        yield compare(
            "one part from another", "information, bits", method, _mean(context, information_bits(similarity))
        )
        wrong = ranks_of_own(similarity[:, shuffled])
        yield compare(
            "one part from another",
            "top-1",
            f"{method}, characters shuffled",
            wilson(int((wrong == 0).sum()), n),
        )
    same = (series[:, None] == series) & ~np.eye(n, dtype=bool)
    alike = {
        part: (table @ table.T * same).sum(axis=1) / np.maximum(same.sum(axis=1), 1)
        for part, table in parts.items()
    }
    for part, cosines in alike.items():
        yield compare("same series", "mean cosine, centered", _NAMES[part], _mean(context, cosines))
    gap = _mean(context, alike["S"] - alike["C"])
    yield compare(
        "same series", "mean cosine, difference", f"{_NAMES['S']} minus {_NAMES['C']}", gap, bar="low > 0"
    )
    for given, sought in (("S", "C"), ("P", "C"), ("S", "P")):
        hits, chance = _within(parts[given], parts[sought], series)
        name = f"{_NAMES[given]} -> {_NAMES[sought]}"
        yield compare("same series", "top-1 among its characters", name, _mean(context, hits))
        yield compare(
            "same series", "top-1 among its characters", f"{name}, chance", float(chance.mean()), n=n
        )


def _within(first: Array, second: Array, series: Array) -> tuple[Array, Array]:
    """Return whether each character is found among those of its series, parts centered within the series; and chance."""
    hits, chance = np.zeros(len(series)), np.zeros(len(series))
    for name in np.unique(series):
        own = np.flatnonzero(series == name)
        rank = ranks_of_own(centered(first[own]) @ centered(second[own]).T)
        hits[own], chance[own] = rank == 0, 1 / len(own)
    return hits, chance


def series_rows(context: Context, parts: dict[str, Array], series: Array) -> Iterator[Comparison]:
    """Recognise the series of a left-out character from each subset of the parts."""
    hits = {
        condition: recognised(np.hstack([parts[part] for part in condition]), series)
        for condition in context.track(CONDITIONS, "conditions")
    }
    _, counts = np.unique(series, return_counts=True)
    largest = float(counts.max() / len(series))
    for condition, right in hits.items():
        bar = f"low > {largest:.3f}" if "C" in condition else ""
        yield compare("series, of 6", "accuracy", condition, wilson(int(right.sum()), len(right)), bar=bar)
    yield compare("series, of 6", "accuracy", "largest series", largest, n=len(series))
    whole = np.hstack(list(parts.values()))
    random = np.random.default_rng(context.seed)
    shuffles = 5 if context.quick else 20
    chance = [recognised(whole, random.permutation(series)).mean() for _ in range(shuffles)]
    yield compare(
        "series, of 6", "accuracy", "SPC, series shuffled", float(np.mean(chance)), n=shuffles, bar="< .3"
    )
    counts_of = resample_counts(len(series), draws=context.draws, random_state=context.seed)
    for first, second in (("C", "P"), ("S", "P"), ("SPC", "C")):
        gap = hits[first] - hits[second]
        drawn = counts_of @ gap / len(gap)
        interval = percentile_interval(float(gap.mean()), drawn, 0.95, len(gap), len(gap))
        yield compare("series, of 6", "accuracy, difference", f"{first} minus {second}", interval)


def recognised(columns: Array, series: Array) -> Array:
    """Return whether each character's series is recognised by a classifier fitted on the others, shape (n,), 0 or 1."""
    from sklearn.linear_model import LogisticRegression

    right = np.zeros(len(series))
    for left_out in range(len(series)):
        others = np.arange(len(series)) != left_out
        model = LogisticRegression(C=_STRENGTH, max_iter=500).fit(columns[others], series[others])
        right[left_out] = model.predict(columns[left_out : left_out + 1])[0] == series[left_out]
    return right


def line_rows(
    context: Context, known: Sequence[Profile], parts: dict[str, Array], encoder: Encoder
) -> Iterator[Comparison]:
    """Find the profile of a Friends character from the character's real lines, names masked."""
    lines = _lines(context, known)
    cast = [i for i, each in enumerate(known) if each.character in lines]
    if len(cast) < 2:
        return
    spoken = centered(
        np.stack([encoder.encode(lines[known[i].character]).mean(axis=0) for i in cast]).astype(float)
    )
    for part, table in parts.items():
        similarity = spoken @ table.T
        rank = np.array([(row > row[i]).sum() for row, i in zip(similarity, cast, strict=True)])
        n = len(known)
        bar = f"high < {(n + 1) / 2:g}" if part == "C" else ""
        yield compare(
            "lines -> profile", f"mean rank of {n}", _NAMES[part], _mean(context, rank + 1.0), bar=bar
        )
        own = ranks_of_own(spoken @ centered(table[cast]).T)
        yield compare(
            "lines -> profile",
            f"top-1 of {len(cast)} in the cast",
            _NAMES[part],
            wilson(int((own == 0).sum()), len(cast)),
        )
    yield compare(
        "lines -> profile", f"top-1 of {len(cast)} in the cast", "chance", 1 / len(cast), n=len(cast)
    )


def _lines(context: Context, known: Sequence[Profile]) -> dict[str, list[str]]:
    speakers = {each.character.split()[0]: each.character for each in known if each.series == "Friends"}
    names = [word for each in known for word in each.character.split()]
    found: dict[str, list[str]] = {}
    for row in context.rows("friends", "utterances.jsonl.gz"):
        if row["speaker"] in speakers and len(row["text"].split()) >= _LEAST_WORDS:
            found.setdefault(speakers[row["speaker"]], []).append(mask(row["text"], names))
    n_lines = 50 if context.quick else _N_LINES
    return {name: texts[:n_lines] for name, texts in found.items() if len(texts) >= n_lines}


def _mean(context: Context, values: Array) -> Interval:
    return bootstrap_mean(values, draws=context.draws, random_state=context.seed)


EXPERIMENT = Experiment(DATA, rows)
