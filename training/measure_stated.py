"""Measure what the stated reader says against the truth of seven corpora, and write the counts that it ships with.

    PERSONAE_DATA=../data python training/measure_stated.py src/personae/models/home/stated.json

People are split in two halves by a seeded hash. Rules were written looking at the first half only; the shipped counts are
the second half's. Claims of each half are measured with probabilities, and so abstentions, from the other half's counts.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _stated_truth import CORPORA, NAMES, NOW, SEED, WRITTEN, Subject, right
from personae.infer.stated import CODES, Precision, StatedReader, Statement
from personae.infer.stated._languages import language
from personae.infer.stated._precision import read_precision
from personae.people.attributes import SYNTHPAI
from personae.people.records import Claim

HALVES = ((False, "rules written on"), (True, "held out"))
CORPUS_NAMES = tuple(corpus.__name__ for corpus in CORPORA)


@dataclass
class Counts:
    """Of one half: statements and claims that are right and wrong, people with a truth, statements that no truth settles."""

    kinds: Counter[tuple[str, str, bool]] = field(default_factory=Counter)  # (corpus, class of rule, right)
    claims: Counter[tuple[str, str, bool]] = field(default_factory=Counter)  # (corpus, attribute, right)
    people: Counter[tuple[str, str]] = field(default_factory=Counter)  # (corpus, attribute)
    unsettled: Counter[tuple[str, str]] = field(default_factory=Counter)  # (corpus, class of rule)


def count_statements(subjects: list[Subject], verbose: str) -> dict[bool, Counts]:
    """Count every statement of both halves, each value once a person and class of rule."""
    counts = {False: Counts(), True: Counts()}
    reader = StatedReader(precision=Precision({}, {}))
    for subject in subjects:
        half = counts[subject.held_out]
        half.people.update((subject.corpus, name) for name in subject.truth)
        said = [s for s in reader.statements(subject.person) if s.rule.tense == "now"]
        for (kind, value), statement in {(s.kind, aged(s, subject.corpus)): s for s in said}.items():
            name = statement.rule.attribute
            verdict = right(name, value, subject.truth[name]) if name in subject.truth else None
            if verdict is None:
                half.unsettled[subject.corpus, kind] += 1
            else:
                half.kinds[subject.corpus, kind, verdict] += 1
            if verbose and re.search(verbose, kind) and not subject.held_out:
                show(subject, statement, verdict)
    return counts


def count_claims(
    readers: dict[bool, StatedReader], subjects: list[Subject], counts: dict[bool, Counts], verbose: str
) -> None:
    """Count the current claims that do not abstain; `readers` has one reader a half."""
    for subject in subjects:
        reader = readers[subject.held_out]
        reader.now = None if subject.corpus == "personabench" else WRITTEN.get(subject.corpus, NOW)
        for claim in current(reader.read(subject.person, SYNTHPAI)):
            truth = subject.truth.get(claim.attribute)
            if (
                truth
                and claim.best
                and (verdict := right(claim.attribute, claim.best.value, truth)) is not None
            ):
                counts[subject.held_out].claims[subject.corpus, claim.attribute, verdict] += 1
                if verbose and not verdict and not subject.held_out:
                    print("CLAIM", subject.corpus, claim.attribute, claim.best.value, truth, file=sys.stderr)


def current(claims: list[Claim]) -> list[Claim]:
    return [claim for claim in claims if not claim.abstained and not claim.superseded_by]


def aged(statement: Statement, corpus: str) -> str:
    """Return the value of a statement; for a birth year the age when it was written."""
    written = statement.trace.time or WRITTEN.get(corpus, NOW)
    born = statement.value.born
    return born.age(written.year + written.month / 12) if born else statement.value.text


def show(subject: Subject, statement: Statement, verdict: bool | None) -> None:
    text, start, end = statement.trace.text, statement.start, statement.value.end
    quoted = f"{text[max(0, start - 60) : start]}[[{text[start:end]}]]{text[end : end + 60]}".replace(
        "\n", " "
    )
    truth = "; ".join(subject.truth.get(statement.rule.attribute, ()))[:120]
    mark = {True: "ok", False: "WRONG", None: "-"}[verdict]
    print(
        subject.corpus, mark, statement.kind, statement.value.text, "|", truth, ">>", quoted, file=sys.stderr
    )


def rules_table(counts: Counts, title: str) -> str:
    """Return right/all statements by class of rule and corpus, and how many statements no truth settles."""
    lines = [f"{title:26}" + "".join(f"{name:>13}" for name in (*CORPUS_NAMES, "all", "no truth"))]
    for kind in sorted({kind for _, kind, _ in counts.kinds} | {kind for _, kind in counts.unsettled}):
        tally = [(counts.kinds[name, kind, True], counts.kinds[name, kind, False]) for name in CORPUS_NAMES]
        tally.append((sum(good for good, _ in tally), sum(bad for _, bad in tally)))
        cells = (f"{good}/{good + bad}" if good + bad else "." for good, bad in tally)
        silent = sum(counts.unsettled[name, kind] for name in CORPUS_NAMES)
        lines.append(f"{kind:26}" + "".join(f"{cell:>13}" for cell in cells) + f"{silent:13}")
    return "\n".join(lines)


def claims_table(counts: dict[bool, Counts]) -> str:
    """Return precision and coverage of claims by attribute, corpus and half; then precision by corpus and half."""
    lines = [
        f"{'attribute':22}{'corpus':14}{'half':18}{'right':>7}{'claims':>8}{'precision':>11}{'people':>8}{'coverage':>10}"
    ]
    for name in NAMES:
        for corpus in CORPUS_NAMES:
            for half, title in HALVES:
                n_right, n_wrong = (counts[half].claims[corpus, name, verdict] for verdict in (True, False))
                if people := counts[half].people[corpus, name]:
                    lines.append(_row(name, corpus, title, n_right, n_right + n_wrong, people))
    for half, title in HALVES:
        for corpora in (CORPUS_NAMES, *((corpus,) for corpus in CORPUS_NAMES)):
            tally = {
                v: sum(n for (c, _, w), n in counts[half].claims.items() if w == v and c in corpora)
                for v in (True, False)
            }
            lines.append(
                _row(
                    "all", "all" if len(corpora) > 1 else corpora[0], title, tally[True], sum(tally.values())
                )
            )
    return "\n".join(lines)


def _row(name: str, corpus: str, title: str, n_right: int, n: int, people: int = 0) -> str:
    precision = f"{n_right / n:11.3f}" if n else f"{'-':>11}"
    return f"{name:22}{corpus:14}{title:18}{n_right:7}{n:8}{precision}" + (
        f"{people:8}{n / people:10.3f}" if people else ""
    )


def as_json(counts: Counts) -> dict[str, Any]:
    """Return the counts of statements by class and by attribute, each by corpus; what is only implied counts by class alone."""
    implied = {f"{code}.{rule.name}" for code in CODES for rule in language(code).rules if rule.implied}
    attribute_of = {f"{code}.{rule.name}": rule.attribute for code in CODES for rule in language(code).rules}
    classes: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    attributes: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    for corpus, kind, verdict in sorted(counts.kinds):
        tables = (
            ((classes, kind),) if kind in implied else ((classes, kind), (attributes, attribute_of[kind]))
        )
        for table, key in tables:
            cell = table[key].setdefault(corpus, {"right": 0, "all": 0})
            cell["all"] += counts.kinds[corpus, kind, verdict]
            cell["right"] += counts.kinds[corpus, kind, verdict] * verdict
    return {"classes": dict(sorted(classes.items())), "attributes": dict(sorted(attributes.items()))}


def speed(subjects: list[Subject]) -> str:
    reader = StatedReader(precision=Precision({}, {}))
    people = [subject.person for subject in subjects if subject.corpus == "synthpai"]
    n_comments = sum(len(person.traces) for person in people)
    start = time.perf_counter()
    for person in people:
        reader.read(person, SYNTHPAI)
    seconds = time.perf_counter() - start
    return (
        f"{n_comments} SynthPAI comments in {seconds:.2f} s: {1000 * seconds / n_comments:.3f} ms a comment"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "out", type=Path, nargs="?", help="where to write the counts; without it, the tables only"
    )
    parser.add_argument("--show", default="", help="print statements of the first half whose rule matches")
    args = parser.parse_args()
    subjects = [subject for corpus in CORPORA for subject in corpus()]
    counts = count_statements(subjects, args.show)
    halves = {"held_out": as_json(counts[True]), "written_on": as_json(counts[False])}
    written = json.dumps({"seed": SEED, **halves}, indent=1)
    if args.out:
        args.out.write_text(written + "\n", encoding="utf-8")
    others = {True: "written_on", False: "held_out"}
    readers = {half: StatedReader(precision=read_precision(written, other)) for half, other in others.items()}
    count_claims(readers, subjects, counts, args.show)
    tables = (rules_table(counts[half], title) for half, title in HALVES)
    print(*tables, claims_table(counts), speed(subjects), sep="\n\n")


if __name__ == "__main__":
    main()
