"""Attack, rewrite, attack again: what the shield takes from an attacker, beside a cloud service's masks, at equal text kept.

Sources: Staab et al. (2024), "Large Language Models are Advanced Anonymizers", arXiv 2402.13846 (an attacker steers the
rewriting); Staab et al. (2024), "Beyond Memorization", arXiv 2310.07298, section 6 (masking); Yukhymenko et al. (2024),
"A Synthetic Dataset for Personal Attribute Inference", arXiv 2406.07217 (people, labels, recorded masks, scoring).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from personae.infer.reader import Reader
from personae.metrics.intervals import bootstrap_mean, bootstrap_ratio
from personae.metrics.overlap import rouge_l_all, words_of
from personae.models.encoder import Encoder, home_encoder
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.shield.attackers import FOLDER, second_attacker
from personae.papers.shield.people import N_FOLDS, OTHER_FOLDS, Subject, subjects, traces_of
from personae.people.attributes import SYNTHPAI
from personae.people.matching import match
from personae.people.records import Person, Trace
from personae.shield import Shielded, shield
from personae.shield.attacker import home_attacker
from personae.shield.exposure import exposed, utility_of

HOME, WORDS = "home attacker", "second attacker (word counts)"
PLAIN, CLOUD, OURS, OFTEN, BLIND, RANDOM, NOTHING = (
    "as it was", "cloud masks, recorded", "shield, truth known", "shield, truth known, four cuts of words a line first",
    "shield, truth unknown", "random words, same amount", "nothing to read",
)  # fmt: skip
PEOPLE, QUICK_PEOPLE = 60, 3
SHARES = (0.98, 0.95, 0.92, 0.9)  # of words kept, at which the curve is read
LEAST = 0.9  # of words kept, down to which the curve goes
Texts = tuple[Trace, ...]
Score = dict[str, bool]


@dataclass(frozen=True, slots=True)
class Tried:
    """One person: the text in every version, and whether each attacker's best guess about each labelled attribute was right."""

    subject: Subject
    versions: dict[str, Texts]
    right: dict[tuple[str, str], Score]
    curve: dict[float, Score]
    exposure: tuple[float, float]


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over people."""
    people = [each for each in subjects(context) if each.labels]
    drawn = np.random.default_rng(context.seed).permutation(len(people))
    n_people = min(context.limit or PEOPLE, QUICK_PEOPLE if context.quick else PEOPLE, len(people))
    chosen = [people[k] for k in drawn[:n_people]]
    everybody = subjects(context)
    tried: list[Tried] = []
    folds = range(1 if context.quick else N_FOLDS)
    if context.quick:
        chosen = [people[k] for k in drawn if people[k].fold == 0][:n_people]
    for fold in folds:
        first = home_attacker(FOLDER / f"{fold}.npz")
        second = second_attacker(context, [each for each in everybody if each.fold in OTHER_FOLDS[fold]])
        own = [each for each in chosen if each.fold == fold]
        tried += [
            _try(each, first, second, context) for each in context.track(own, f"shielding, fold {fold + 1}")
        ]
    encoder = home_encoder()
    yield from _accuracy(tried, context)
    yield from _falls(tried, context)
    yield from _by_attribute(tried, context)
    yield from _kept(tried, context, encoder)
    yield from _curve(tried, context)


def _try(person: Subject, first: Reader, second: Reader, context: Context) -> Tried:
    """Shield one person until as much text is left as the recorded masks leave, with and without the truth."""
    plain, masked = person.traces, traces_of(person.id, person.masked)
    keep = rouge_l_all(person.texts, person.masked).recall
    versions = {PLAIN: plain, CLOUD: masked, NOTHING: ()}
    how: dict[str, Any] = {"reader": first, "target": 0.0, "level": "rewrite", "random_state": context.seed}
    known: dict[str, Any] = {
        **how, "slack": 0.0, "keep": min(keep, LEAST), "truth": person.truth, "thorough": True,
    }  # fmt: skip
    done, often = shield(plain, **known), shield(plain, **known, cuts=4)
    at = _last(done, keep)
    versions[OURS], versions[OFTEN] = done.at(at), often.at(_last(often, keep))
    blind = shield(plain, **how, keep=keep)
    versions[BLIND] = blind.traces
    lost = sum(len(words_of(t)) for t in person.texts) * (1 - done.curve[at].words_kept)
    versions[RANDOM] = random_words(plain, round(lost), np.random.default_rng(context.seed))
    right = {
        (attacker, name): _right(reader, person, traces)
        for attacker, reader in ((HOME, first), (WORDS, second))
        for name, traces in versions.items()
    }
    curve = {}
    for share in SHARES:
        curve[share] = _right(first, person, done.at(_last(done, share)))
    return Tried(
        person, versions, right, curve, (blind.curve[0].mean_exposure, blind.curve[-1].mean_exposure)
    )


def _last(done: Shielded, share: float) -> int:
    """Return the last point of the curve at which such a share of the words still stands."""
    return max((k for k, point in enumerate(done.curve) if point.words_kept >= share - 1e-9), default=0)


def random_words(traces: Texts, n_words: int, random: np.random.Generator) -> Texts:
    """Return the traces without so many words, drawn from all of them alike: the control."""
    spread = [(k, word) for k, trace in enumerate(traces) for word in range(len(trace.text.split()))]
    drawn = {spread[k] for k in random.permutation(len(spread))[:n_words]}
    return tuple(
        replace(
            trace,
            text=" ".join("…" if (k, i) in drawn else word for i, word in enumerate(trace.text.split())),
        )
        for k, trace in enumerate(traces)
    )


def _right(reader: Reader, person: Subject, traces: Texts) -> Score:
    guesses = exposed(reader.read(Person(person.id, traces), SYNTHPAI), SYNTHPAI)
    return {
        name: match(name, guesses[name].value, value, truth_score=score) == 1.0
        for name, (value, score) in person.labels.items()
    }


def _pairs(tried: Sequence[Tried], attacker: str, version: str) -> tuple[np.ndarray, list[str]]:
    """Return whether each pair of a person and a label was right, and the person of each."""
    found = [
        (each.right[attacker, version][name], each.subject.id)
        for each in tried
        for name in each.subject.labels
    ]
    return np.array([right for right, _ in found], dtype=float), [person for _, person in found]


def _accuracy(tried: Sequence[Tried], context: Context) -> Iterator[Comparison]:
    for attacker in (HOME, WORDS):
        for version in (PLAIN, CLOUD, OURS, OFTEN, BLIND, RANDOM, NOTHING):
            right, people = _pairs(tried, attacker, version)
            interval = bootstrap_mean(right, clusters=people, draws=context.draws, random_state=context.seed)
            yield compare(attacker, "top-1", version, interval)


def _falls(tried: Sequence[Tried], context: Context) -> Iterator[Comparison]:
    """Yield falls of top-1, and the two ratios that bars stand on: bootstrap ratios of summed falls over people."""
    fall: dict[tuple[str, str], np.ndarray] = {}
    people: list[str] = []
    for attacker in (HOME, WORDS):
        plain, people = _pairs(tried, attacker, PLAIN)
        for version in (CLOUD, OURS, OFTEN, BLIND, RANDOM):
            fall[attacker, version] = plain - _pairs(tried, attacker, version)[0]
            interval = bootstrap_mean(
                fall[attacker, version], clusters=people, draws=context.draws, random_state=context.seed
            )
            yield compare(attacker, "fall of top-1", version, interval)
    for attacker in (HOME, WORDS):
        learned = _pairs(tried, attacker, PLAIN)[0] - _pairs(tried, attacker, NOTHING)[0]
        for version in (CLOUD, OURS, OFTEN):
            share = bootstrap_ratio(
                fall[attacker, version],
                learned,
                clusters=people,
                draws=context.draws,
                random_state=context.seed,
            )
            yield compare(attacker, "share gone of what reading adds to top-1", version, share)
    how: dict[str, Any] = {"clusters": people, "draws": context.draws, "random_state": context.seed}
    for version in (OURS, OFTEN, BLIND):
        more = bootstrap_ratio(fall[HOME, version], fall[HOME, CLOUD], **how)
        yield compare(
            "equal text kept", "fall over that under the cloud masks", f"{HOME}, {version}", more,
            bar=">= 2" if version == OURS and not context.quick else "",
        )  # fmt: skip
        carried = bootstrap_ratio(fall[WORDS, version], fall[HOME, version], **how)
        yield compare(
            "equal text kept", "its fall over the home attacker's", f"{WORDS}, {version}", carried,
            bar=">= .5" if version == OURS and not context.quick else "",
        )  # fmt: skip


def _by_attribute(tried: Sequence[Tried], context: Context) -> Iterator[Comparison]:
    """Yield, of each attribute, what reading adds to top-1, and what of it the shield takes."""
    for attacker in (HOME, WORDS):
        for name in (each.name for each in SYNTHPAI):
            people = [each for each in tried if name in each.subject.labels]
            plain, ours, nothing = (
                np.array([each.right[attacker, version][name] for each in people], dtype=float)
                for version in (PLAIN, OURS, NOTHING)
            )
            for metric, gap in (("reading adds to top-1", plain - nothing), ("fall of top-1", plain - ours)):
                if people:
                    interval = bootstrap_mean(gap, draws=context.draws, random_state=context.seed)
                    yield compare(attacker, f"{name}, {metric}", OURS, interval)


def _kept(tried: Sequence[Tried], context: Context, encoder: Encoder) -> Iterator[Comparison]:
    """Yield utility by version, over people."""
    for version in (CLOUD, OURS, OFTEN, BLIND, RANDOM):
        found = [utility_of(each.versions[PLAIN], each.versions[version], encoder) for each in tried]
        for metric in ("words_kept", "rouge_l", "cosine"):
            values = [getattr(one, metric) for one in found]
            interval = bootstrap_mean(values, draws=context.draws, random_state=context.seed)
            yield compare("utility", metric.replace("_", " "), version, interval)
    for k, when in enumerate(("before", "after")):
        values = [each.exposure[k] for each in tried]
        interval = bootstrap_mean(values, draws=context.draws, random_state=context.seed)
        yield compare(HOME, f"mean probability of its best guess, {when}", BLIND, interval)


def _curve(tried: Sequence[Tried], context: Context) -> Iterator[Comparison]:
    for share in SHARES:
        found = [(right, each.subject.id) for each in tried for right in each.curve[share].values()]
        values, people = [float(right) for right, _ in found], [person for _, person in found]
        interval = bootstrap_mean(values, clusters=people, draws=context.draws, random_state=context.seed)
        yield compare("curve", f"top-1 of the {HOME}", f"{OURS}, {share:.0%} of words kept", interval)


EXPERIMENT = Experiment("shield", rows)
