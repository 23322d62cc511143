"""The purpose gate: every inference runs under a named purpose, and the decision is stored with the claim.

Source: Bogen, Rieke, Ahmed (2020), "Awareness in Practice", arXiv 1912.06171, for why purpose and ground decide together.
These rules are engineering defaults, editable by whoever answers for them; none of them is legal advice.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import date
from typing import Literal

from personae.errors import PolicyDenied, UnknownName
from personae.people.attributes import Attribute, attribute

Verdict = Literal["allowed", "forbidden", "unknown"]
Ground = Literal["any", "special", "protected", "plain"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: under this purpose, attributes of this ground get this verdict."""

    id: str
    purpose: str
    ground: Ground
    verdict: Verdict
    reason: str
    since: date = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict for one attribute under one purpose, with the rule that gave it; rule "none" where no rule fits."""

    purpose: str
    attribute: str
    verdict: Verdict
    rule: str
    reason: str


RULES: tuple[Rule, ...] = (
    Rule("self-1", "self-audit", "any", "allowed", "a person may learn what their own data gives away"),
    Rule("research-1", "research", "special", "forbidden", "special-category data needs a purpose that names it"),
    Rule("research-2", "research", "any", "allowed", "research on attributes that are not special-category data"),
    Rule("sensitive-1", "sensitive-research", "any", "allowed", "research that names special-category data as its subject"),
    Rule("audit-1", "fairness-test", "any", "allowed", "measuring disparities needs the attribute; results in aggregate"),
    Rule("personal-1", "personalisation", "special", "forbidden", "special-category data is not for personalisation"),
    Rule("personal-2", "personalisation", "protected", "forbidden", "protected grounds are not for personalisation"),
    Rule("personal-3", "personalisation", "plain", "allowed", "attributes that are neither special nor protected"),
    Rule("decision-1", "decision", "special", "forbidden", "inferred special-category data may not decide about a person"),
    Rule("decision-2", "decision", "protected", "forbidden", "inferred protected grounds may not decide about a person"),
)  # fmt: skip
PURPOSES: tuple[str, ...] = tuple(dict.fromkeys(rule.purpose for rule in RULES))


def decide(purpose: str, name: str | Attribute) -> Decision:
    """Return the verdict of the first rule that fits; "unknown" where none does.

    Examples
    --------
    >>> decide("personalisation", "religion").verdict
    'forbidden'
    >>> decide("decision", "occupation").verdict
    'unknown'
    """
    chosen = attribute(name)
    if purpose not in PURPOSES:
        close = difflib.get_close_matches(purpose, PURPOSES, n=2, cutoff=0.4) or PURPOSES
        raise UnknownName(
            f"No purpose named {purpose!r}. Nearest: {', '.join(close)}. All: {', '.join(PURPOSES)}."
        )
    for rule in RULES:
        if rule.purpose == purpose and _fits(rule.ground, chosen):
            return Decision(purpose, chosen.name, rule.verdict, rule.id, rule.reason)
    return Decision(purpose, chosen.name, "unknown", "none", "no rule fits this purpose and attribute")


def require(purpose: str, name: str | Attribute) -> Decision:
    """Return the decision, or raise `PolicyDenied` unless it is "allowed"."""
    decision = decide(purpose, name)
    if decision.verdict != "allowed":
        raise PolicyDenied(
            f"Purpose {purpose!r} does not allow inferring {decision.attribute!r} "
            f"(rule {decision.rule}: {decision.reason}). Leave it out with --only, or name another --purpose."
        )
    return decision


def _fits(ground: Ground, chosen: Attribute) -> bool:
    return {
        "any": True,
        "special": chosen.special,
        "protected": chosen.protected,
        "plain": not (chosen.special or chosen.protected),
    }[ground]
