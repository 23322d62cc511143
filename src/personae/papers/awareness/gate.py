"""The purpose gate held against written scenarios, the product's own readers behind it, and the log replayed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from personae.audit.awareness import GROUPS, Table, Tables, impute
from personae.audit.awareness.bisg import AGGREGATE
from personae.errors import PolicyDenied
from personae.infer.pipeline import read_people
from personae.infer.stated import StatedReader
from personae.papers.harness import Comparison, Context, compare
from personae.people.access import replay
from personae.people.attributes import ATTRIBUTES, Attribute
from personae.people.policy import NO_RULE, Rules, Setting, decide, rules
from personae.people.records import Claim, Person, Trace
from personae.people.store import Store

SETTING = "purpose gate"
WRITTEN = date(2026, 11, 23)  # the day the scenarios are asked as of
SAID = "I am a nurse, 41, and I live in Porto."
ADVICE = ("you should", "you must", "you may", "we advise", "we recommend", "legally", "lawful", "illegal")
FACETS = ("domain", "operation", "basis", "granularity", "jurisdiction", "actor", "size", "consent", "day")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One question in words and as the gate takes it, with the verdict and rule that were expected."""

    case: str
    purpose: str
    attribute: str
    setting: Setting
    verdict: str
    rule: str


def read_scenarios() -> list[Scenario]:
    """Return the scenarios that ship."""
    import yaml

    text = files(__package__).joinpath("scenarios.yaml").read_text(encoding="utf-8")
    return [
        Scenario(
            each["case"], each["purpose"], each["attribute"],
            replace(Setting(**{facet: each[facet] for facet in FACETS if facet in each}), day=each.get("day", WRITTEN)),
            each["verdict"], each["rule"],
        )
        for each in yaml.safe_load(text)
    ]  # fmt: skip


class Counted:
    """A reader that counts whom it has read."""

    def __init__(self) -> None:
        self.reader, self.n_read = StatedReader(), 0

    @property
    def name(self) -> str:
        return self.reader.name

    def prepare(self, people: Sequence[Person]) -> None:
        self.reader.prepare(people)

    def read(self, person: Person, attributes: Sequence[Attribute]) -> list[Claim]:
        self.n_read += 1
        return self.reader.read(person, attributes)


def gate_rows(context: Context) -> Iterator[Comparison]:
    """Scenarios, their control, and calls through the product with the log replayed."""
    scenarios, table = read_scenarios(), rules()
    backwards = Rules(table.rows[::-1])
    found = [decide(each.purpose, each.attribute, each.setting) for each in scenarios]
    agree = [(d.verdict, d.rule) == (s.verdict, s.rule) for d, s in zip(found, scenarios, strict=True)]
    yield _row("scenarios", "rules.yaml", len(scenarios), ">= 30")
    yield _row("scenarios that agree, %", "rules.yaml", 100 * np.mean(agree), ">= 100", len(agree))
    named = [bool(d.rule != NO_RULE and d.since and d.citation) for d in found if d.verdict != "unknown"]
    yield _row(
        "verdicts that name rule, date and source, %",
        "rules.yaml",
        100 * np.mean(named),
        ">= 100",
        len(named),
    )
    unknown = [
        d.verdict == "unknown" and d.rule == NO_RULE
        for d, s in zip(found, scenarios, strict=True)
        if s.rule == NO_RULE
    ]
    yield _row("unknown where no rule fits, %", "rules.yaml", 100 * np.mean(unknown), ">= 100", len(unknown))
    first = [
        decide(s.purpose, s.attribute, s.setting, table=backwards).verdict == s.verdict for s in scenarios
    ]
    yield _row(
        "scenarios that agree, %", "control: first rule that fits", 100 * np.mean(first), "< 90", len(first)
    )
    dealt = np.random.default_rng(context.seed).permutation(len(scenarios))
    mixed = [found[i].verdict == s.verdict for i, s in zip(dealt, scenarios, strict=True)]
    yield _row(
        "scenarios that agree, %", "control: verdicts shuffled", 100 * np.mean(mixed), "< 60", len(mixed)
    )
    said = [text.lower() for rule in table.rows for text in (rule.reason, *rule.conditions)]
    advice = sum(any(word in text for word in ADVICE) for text in said)
    yield _row("sentences phrased as advice", "rules.yaml", advice, "<= 0", len(said))
    yield from _calls()


def _calls() -> Iterator[Comparison]:
    """Read an invented person for every purpose and sensitive attribute through the pipeline, and impute from a name."""
    person = Person("invented", (Trace("invented", "table", "1", text=SAID),))
    sensitive = [each for each in ATTRIBUTES.values() if each.special or each.protected]
    asked = [(purpose, each) for purpose in rules().purposes for each in sensitive]
    reader, raised, denied, granted = Counted(), 0, 0, 0
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "people.duckdb") as store:
        for purpose, each in asked:
            may = decide(purpose, each).verdict in ("allowed", "required")
            denied, granted = denied + (not may), granted + may
            try:
                list(read_people([person], reader, [each], purpose=purpose, store=store))
            except PolicyDenied as error:
                raised += decide(purpose, each).rule in str(error)
        proxies = [purpose for purpose in rules().purposes if _is_denied(purpose, store)]
        entries = store.accesses.entries()
        again = list(replay(entries))
        line = " ".join(str(entry.as_json()) for entry in entries).lower()
    yield _row(
        "denied calls that raise with the rule, %", "read_people", 100 * raised / denied, ">= 100", denied
    )
    yield _row("people read by denied calls", "read_people", reader.n_read - granted, "<= 0", denied)
    refused = [
        decide(purpose, "ethnicity", AGGREGATE).verdict not in ("allowed", "required")
        for purpose in rules().purposes
    ]
    yield _row(
        "denied purposes that raise, %", "impute", 100 * len(proxies) / sum(refused), ">= 100", sum(refused)
    )
    yield _row(
        "sensitive calls in the log, %",
        "access log",
        100 * len(entries) / (len(asked) + len(refused)),
        ">= 100",
        len(asked),
    )
    yield _row(
        "log entries that replay alike, %",
        "access log",
        100 * np.mean([each.agrees for each in again]),
        ">= 100",
        len(again),
    )
    leaked = sum(word in line for word in ("invented", "porto", "nurse"))
    yield _row("words of the person in the log", "access log", leaked, "<= 0", len(entries))
    early = np.mean([each.agrees for each in replay(entries, day=date(1960, 1, 1))])
    yield _row(
        "log entries that replay alike, %", "control: rules of 1960", 100 * early, "< 50", len(entries)
    )


def _is_denied(purpose: str, store: Store) -> bool:
    shares = np.full(len(GROUPS), 1 / len(GROUPS))
    table = Table(("OAK",), shares[None], {"OAK": 0})
    try:
        impute(
            ["Oak"],
            ["00000"],
            purpose=purpose,
            log=store.accesses,
            tables=Tables(table, table, table, shares),
        )
    except PolicyDenied:
        return True
    return False


def _row(
    metric: str, method: str, value: float | np.floating[Any], bar: str, n: int | None = None
) -> Comparison:
    return compare(
        SETTING, metric, method, float(value), n=n, source="card" if bar.startswith(">=") else "", bar=bar
    )
