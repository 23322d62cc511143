"""`personae policy`: what the purpose gate says, the rules behind it, and the log of what was asked."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personae.cli._console import note, print_json, print_table
from personae.cli._options import Json, Quiet, RulesFile, StorePath

if TYPE_CHECKING:
    from personae.people.access import Replayed

app = typer.Typer(
    help="What the purpose gate says and why. The rules put in order what a team has to look at; they are no legal advice, and "
    "whoever answers for a deployment edits them in a file of their own (--rules).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
Day = Annotated[
    datetime | None,
    typer.Option("--day", formats=["%Y-%m-%d"], help="Rules in force on this day; today without it."),
]


@app.command()
def ask(
    attribute: Annotated[str, typer.Argument(metavar="ATTRIBUTE", help="Such as race, sex or age.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What it is for; see `personae policy rules`.")],
    operation: Annotated[
        str, typer.Option("--operation", help="collect, infer, join, train, score or report.")
    ] = "infer",
    domain: Annotated[
        str,
        typer.Option("--domain", help="employment, credit_mortgage, credit_other, health, housing or other."),
    ] = "other",
    basis: Annotated[str, typer.Option("--basis", help="self_report, proxy or observed.")] = "",
    granularity: Annotated[str, typer.Option("--granularity", help="individual or aggregate.")] = "",
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", help="Such as US, US-CA or EU.")] = "",
    actor: Annotated[
        str, typer.Option("--actor", help="Such as employer, lender, insurer or platform.")
    ] = "",
    size: Annotated[int | None, typer.Option("--size", min=0, help="Employees of the actor.")] = None,
    consent: Annotated[
        bool | None, typer.Option("--consent/--no-consent", help="Whether the people agreed.")
    ] = None,
    day: Day = None,
    rules_file: RulesFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ask the gate: required, allowed, allowed_with_conditions, forbidden or unknown, with the rule, its date and its source."""
    from personae.people.policy import Setting, decide, rules

    table = rules(rules_file)
    place = table.place(jurisdiction)
    setting = Setting(domain, operation, basis, granularity, place, actor, size, consent, _day(day))
    found = decide(purpose, attribute, setting, table=table)
    if as_json:
        print_json(found.as_json())
        return
    rows: list[tuple[str, object]] = [
        ("verdict", found.verdict),
        ("reason", found.reason),
        *(("condition", each) for each in found.conditions),
    ]
    rows += [
        ("rule", found.rule),
        ("since", found.since or ""),
        ("source", found.citation),
        ("confidence", found.confidence),
    ]
    print_table(("", found.attribute), [*rows, ("overrides", ", ".join(found.also))])
    note(
        "This reading of a table of rules is no legal advice; have whoever answers for it look.", quiet=quiet
    )


@app.command("rules")
def rules_(
    domain: Annotated[str, typer.Option("--domain", help="Rules that speak of this domain alone.")] = "",
    purpose: Annotated[str, typer.Option("--purpose", help="Rules that speak of this purpose alone.")] = "",
    rules_file: RulesFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the rules in the order in which they are looked at: of those that fit, the last decides."""
    from personae.people.policy import FACETS, checked_name, purpose_named, rules

    table = rules(rules_file)
    domain = domain and checked_name("domain", domain, FACETS["domain"])
    purpose = purpose and purpose_named(purpose, table)
    kept = [
        rule
        for rule in table.rows
        if (not domain or domain in rule.domain) and (not purpose or purpose in rule.purpose)
    ]
    if as_json:
        for rule in kept:
            print_json(rule.as_json())
        return
    rows = [
        (rule.id, rule.since, rule.until or "", rule.verdict, ", ".join(rule.purpose), ", ".join(rule.operation),
         ", ".join(rule.attributes), rule.confidence, rule.citation)
        for rule in kept
    ]  # fmt: skip
    columns = (
        "rule",
        "since",
        "until",
        "verdict",
        "purpose",
        "operation",
        "attributes",
        "confidence",
        "source",
    )
    print_table(columns, rows)
    note(f"{len(kept)} of {len(table.rows)} rules, reviewed {table.reviewed}; no legal advice", quiet=quiet)


@app.command()
def log(
    store: StorePath = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Ask every question again; exits 1 where one differs.")
    ] = False,
    day: Day = None,
    rules_file: RulesFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print which sensitive attributes were asked for, for which purpose, and what the gate said; it names no person."""
    from personae.people.access import replay as asked_again
    from personae.people.policy import rules
    from personae.people.store import Store

    with Store(store or Path("personae.duckdb"), create=False) as opened:
        entries = opened.accesses.entries()
    again = list(asked_again(entries, rules(rules_file), day=_day(day))) if replay else []
    if as_json:
        for place, entry in enumerate(entries):
            print_json(entry.as_json() | (_now(again[place]) if replay else {}))
    else:
        columns = (
            "time",
            "purpose",
            "operation",
            "attribute",
            "domain",
            "verdict",
            "rule",
            "granted",
            *(("replayed",) if replay else ()),
        )
        rows = [
            (f"{e.time:%Y-%m-%d %H:%M:%S}", e.purpose, e.setting.operation, e.attribute.name, e.setting.domain, e.verdict, e.rule,
             "yes" if e.granted else "no", *((again[place].rule,) if replay else ()))
            for place, e in enumerate(entries)
        ]  # fmt: skip
        print_table((*columns, "replayed") if replay else columns, rows)
    broken = sum(not entry.intact for entry in entries)
    differing = sum(not each.agrees for each in again)
    note(
        f"{len(entries)} entries, {broken} broken" + (f", {differing} differ" if replay else ""), quiet=quiet
    )
    if broken or differing:
        raise typer.Exit(1)


def _day(day: datetime | None) -> date | None:
    return None if day is None else day.date()


def _now(again: Replayed) -> dict[str, object]:
    return {"replayed_verdict": again.verdict, "replayed_rule": again.rule, "agrees": again.agrees}
