"""Statements: every place in a person's traces where a rule finds them telling something about themself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from personae.infer._lines import lower
from personae.infer.stated._context import Setting, passing, setting, taken_back
from personae.infer.stated._languages import language
from personae.infer.stated._rules import Language, Rule, compiled, denied
from personae.infer.stated._values import Reading, Value, read_value
from personae.models.places import Places
from personae.people.records import Person, Trace

TELLING = frozenset({"message", "post", "comment", "profile", "rating", "survey_answer"})
MOST = 50  # matches of one rule in a trace: who says it more often says it no better
LONGEST = 20_000  # characters of a trace that are read: what is longer is a document, not something said
_WORD = re.compile(r"[^\W\d_]+(?:['.-][^\W\d_]+)*")
_PART = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing a person said about themself: the rule that read it, its value, and where its words stand."""

    rule: Rule
    language: str
    value: Value
    trace: Trace
    start: int

    @property
    def kind(self) -> str:
        """The rule's class in the precision file, such as "en.age.i_am"."""
        return f"{self.language}.{self.rule.name}"


def statements(
    trace: Trace, languages: Sequence[Language], places: Places | None, wanted: frozenset[str]
) -> Iterator[Statement]:
    """Yield what a trace states about the wanted attributes."""
    if trace.kind not in TELLING or not trace.text:
        return
    text = trace.text[:LONGEST]
    lowered = lower(text)
    for spoken, rules in _rules_for(frozenset(_vocabulary(lowered)), languages):
        reading, scene = Reading(text, lowered, spoken, trace.time, places), None
        for rule in rules:
            if rule.attribute not in wanted:
                continue
            for match in islice(compiled(rule.pattern).finditer(lowered), MOST):
                value = read_value(rule.reads, match, reading)
                if value is None:
                    continue
                scene = scene or setting(text, lowered, spoken.cues, trace.person)
                start = match.start() + _lead(match.group())
                reason = _reason(rule, scene, start, match.end(), value.end)
                if not reason:
                    yield Statement(rule, spoken.code, value, trace, start)
                elif reason == "negated" and rule.tense == "now" and not rule.implied:
                    yield Statement(denied(rule), spoken.code, value, trace, start)


def opened(person: Person, follows: Sequence[Statement]) -> bool:
    """Return whether the person's words leave open what statements would imply: "two women", "queer"."""
    cues = {compiled(language(s.language).cues.opens) for s in follows}
    texts = [lower(trace.text[:LONGEST]) for trace in person.own if trace.text] if cues else []
    return any(cue.search(text) for cue in cues for text in texts)


def _reason(rule: Rule, scene: Setting, start: int, told: int, end: int) -> str:
    reason = taken_back(scene, start, told, end, rule)
    if not reason and rule.attribute == "city_country" and passing(scene, start, end):
        return "passing"
    return reason


def _rules_for(
    vocabulary: frozenset[str], languages: Sequence[Language]
) -> list[tuple[Language, list[Rule]]]:
    """Return the rules whose words the text has, of the language that most of its words belong to, of all in a tie."""
    found: list[tuple[int, Language, list[Rule]]] = []
    for spoken in languages:
        known = vocabulary & spoken.index.keys()
        if known:
            rules = dict.fromkeys(rule for word in known for rule in spoken.index[word])
            found.append(
                (len(vocabulary & spoken.vocabulary), spoken, sorted(rules, key=lambda rule: rule.name))
            )
    most = max((shared for shared, _, _ in found), default=0)
    return [(spoken, rules) for shared, spoken, rules in found if shared == most]


def _vocabulary(lowered: str) -> Iterator[str]:
    """Yield the words, the parts of elided and hyphened ones too, and "#" where there is a digit."""
    for word in set(_WORD.findall(lowered)):
        yield word
        if not word.isalpha():
            yield from _PART.findall(word)
    if _DIGIT.search(lowered):
        yield "#"


def _lead(words: str) -> int:
    """Return how many characters of a match stand before its first word."""
    return len(words) - len(words.lstrip(" \t\n.,;:!?()—–-…"))
