"""`personae people`: the people of a workspace, what is claimed about them, and how to correct or forget it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from personae.cli._console import note, print_json, print_table
from personae.cli._made import Overwrite, to_write
from personae.cli._options import Again, Json, Limit, Quiet, StorePath
from personae.errors import UnknownName

if TYPE_CHECKING:
    from personae.models.recording import Recording
    from personae.people.archives.rows import RowError, Tally
    from personae.people.records import Claim, Trace
    from personae.people.store import Store, Summary

app = typer.Typer(
    help="The people of a workspace, kept in one file: --store, else PERSONAE_STORE, else ./personae.duckdb.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_STORE = Path("personae.duckdb")
_LINES = 10  # traces that `show` prints without --limit
_CHARACTERS = 80  # of a trace's text on a terminal
_Row = TypeVar("_Row", "Claim", "Trace")
Who = Annotated[str, typer.Argument(metavar="PERSON", help="A person's id; see `personae people list`.")]
Which = Annotated[
    str, typer.Argument(metavar="ATTRIBUTE", help="An attribute's name, such as age or occupation.")
]


@app.command("list")
def list_(store: StorePath = None, limit: Limit = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """List the people of the store with their traces and current claims."""
    with _open(store) as opened:
        found = opened.summaries(limit=limit)
        total = opened.count()
    if as_json:
        for summary in found:
            print_json(_summary(summary))
        return
    rows = [(s.person, s.traces, s.claims, ", ".join(s.sources), _day(s.first), _day(s.last)) for s in found]
    print_table(("person", "traces", "claims", "sources", "first", "last"), rows)
    note(f"{len(found)} of {total} people", quiet=quiet)


@app.command()
def show(
    person: Who, store: StorePath = None, limit: Limit = None, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Show one person: the current claims and the first lines."""
    with _open(store) as opened:
        summary = _known(opened, person)
        claims = opened.profile(person).current
        lines = list(islice(opened.traces(person, limit or _LINES), limit or _LINES))
    if as_json:
        print_json(
            _summary(summary) | {"claims": [_claim(c) for c in claims], "lines": [_trace(t) for t in lines]}
        )
        return
    if claims:
        _print_claims(claims)
    rows = [(_day(line.time), line.source, line.kind, line.role, _short(line)) for line in lines]
    print_table(("time", "source", "kind", "role", "text"), rows)
    note(f"{summary.person}: {len(lines)} of {summary.traces} traces, {len(claims)} claims", quiet=quiet)


@app.command()
def claims(
    person: Who,
    history: Annotated[bool, typer.Option("--history", help="Superseded claims too.")] = False,
    store: StorePath = None,
    limit: Limit = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print what is claimed about one person, and with --history what was claimed before."""
    with _open(store) as opened:
        _known(opened, person)
        profile = opened.profile(person)
    kept = (profile.claims if history else profile.current)[:limit]
    if as_json:
        for claim in kept:
            print_json(_claim(claim))
        return
    _print_claims(kept, history=history)
    note(f"{len(profile.current)} current claims, {len(profile.claims)} with history", quiet=quiet)


@app.command()
def edit(
    person: Who,
    attribute: Which,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="What is true.")],
    store: StorePath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Give the true value of an attribute: it takes the place of every other claim, which stays as history."""
    from personae.people.correcting import given

    with _open(store) as opened:
        _known(opened, person)
        claim = given(person, attribute, value)
        opened.add_claims([claim])
    if as_json:
        print_json(_claim(claim))
    else:
        _print_claims([claim])
        note(f"{person}: {claim.attribute} is given now", quiet=quiet)


@app.command()
def dispute(
    person: Who, attribute: Which, store: StorePath = None, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Say that what is claimed of an attribute is wrong: every claim about it becomes history, and none is made again."""
    from personae.people.correcting import disputed

    with _open(store) as opened:
        _known(opened, person)
        claim = disputed(person, attribute)
        opened.add_claims([claim])
    if as_json:
        print_json(_claim(claim))
    else:
        _print_claims([claim])
        note(f"{person}: {claim.attribute} is disputed now", quiet=quiet)


@app.command()
def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file to write; its name ends in .jsonl or .parquet.")
    ],
    person: Annotated[str | None, typer.Option("--person", help="One person only.")] = None,
    claims: Annotated[
        bool, typer.Option("--claims", help="Claims with their history instead of traces.")
    ] = False,
    overwrite: Overwrite = False,
    store: StorePath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write traces, or claims, to a JSONL or Parquet file that `import` reads back."""
    from personae.people.exchange import What
    from personae.people.exchange import export as write

    to_write(file, overwrite=overwrite)
    what: What = "claims" if claims else "traces"
    with _open(store) as opened:
        if person is not None:
            _known(opened, person)
        rows = write(opened, file, what, person)
    if as_json:
        print_json({"file": str(file), "what": what, "rows": rows})
    note(f"{file}: {rows} {what}", quiet=quiet or as_json)


@app.command("import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="JSONL or Parquet files that `export` wrote, archives, tables."
        ),
    ],
    store: StorePath = None,
    again: Again = False,
    limit: Limit = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Add exports of a store, archives or tables to the store, which is made if missing; what is there already stays."""
    from personae.people.archives import Tally, read_archives
    from personae.people.exchange import contents, read_claims, read_traces

    kinds = [(file, contents(file)) for file in files]
    opened_archives = {file: read_archives(file) for file, what in kinds if not what}
    archives = {
        file: chain.from_iterable(each.rows for each in found) for file, found in opened_archives.items()
    }
    with _open(store, create=True) as opened:
        for file, what in kinds:
            tally, left = Tally(), set[str]()
            wanted = partial(_unforgotten, opened, left, again=again)
            if what == "claims":
                added = opened.add_claims(wanted(_sound(islice(read_claims(file), limit), tally)))
            else:
                rows = read_traces(file) if what else archives[file]
                added = opened.add(wanted(tally.traces(islice(rows, limit))))
            report = {
                "file": str(file),
                "what": what,
                **tally.as_json(),
                "new": added.new,
                "known": added.known,
            }
            _print_import(report, tally, as_json=as_json, quiet=quiet)
            if left:
                told = (
                    f"{file}: left out {len(left)} whom this store was told to forget; --again takes them in"
                )
                note(told, quiet=quiet)


@app.command()
def forget(
    person: Who,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    recording: Annotated[
        Path | None,
        typer.Option("--recording", help="A file of recorded model answers to forget them in too."),
    ] = None,
    store: StorePath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Delete everything about a person, write the store anew without it, and print the proof."""
    from personae.people.forget import forget as forget_

    with _open(store) as opened:
        if recording is None:
            _known(opened, person)
        if not yes:
            _confirm(person, opened.path)
        proof = forget_(opened, person, _recording(recording))
    if as_json:
        print_json(proof.as_json())
    else:
        print_table(("what", "number"), proof.rows())
    if not proof.is_complete:
        note(f"{person}: not all is forgotten; see the leftovers")
        raise typer.Exit(1)
    note(
        f"{person}: forgotten. Backups, exports, reports and the disk's own old blocks are beyond this proof. A salted mark, "
        "which holds nothing about them, keeps `reveal` and `import` from taking them in again; --again does.",
        quiet=quiet,
    )


def _open(store: Path | None, *, create: bool = False) -> Store:
    from personae.people.store import Store

    return Store(store or _STORE, create=create)


def _known(store: Store, person: str) -> Summary:
    found = store.summaries(person=person)
    if not found:
        near = ", ".join(repr(name) for name in store.nearest(person))
        raise UnknownName(
            f"Nobody in {store.path} has the id {person!r}. "
            + (f"Nearest: {near}." if near else "It holds nobody yet.")
        )
    return found[0]


def _unforgotten(store: Store, left: set[str], rows: Iterable[_Row], *, again: bool) -> Iterator[_Row]:
    """Yield the rows of people whom the store was not told to forget, and add the others to `left`."""
    marks = store.forgotten()
    for row in rows:
        if row.person in marks and not again:
            left.add(row.person)
            continue
        if row.person in marks:
            store.admit_again(row.person)
            marks = store.forgotten()
        yield row


def _sound(rows: Iterable[Claim | RowError], tally: Tally) -> Iterator[Claim]:
    """Yield the claims among the rows; count both."""
    from personae.people.records import Claim

    for row in rows:
        tally.read += 1
        if not isinstance(row, Claim):
            tally.skip(row)
            continue
        tally.kept += 1
        yield row


def _print_import(report: dict[str, Any], tally: Tally, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        print_json(report)
    else:
        print_table(tuple(report), [tuple(report.values())])
    for error in tally.errors:
        mend = f"; {error.mend}" if error.mend else ""
        note(f"{error.where}: {error.reason}{mend}", quiet=quiet)


def _confirm(person: str, path: Path) -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here; say --yes", param_hint="--yes")
    note(f"Forget {person!r} in {path}? This cannot be undone.")
    typer.confirm("Forget", abort=True, err=True)


def _recording(path: Path | None) -> Recording | None:
    from personae.models.recording import Recording

    return None if path is None else Recording(path)


def _print_claims(claims: Iterable[Claim], *, history: bool = False) -> None:
    rows = [
        (
            claim.attribute,
            "cannot be told" if claim.abstained or claim.best is None else claim.best.value,
            "" if claim.best is None else f"{claim.best.probability:.2f}",
            claim.status,
            claim.method,
            _day(claim.time),
            *(["superseded" if claim.superseded_by else "current"] if history else []),
        )
        for claim in claims
    ]
    columns = (
        "attribute",
        "value",
        "probability",
        "status",
        "method",
        "made",
        *(["state"] if history else []),
    )
    print_table(columns, rows)


def _summary(summary: Summary) -> dict[str, Any]:
    return {**asdict(summary), "first": _iso(summary.first), "last": _iso(summary.last)}


def _claim(claim: Claim) -> dict[str, Any]:
    told = {
        name: getattr(claim, name) for name in ("person", "model", "purpose", "decision", "superseded_by")
    }
    return {**told, **claim.as_json(), "time": _iso(claim.time), "id": claim.id}


def _trace(trace: Trace) -> dict[str, Any]:
    return {**asdict(trace), "time": _iso(trace.time)}


def _short(trace: Trace) -> str:
    text = trace.text or (trace.item.title if trace.item else "")
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _day(time: datetime | None) -> str:
    return "" if time is None else f"{time:%Y-%m-%d}"
