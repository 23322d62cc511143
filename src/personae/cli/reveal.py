"""`personae reveal`: what an archive gives away, as a page, a table or JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personae import __version__
from personae.cli._console import note, plain, print_json, print_table, progress
from personae.cli._made import to_file
from personae.cli._options import Again, Json, Limit, Model, Only, Purpose, Quiet, RulesFile, StorePath
from personae.errors import BadInput, ModelFailed

if TYPE_CHECKING:
    from personae.infer.pipeline import Reading
    from personae.infer.reader import Reader
    from personae.infer.reveal import Revealed
    from personae.models.chat import ChatModel
    from personae.people.archives import Tally
    from personae.people.records import Claim
    from personae.report import Quality, Subject

SHOWN_PEOPLE = 20
UNREAD = 5  # files that are named of those that nothing was read of
_CHATS = frozenset({"whatsapp", "telegram", "instagram"})  # may not say whose archive they are
_MANY = frozenset({"table", "messages", "plain"})  # formats of many people


def reveal(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Archives, folders, tables or texts; - is text on stdin."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where the page goes.  [default: report.html; none with --json]"),
    ] = None,
    only: Only = "",
    since: Annotated[str, typer.Option("--since", help="Leave out older traces, such as 2024-01-31.")] = "",
    person: Annotated[str, typer.Option("--person", help="Read this person of a table alone.")] = "",
    limit: Limit = None,
    me: Annotated[
        str, typer.Option("--me", help="Your name in these archives; joins several archives of yours.")
    ] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="A table's own column names, such as text=body. Repeatable."),
    ] = None,
    day_first: Annotated[
        bool | None,
        typer.Option("--day-first/--month-first", help="How to read 03/04/2024 where a chat leaves it open."),
    ] = None,
    purpose: Purpose = "self-audit",
    rules_file: RulesFile = None,
    store: StorePath = None,
    again: Again = False,
    model: Model = "home",
    price: Annotated[
        str, typer.Option("--price", help="Dollars per million tokens in and out: 0.15/0.60.")
    ] = "",
    budget_usd: Annotated[
        float | None, typer.Option("--budget-usd", min=0.0, help="Stop before spending more; needs --price.")
    ] = None,
    recording: Annotated[
        Path | None, typer.Option("--recording", help="Keep the model's answers here, and ask nothing twice.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show calls, tokens and cost; send nothing.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Sent to the language model; home needs none.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read an archive or a table and write a report of what it gives away.

    ChatGPT, Claude, Reddit, X, Mastodon, WhatsApp, Telegram, Spotify, Google Takeout, Instagram, Messenger and Discord
    exports are told by their content; so are JSONL, CSV and Parquet tables with the columns person and text, and plain text.
    Nothing is sent anywhere unless --model names a server.
    """
    to_file(out, "the findings themselves go to stdout, with --json as JSON")
    from personae.infer.reveal import reveal as run
    from personae.people.archives import Options
    from personae.people.policy import rules
    from personae.people.store import Store

    chat = _chat(model, price=price, budget_usd=budget_usd, recording=recording, dry_run=dry_run)
    with ExitStack() as stack:
        kept = stack.enter_context(Store(store)) if store and not dry_run else None
        revealed = run(
            [Path(path) if path != "-" else path for path in paths],
            only=[name for name in only.split(",") if name.strip()],
            reader=_reader(chat, seed),
            purpose=purpose,
            rules=rules(rules_file),
            since=_moment(since),
            person=person,
            limit=limit,
            options=Options(day_first=day_first, person=me, columns=_columns(columns or [])),
            store=kept,
            again=again,
        )
        if dry_run:
            _estimate(revealed, chat, json=json)
            return
        page = out or (None if json else Path("report.html"))
        _write(revealed, page, model=model, purpose=purpose, json=json, quiet=quiet)
        if not me:
            _hint_me(revealed, quiet=quiet)


def _write(
    revealed: Revealed, page: Path | None, *, model: str, purpose: str, json: bool, quiet: bool
) -> None:
    """Go through the people once: print each, and hand it on to the page."""
    from personae.report import Report, Subject, silence, unanswered, write

    first = next(revealed.readings, None)
    if first is None:
        _note_skipped(revealed, quiet=quiet)
        if revealed.forgotten:
            raise BadInput(f"Nobody to read: {_left_out(revealed.forgotten)}")
        why = "the reasons above" if revealed.tally.skipped and not quiet else "whether there are rows"
        raise BadInput(f"Nobody to read: no trace was kept. Look at {why}, at --person and at --since.")
    shown: list[Reading] = []
    silent: Counter[str] = Counter()  # people about whom the model gave no answer, by why
    count = asked = 0

    def subjects() -> Iterator[Subject]:
        nonlocal count, asked
        held: Reading | None = None
        with progress("Reading", quiet=quiet) as bar:
            for reading in chain([first], revealed):
                count = revealed.count = count + 1
                asked += bool(reading.person.own)
                silent.update({silence(claim) for claim in reading.current} - {""})
                bar.advance(bar.task_ids[0], len(reading.person.traces))
                if json and held:
                    print_json(_as_json(held))
                held = reading
                if len(shown) < SHOWN_PEOPLE:
                    shown.append(reading)
                yield Subject.of(reading.person, reading.claims)
        if json and held:
            print_json(_as_json(held, revealed.tally if count == 1 else None))

    if page is None:
        for _ in subjects():
            pass
    else:
        formats = ", ".join(dict.fromkeys(revealed.formats))
        today = datetime.now(UTC).date()
        write(
            Report(subjects(), revealed.tally, formats, model, _quality(), purpose, today, __version__), page
        )
    if not json:
        _print(shown, count, [attribute.name for attribute in revealed.attributes])
    _note_unread(revealed, model, quiet=quiet)
    _note_skipped(revealed, quiet=quiet)
    if revealed.forgotten:
        note(f"Left out: {_left_out(revealed.forgotten)}", quiet=quiet)
    if page is not None:
        note(f"Wrote {page}", quiet=quiet)
    if silent and silent.total() == asked:
        raise ModelFailed(
            f"{unanswered(silent)}. Nobody was read: name another with --model, or leave it out."
        )
    if silent:
        note(f"{unanswered(silent)}: nothing is told about them.", quiet=quiet)


def _print(shown: list[Reading], count: int, asked: list[str]) -> None:
    claimed = [claim.attribute for reading in shown for claim in reading.current]
    names = list(dict.fromkeys([*claimed, *asked]))
    if count == 1:
        columns = ("attribute", "value", "probability", "how", "rests on")
        print_table(
            columns, [row for name in names for row in _rows(shown[0], name)], title=shown[0].person.id
        )
        return
    rows = ((r.person.id, *(_told(r, name) for name in names)) for r in shown)
    left = f"{count - len(shown)} more people are in the page or with --json" if count > len(shown) else ""
    print_table(("person", *names), rows, title=left)


def _rows(reading: Reading, name: str) -> list[tuple[str, str, str, str, str]]:
    """Return a row for each claim that is told, or one that says that none can be."""
    rows: list[tuple[str, str, str, str, str]] = []
    for claim in reading.current:
        if claim.attribute == name and not claim.abstained and claim.best:
            how = claim.status + (", uncalibrated" if claim.method.endswith("uncalibrated") else "")
            lines = ", ".join(evidence.where for evidence in claim.evidence[:2])
            rows.append((name, _value(claim), f"{claim.best.probability:.2f}", how, lines))
    return rows or [(name, _untold(reading, name), "", "", "")]


def _untold(reading: Reading, name: str) -> str:
    """Say why there is no value: it cannot be told, or the model gave no answer."""
    from personae.report import silence

    why = next((why for c in reading.current if c.attribute == name and (why := silence(c))), "")
    return {"refused": "the model refused", "unparsed": "the answer could not be read"}.get(
        why, "cannot be told"
    )


def _value(claim: Claim) -> str:
    """Return a claim's value; of an age also the day that it holds for, and what it is about now."""
    from personae.report import aged

    value = claim.best.value if claim.best else ""
    if claim.attribute != "age" or claim.valid_from is None:
        return value
    now = aged(claim, datetime.now(UTC).date())
    return f"{value} on {claim.valid_from:%Y-%m-%d}" + (f", now about {now}" if now else "")


def _told(reading: Reading, name: str) -> str:
    """Return the surest value for a person; empty where none can be told."""
    told = [c for c in reading.current if c.attribute == name and not c.abstained and c.best]
    best = max(told, key=lambda claim: claim.best.probability if claim.best else 0.0, default=None)
    return f"{_value(best)} ({best.best.probability:.2f})" if best and best.best else ""


def _as_json(reading: Reading, tally: Tally | None = None) -> dict[str, object]:
    """Return the documented object; with the tally, an archive of one person counts its skipped rows."""
    kept = len(reading.person.traces)
    return {
        "person": reading.person.id,
        "traces": tally.as_json() if tally else {"read": kept, "kept": kept, "skipped": 0},
        "claims": [claim.as_json() for claim in reading.current],
    }


def _note_unread(revealed: Revealed, model: str, *, quiet: bool) -> None:
    from personae.people.attributes import SYNTHPAI

    unread = ", ".join(attribute.name for attribute in revealed.attributes if attribute not in SYNTHPAI)
    if model == "home" and unread:
        note(f"The reader home does not read {unread}: name a language model with --model.", quiet=quiet)


def _hint_me(revealed: Revealed, *, quiet: bool) -> None:
    """Say how to be read as one person where archives do not say that they are one person's."""
    chats = [name for name in dict.fromkeys(revealed.formats) if name in _CHATS]
    if revealed.count < 2:
        return
    if chats:
        note(
            f"{' and '.join(chats)} does not say whose archive it is, so every sender is a person of their own. Give your name "
            "as it stands there with --me to be read alone.",
            quiet=quiet,
        )
    elif len(revealed.formats) > 1 and not _MANY & set(revealed.formats):
        note(
            f"{len(revealed.formats)} archives were read as {revealed.count} people, since they name their owners differently. "
            "If all are yours, --me NAME joins them.",
            quiet=quiet,
        )


def _note_skipped(revealed: Revealed, *, quiet: bool) -> None:
    tally = revealed.tally
    if tally.since:
        day = f"{tally.since:%Y-%m-%d}"
        note(
            f"Rows before {day}, left out: {tally.older}; without a date, kept: {tally.undated}.", quiet=quiet
        )
    if tally.misdated:
        told = ", ".join(f"{n} {where}" for where, n in tally.misdated.most_common())
        note(f"Dates that cannot be, dropped from their rows: {told}.", quiet=quiet)
    if unread := revealed.unread:
        named = ", ".join(unread[:UNREAD])
        more = f" and {len(unread) - UNREAD} more" if len(unread) > UNREAD else ""
        note(f"Not read, as nothing in them is of the format: {named}{more}", quiet=quiet)
    if revealed.withheld:
        names = ", ".join(attribute.name for attribute in revealed.withheld)
        note(f"Not read, since the purpose does not allow it: {names}", quiet=quiet)
    if tally.skipped:
        note(f"Skipped {tally.skipped} of {tally.read} rows:", quiet=quiet)
        for reason, times in tally.reasons.most_common(5):
            example = next((error for error in tally.errors if error.reason == reason), None)
            note(f"  {times} × {reason}" + (f", first at {example.where}" if example else ""), quiet=quiet)


def _left_out(forgotten: list[str]) -> str:
    whom = "1 person whom" if len(forgotten) == 1 else f"{len(forgotten)} people whom"
    return f"{whom} this store was told to forget. --again takes them in."


def _chat(
    model: str, *, price: str, budget_usd: float | None, recording: Path | None, dry_run: bool
) -> ChatModel | None:
    if model == "home":
        if price or budget_usd is not None or recording or dry_run:
            raise typer.BadParameter(
                "--price, --budget-usd, --recording and --dry-run go with a language model: name it with --model."
            )
        return None
    from personae.models import chat_model
    from personae.models.cost import Price

    return chat_model(
        model,
        recording=recording,
        price=Price.parse(price) if price else None,
        budget_usd=budget_usd,
        dry_run=dry_run,
    )


def _reader(chat: ChatModel | None, seed: int | None) -> Reader | None:
    if chat is None:
        return None
    from personae.infer.prompted import PromptedReader

    return PromptedReader(chat, seed=seed)


def _estimate(revealed: Revealed, chat: ChatModel | None, *, json: bool) -> None:
    """Go through the people with a model that asks nothing, and say what asking would cost."""
    from personae.models.cost import DryRun

    assert isinstance(chat, DryRun)
    for _ in revealed:
        pass
    if json:
        print_json(chat.estimate.as_json())
    else:
        typer.echo(str(chat.estimate))


def _quality() -> tuple[Quality, ...]:
    from personae.infer.measured import measured_quality

    return measured_quality()


def _columns(given: list[str]) -> dict[str, str]:
    pairs = [part for each in given for part in each.split(",")]
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise typer.BadParameter(
            f"{plain(wrong[0])!r}: write our name, =, and the table's own, such as text=body."
        )
    return {name.strip(): own.strip() for name, own in (pair.split("=", 1) for pair in pairs)}


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"--since {plain(text)!r} is no date; write it as 2024-01-31.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
