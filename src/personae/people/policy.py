"""The purpose gate: what is done with an attribute is done for a named purpose, and the decision is stored with the claim.

Source: Bogen, Rieke, Ahmed (2020), "Awareness in Practice", arXiv 1912.06171, for why purpose, ground and domain decide together.
The rules are data (`rules.yaml`): each has a date, a citation and how sure its reading is. They order what a team has to look
at, whoever answers for a deployment edits them, and none of them is legal advice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from personae.errors import PolicyDenied
from personae.people._rules import FACETS, Rule, Rules, Setting, Verdict, checked_name, rules
from personae.people.attributes import Attribute, attribute

if TYPE_CHECKING:
    from personae.people.access import AccessLog

__all__ = [
    "FACETS",
    "Decision",
    "Rule",
    "Rules",
    "Setting",
    "Verdict",
    "checked_name",
    "decide",
    "purpose_named",
    "require",
    "rules",
]

NO_RULE = "none"
_SAME = {"disparate-impact-test": "fairness-test", "personalization": "personalisation"}
_ANYWHERE = Setting()
_PASSES = ("required", "allowed")


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict for one attribute under one purpose, with the rule that gave it; rule "none" where no rule fits.

    Parameters
    ----------
    purpose, attribute : str
    verdict : Verdict
    rule : str
        Id of the rule that decided, "none" with the verdict "unknown" where no rule fits.
    reason : str
    conditions : tuple of str
        What has to hold, in words.
    citation : str
    since : date or None
        The first day of the rule.
    confidence : "high", "medium", "low" or ""
    also : tuple of str
        Ids of the rules that fit too and were overridden, the nearest first.
    setting : Setting
    special, protected : bool
        The grounds of the attribute.
    """

    purpose: str
    attribute: str
    verdict: Verdict
    rule: str
    reason: str
    conditions: tuple[str, ...] = ()
    citation: str = ""
    since: date | None = None
    confidence: str = ""
    also: tuple[str, ...] = ()
    setting: Setting = _ANYWHERE
    special: bool = False
    protected: bool = False

    @property
    def is_sensitive(self) -> bool:
        return self.special or self.protected

    @property
    def stored(self) -> str:
        """What is kept with each claim: the rule, its verdict, and the day since which it is in force.

        >>> decide("self-audit", "age").stored
        'self-1: allowed, 2026-01-01'
        """
        return f"{self.rule}: {self.verdict}" + (f", {self.since}" if self.since else "")

    def as_json(self) -> dict[str, Any]:
        """Return what `personae policy ask --json` prints."""
        return {
            "verdict": self.verdict, "rule": self.rule, "since": self.since.isoformat() if self.since else None,
            "citation": self.citation, "confidence": self.confidence, "reason": self.reason,
            "conditions": list(self.conditions), "also": list(self.also), "purpose": self.purpose, "attribute": self.attribute,
        }  # fmt: skip


def decide(
    purpose: str, name: str | Attribute, setting: Setting | None = None, *, table: Rules | None = None
) -> Decision:
    """Return the verdict of the last rule that fits; "unknown" where none does.

    Parameters
    ----------
    purpose : str
        One that a rule of the table names; `disparate_impact_test` is `fairness-test`.
    name : str or Attribute
    setting : Setting or None
        An inference outside employment, credit, health and housing by default.
    table : Rules or None
        The rules that ship by default; `rules(path)` adds a file of one's own.

    Examples
    --------
    >>> decide("personalisation", "religion").verdict
    'forbidden'
    >>> decide("decision", "occupation").verdict
    'unknown'
    >>> lender = Setting("credit_other", "collect", jurisdiction="US")
    >>> (found := decide("decision", "race", lender)).verdict, found.rule, found.since.isoformat()
    ('forbidden', 'us-credit-3', '1977-03-23')
    """
    table, setting = table or rules(), (setting or _ANYWHERE).checked()
    chosen, purpose = attribute(name), purpose_named(purpose, table)
    day = setting.day or date.today()
    fitting = [rule for rule in reversed(table.rows) if rule.fits(purpose, chosen, setting, day)]
    grounds = (chosen.special, chosen.protected)
    if not fitting:
        reason = "no rule fits this purpose and attribute"
        return Decision(
            purpose, chosen.name, "unknown", NO_RULE, reason, (), "", None, "", (), setting, *grounds
        )
    rule, *others = fitting
    return Decision(
        purpose, chosen.name, rule.verdict, rule.id, rule.reason, rule.conditions, rule.citation, rule.since,
        rule.confidence, tuple(other.id for other in others), setting, *grounds,
    )  # fmt: skip


def require(
    purpose: str,
    name: str | Attribute,
    setting: Setting | None = None,
    *,
    table: Rules | None = None,
    conditions_met: bool = False,
    log: AccessLog | None = None,
) -> Decision:
    """Return the decision, or raise `PolicyDenied` unless it is "allowed" or "required".

    Parameters
    ----------
    purpose, name, setting, table
        As in `decide`.
    conditions_met : bool
        The caller has seen the conditions and answers for them: "allowed_with_conditions" then passes.
    log : AccessLog or None
        Keeps what was asked about sensitive attributes and what was denied, with its rule; nothing about any person.
    """
    decision = decide(purpose, name, setting, table=table)
    passes = decision.verdict in _PASSES or (conditions_met and decision.verdict == "allowed_with_conditions")
    if log is not None:
        log.record(decision, granted=passes)
    if not passes:
        dated = f" of {decision.since}" if decision.since else ""
        conditions = "".join(f"; on condition that {each}" for each in decision.conditions)
        where = "" if decision.setting.domain == "other" else f" in {decision.setting.domain}"
        raise PolicyDenied(
            f"Purpose {purpose!r} does not allow {_DOING[decision.setting.operation]} {decision.attribute!r}{where} "
            f"(rule {decision.rule}{dated}: {decision.reason}{conditions}). "
            f"Leave it out with --only, or name another --purpose."
        )
    return decision


_DOING = {
    "collect": "collecting", "infer": "inferring", "join": "joining", "train": "training on", "score": "scoring by",
    "report": "reporting",
}  # fmt: skip


def purpose_named(name: str, table: Rules) -> str:
    """Return a purpose as the rules spell it; raises `UnknownName` with the nearest where none names it."""
    spelled = name.strip().lower().replace("_", "-")
    return checked_name("purpose", _SAME.get(spelled, spelled), table.purposes)
