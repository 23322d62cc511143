"""What a language brings to the reader: its rules, and the words that context, time and occupations are read by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

Tense = Literal["now", "past", "not"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One way of stating one thing about oneself.

    Parameters
    ----------
    name : str
        The class that its precision is counted under, such as "age.i_am"; several rules may share one.
    attribute : str
    needs : frozenset of str
        Words of which the text must hold at least one ("#" stands for a digit): the cheap test before the pattern.
    pattern : str
        Searched in the lowered text. Its whole match is the telling words.
    reads : str
        How the value is read: "=married" is that value; other names are keys of `_values.READS`.
    tense : "now", "past" or "not"
        "past" says that it no longer holds, and with the value "" that nothing that was said of the attribute does; "not"
        that it does not hold, and ends what was said before.
    rank : int
        Among undated statements that differ, only those of the highest rank count: "my wife" before "my ex-wife".
    presupposed : bool
        It holds inside a question too: "what should I give my wife?".
    unless : str
        Searched in the sentence with "¶" in place of the telling words; what it finds takes the statement back.
    implied : bool
        The value is not said, it follows for most people only: a sex from "my wife". Never a stated claim.
    denies : bool
        A negation among its telling words belongs to them: "I never went to college". In all others it takes them back.
    at_most : float
        What its class's precision counts as at most, in [0, 1]: a judgment, where the measured people cannot show how often
        its words hold and its value does not.
    """

    name: str
    attribute: str
    needs: frozenset[str]
    pattern: str
    reads: str
    tense: Tense = "now"
    rank: int = 2
    unless: str = ""
    presupposed: bool = False
    implied: bool = False
    denies: bool = False
    at_most: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Occupations of one language.

    `titles` maps the last word or words of a title to its English name, "" where it is English already; `female` and
    `male` are titles whose form also says the sex. `follows` are the words that may come right after a title, `stops`
    end or spoil one before its head, `drops` stand before it and say nothing of the work. `heads` are titles that a compound
    may end in and still be one; `longer` matches titles with a stop inside ("maestro de obras"); `changed`, searched in the
    phrase and the words after it, finds what only looks like work: "new driver", "juge de touche".
    """

    titles: Mapping[str, str]
    follows: frozenset[str]
    stops: frozenset[str]
    female: frozenset[str] = frozenset()
    male: frozenset[str] = frozenset()
    drops: frozenset[str] = frozenset()
    heads: frozenset[str] = (
        frozenset()
    )  # "grundschullehrerin" is a "lehrerin"; a "radfahrer" drives for nobody
    longer: str = "(?!)"
    changed: str = "(?!)"
    inverted: str = "(?!)"  # what may follow a title besides: "als Lehrer [arbeite ich]"


@dataclass(frozen=True, slots=True, eq=False)
class Cues:
    """Patterns, searched in lowered text, that take a statement back.

    `breaks` ends a clause; `unreal` and `reported` are looked for between the last break and the statement; `negated`
    among the telling words before the value: "Ich wohne [nicht mehr] in Rom"; `fiction`
    anywhere in the sentence before it; `undone` right after it; `after` past the end of its clause: ", she said", ". Kidding";
    `passing` anywhere in the sentence, for places;
    `speakers` before a colon
    at the start of a line, whose words that line is; `asked` at the start of the text: an instruction
    to a machine, after which pasted words follow; `ironic` anywhere.
    `asks`, after it, begins a question that it does not belong to;
    `opens`, anywhere in what a person wrote, leaves open what their partner's word would imply of their sex.
    """

    breaks: str
    unreal: str
    negated: str
    reported: str
    fiction: str
    undone: str
    after: str
    passing: str
    speakers: str
    asked: str
    asks: str
    opens: str
    ironic: str


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """Words for time: months to 1-12, units and days to days, numbers; the patterns have N, UNIT and MONTH in them."""

    months: Mapping[str, int]
    units: Mapping[str, float]
    numbers: Mapping[str, int]
    ago: str  # "N UNIT ago"
    last: str  # "last UNIT"
    this: str  # "this UNIT"
    month: str  # "last MONTH"
    days: Mapping[str, int]  # "yesterday": -1
    within: str  # "in", before a year
    decades: frozenset[str]  # "thirties"


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """One language: its code, its commonest words, and what the parts of the reader need of it."""

    code: str
    common: frozenset[str]
    rules: tuple[Rule, ...]
    cues: Cues
    calendar: Calendar
    work: Work
    natives: Mapping[str, str] = field(default_factory=dict)  # "glaswegian": "Glasgow"
    index: Mapping[str, tuple[Rule, ...]] = field(init=False, repr=False)
    vocabulary: frozenset[str] = field(init=False, repr=False)  # what tells the language

    def __post_init__(self) -> None:
        index: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for word in rule.needs:
                index.setdefault(word, []).append(rule)
        object.__setattr__(self, "index", {word: tuple(rules) for word, rules in index.items()})
        object.__setattr__(self, "vocabulary", self.common | index.keys())


@lru_cache(maxsize=1024)
def denied(rule: Rule) -> Rule:
    """Return the rule as it reads where its telling words are negated: "I am not a nurse" ends what "I am a nurse" said."""
    return replace(rule, tense="not")


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return the pattern compiled, once, at its first use: seven languages at import would take a second."""
    return re.compile(pattern)


def words(text: str) -> frozenset[str]:
    """Return the words of a blank-separated string."""
    return frozenset(text.split())
