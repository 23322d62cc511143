"""`personae shield`: change an archive until it gives less away, and write it back in its own format."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae import __version__
from personae.cli._console import note, plain, print_json, print_table, progress
from personae.cli._made import Overwrite, to_file, to_write
from personae.cli._options import Json, Limit, Model, Only, Purpose, Quiet
from personae.errors import BadInput

if TYPE_CHECKING:
    from personae.infer.reader import Reader
    from personae.people.attributes import Attribute
    from personae.people.records import Person
    from personae.shield import Exposure, Shielded
    from personae.shield.archive import Opened
    from personae.shield.resuming import Resumed

SHOWN_PEOPLE = 20
_STDIN = "stdin.txt"


def shield(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Archives, folders, tables or texts, each attacked by itself; - is text on stdin.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Where the new archive goes; a folder for several.  [default: NAME-shielded]"
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Where the page goes.  [default: beside the new archive]")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            help="Highest probability of a guess: .2 for all, or city=.1. Repeatable.  [default: .2]",
        ),
    ] = None,
    level: Annotated[
        str, typer.Option("--level", help="How far to go: mask, generalize or rewrite.")
    ] = "generalize",
    truth: Annotated[
        list[str] | None,
        typer.Option(
            "--truth",
            help="What is true of you, such as city='Porto, Portugal': wrong guesses then cost no word. Repeatable.",
        ),
    ] = None,
    keep: Annotated[
        float, typer.Option("--keep", min=0.0, max=1.0, help="Least share of the words that is left.")
    ] = 0.0,
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough",
            help="Write telling values in wider words where this attacker sees none, too, and put no line back.",
        ),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where a guess stays surer than its target.")
    ] = False,
    only: Only = "",
    person: Annotated[str, typer.Option("--person", help="Shield this person of a table alone.")] = "",
    limit: Limit = None,
    me: Annotated[str, typer.Option("--me", help="Your name in the archive.")] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="A table's own column names, such as text=body. Repeatable."),
    ] = None,
    day_first: Annotated[
        bool | None,
        typer.Option("--day-first/--month-first", help="How to read 03/04/2024 where a chat leaves it open."),
    ] = None,
    purpose: Purpose = "self-audit",
    model: Model = "home",
    rewriter: Annotated[
        str,
        typer.Option(
            "--rewriter",
            help="A language model that rewrites telling lines, such as a server's address#name.",
        ),
    ] = "",
    recognizer: Annotated[
        list[str] | None,
        typer.Option("--recognizer", help="One more finder of identifiers: presidio. Repeatable."),
    ] = None,
    overwrite: Overwrite = False,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="Key of the pseudonyms, to get the same again; a secret one without it."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Attack an archive, rewrite what gives its people away, and attack again, until no guess is surer than
    the target, or no surer than of anybody.

    The result is an archive of the same format, written whole, and a page that shows what was changed. The words that go are
    those the attacker's own evidence names. Nothing is sent anywhere unless --model or --rewriter names a server.
    """
    for place in (out, report):
        to_file(place, "--json prints what was changed to stdout")
    from personae.cli.reveal import _columns
    from personae.people.archives import Options
    from personae.shield.archive import (
        left_out,
        open_for_shield,
        other_columns,
        own_name,
        shielded_name,
        write_back,
    )  # fmt: skip
    from personae.shield.pseudonyms import new_key
    from personae.shield.resuming import Resumed

    key = new_key() if seed is None else seed
    job = _Job(target or [], level, only, purpose, model, rewriter, recognizer or [], quiet)
    job.extra = {"truth": _truth(truth or []), "keep": keep, "thorough": thorough}
    options = Options(day_first=day_first, person=me, columns=_columns(columns or []))
    if report is not None and len(paths) > 1:
        raise typer.BadParameter("--report names one page; leave it out where several archives are given.")
    unmet = False
    for path in paths:
        place = _place(path, out, several=len(paths) > 1, default=shielded_name(_name(path)))
        if place.resolve() == path.resolve():
            raise BadInput(f"{place}: is the archive itself. Name another place with --out.")
        to_write(place, overwrite=overwrite)
    for path in paths:
        with _on_disk(path) as file:
            name = _name(path)
            opened = open_for_shield(file, options)
            hidden = _place(path, out, several=len(paths) > 1, default=shielded_name(name))
            kept = Resumed(
                hidden.with_name(f".{hidden.name}.kept"), opened.traces, (job.asked, seed, me), key
            )
            if len(kept):
                note(
                    f"People whom an interrupted run has done and kept: {len(kept)}; going on after them.",
                    quiet=quiet,
                )
            done: list[Shielded] = []
            try:
                done += job.run(opened, person, limit, kept)
            except KeyboardInterrupt:
                note(_interrupted(plain(name.name), len(kept)), quiet=quiet)
                raise
            if not done:
                raise BadInput(f"{plain(name.name)}: nobody to shield. {_why(opened)}")
            default = shielded_name(name, opened.names, random_state=kept.key)
            place = _place(path, out, several=len(paths) > 1, default=default)
            to_write(place, overwrite=overwrite)
            write_back(opened, [edit for each in done for edit in each.edits], place, random_state=kept.key)
            kept.remove()
            page = report or place.with_name(f"{place.name.partition('.')[0]}-report.html")
            others, left = other_columns(opened), left_out(opened)
            _page(done, opened, place, left, others, job, page)
            _print(done, json=json, rewriter=bool(rewriter))
            _notes(
                done,
                opened,
                place,
                page,
                left,
                others,
                me=own_name(opened, random_state=kept.key),
                whole=not person and limit is None,
                thorough=thorough,
                quiet=quiet,
            )
            unmet |= any(each.unmet for each in done)
    if strict and unmet:
        raise typer.Exit(1)


def _name(path: Path) -> Path:
    return path if str(path) != "-" else Path(_STDIN)


def _interrupted(name: str, kept: int) -> str:
    if kept:
        return f"Nothing was written of {name} yet. People done and kept: {kept}; the same command goes on after them."
    return f"Nothing was written of {name}; --person and --limit take fewer people."


def _why(opened: Opened) -> str:
    """Say why there is nobody: what is wrong with most rows, else where to look."""
    reasons = Counter("; ".join(filter(None, (row.reason, row.mend))) for row in opened.skipped)
    for reason, n in reasons.most_common(1):
        return f"Rows that cannot be read: {n} ({reason})."
    return "Look at whether there are rows, and at --person."


@contextmanager
def _on_disk(path: Path) -> Iterator[Path]:
    """Yield a path that can be read twice: its own, or for text on stdin that of a file that goes at the end."""
    if str(path) != "-":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="personae-") as folder:
        piped = Path(folder) / _STDIN
        piped.write_bytes(sys.stdin.buffer.read())
        yield piped


class _Job:
    """What is asked of every person, made ready once."""

    def __init__(
        self,
        targets: Sequence[str],
        level: str,
        only: str,
        purpose: str,
        model: str,
        rewriter: str,
        recognizers: Sequence[str],
        quiet: bool,
    ) -> None:
        from personae.infer.pipeline import allowed
        from personae.people.attributes import SYNTHPAI, attribute
        from personae.people.policy import require
        from personae.shield import LEVELS, Level, recognizer

        if level not in LEVELS:
            raise typer.BadParameter(f"--level {plain(level)!r}: write one of {', '.join(LEVELS)}.")
        named = [attribute(name) for name in only.split(",") if name.strip()]
        for chosen in named:
            require(purpose, chosen)
        self.attributes: list[Attribute] = named or allowed(SYNTHPAI, purpose)
        if not self.attributes:
            raise BadInput(
                f"Purpose {purpose!r} allows none of the attributes that are read. Name another --purpose."
            )
        self.targets = _targets(targets, [each.name for each in self.attributes])
        self.level: Level = next(each for each in LEVELS if each == level)
        self.model, self.quiet = model, quiet
        self.reader = _reader(model)
        self.rewriter = _chat(rewriter) if rewriter else None
        self.recognizers = [recognizer(name) for name in recognizers]
        self.extra: dict[str, Any] = {}
        self._named = (rewriter, recognizers)

    @property
    def asked(self) -> tuple[object, ...]:
        """All that decides what is made of a person."""
        return self.attributes, self.targets, self.level, self.model, self._named, sorted(self.extra.items())

    def run(self, opened: Opened, person: str, limit: int | None, kept: Resumed) -> Iterator[Shielded]:
        from personae.models.encoder import CachedEncoder, home_encoder
        from personae.shield import shield as run
        from personae.shield.archive import Cast

        people = _people(opened, person, limit)
        encoder, cast = CachedEncoder(home_encoder()), Cast(opened, kept.key)
        with progress("Shielding", len(people), quiet=self.quiet) as bar:
            for one in people:
                done = kept.find(one.id, one.traces)
                if done is None:
                    done = run(
                        one.traces, reader=self.reader, target=self.targets, level=self.level, attributes=self.attributes,
                        rewriter=self.rewriter, recognizers=self.recognizers, names=cast.near(one.id, one.traces),
                        encoder=encoder, random_state=cast.key_of(one.id), **self.extra,
                    )  # fmt: skip
                    kept.add(done)
                yield done
                bar.advance(bar.task_ids[0])


def _people(opened: Opened, person: str, limit: int | None) -> list[Person]:
    from personae.people.records import people_of

    people = [one for one in people_of(opened.traces) if not person or one.id == person]
    return people[:limit]


def _targets(given: Sequence[str], names: Sequence[str]) -> dict[str, float]:
    """Return a target for each attribute from texts such as ".3" and "city=.1"."""
    from personae.people.attributes import attribute
    from personae.shield.shielding import TARGET

    usual, own = TARGET, {}
    for text in given:
        name, sign, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            raise typer.BadParameter(
                f"--target {plain(text)!r}: write a probability, such as .2, or city=.1."
            ) from None
        if not 0 <= value <= 1:
            raise typer.BadParameter(f"--target {plain(text)!r}: a probability is between 0 and 1.")
        if sign:
            own[attribute(name).name] = value
        else:
            usual = value
    if strangers := own.keys() - set(names):
        raise typer.BadParameter(
            f"--target names {', '.join(sorted(strangers))}, which is not among the attributes: {', '.join(names)}."
        )
    return {name: own.get(name, usual) for name in names}


def _truth(given: Sequence[str]) -> dict[str, str]:
    """Return values by attribute from texts such as "city=Porto, Portugal"."""
    from personae.people.attributes import attribute

    pairs = [text.partition("=") for text in given]
    if wrong := [name for name, sign, value in pairs if not (sign and value.strip())]:
        raise typer.BadParameter(
            f"--truth {plain(wrong[0])!r}: write an attribute, =, and its value, such as age=34."
        )
    return {attribute(name).name: value.strip() for name, _, value in pairs}


def _reader(model: str) -> Reader:
    if model == "home":
        from personae.shield.attacker import home_attacker

        return home_attacker()
    from personae.infer.prompted import PromptedReader

    return PromptedReader(_chat(model))


def _chat(model: str):  # type: ignore[no-untyped-def]
    from personae.models import chat_model

    return chat_model(model)


def _place(path: Path, out: Path | None, *, several: bool, default: Path) -> Path:
    if out is None:
        return default
    return out / default.name if several or out.is_dir() else out


def _page(
    done: Sequence[Shielded],
    opened: Opened,
    place: Path,
    left_out: tuple[str, ...],
    columns: tuple[str, ...],
    job: _Job,
    page: Path,
) -> None:
    from personae.report.shield import ShieldReport, write_shield
    from personae.shield.archive import naming_columns
    from personae.shield.reported import reported

    people = [reported(each) for each in done]
    today = datetime.now(UTC).date()
    write_shield(
        ShieldReport(
            people,
            opened.format,
            job.level,
            job.model,
            place.name,
            left_out,
            today,
            __version__,
            tuple(job.attributes),
            columns,
            naming_columns(opened),
            opened.listed.columns,
        ),
        page,
    )


def _print(done: Sequence[Shielded], *, json: bool, rewriter: bool = False) -> None:
    from personae.shield.exposure import STATES

    if json:
        for each in done:
            print_json(each.as_json())
        return
    if len(done) == 1:
        columns = ("attribute", "before", "after", "of anybody", "target")
        rows = [
            (
                each.attribute,
                _said(each.before.value, each.before.probability),
                _said(each.after.value, each.after.probability) + (", raised" if each.raised else ""),
                _of_anybody(each),
                f"{each.target:g}: {each.state}" + (f", {each.kept}" if each.kept else ""),
            )
            for each in done[0].exposure
        ]
        print_table(columns, rows, title=done[0].person)
    else:
        heads = ("person", "mean before", "mean after", "words kept", *STATES)
        people = [
            (
                each.person,
                f"{each.curve[0].mean_exposure:.2f}",
                f"{each.curve[-1].mean_exposure:.2f}",
                f"{each.utility.words_kept:.2f}",
                *(str(sum(one.state == state for one in each.exposure)) for state in STATES),
            )
            for each in done[:SHOWN_PEOPLE]
        ]
        left = f"{len(done) - SHOWN_PEOPLE} more people with --json" if len(done) > SHOWN_PEOPLE else ""
        print_table(heads, people, title=left)
    if len(done) == 1:
        kept, asked = done[0].utility, done[0].rewrites.as_json() if rewriter else {}
        print_table(
            ("words kept", "ROUGE-L", "cosine", "edits", *(f"{what} by the rewriter" for what in asked)),
            [
                (
                    f"{kept.words_kept:.2f}",
                    f"{kept.rouge_l:.2f}",
                    f"{kept.cosine:.2f}",
                    len(done[0].edits),
                    *asked.values(),
                )
            ],
        )


def _of_anybody(each: Exposure) -> str:
    return f"{each.floor:.2f} + {each.margin:.2f}" if each.margin else f"{each.floor:.2f}"


def _said(value: str, probability: float) -> str:
    return f"{value} ({probability:.2f})" if value else "no guess"


def _notes(
    done: Sequence[Shielded],
    opened: Opened,
    place: Path,
    page: Path,
    left_out: tuple[str, ...],
    columns: tuple[str, ...],
    *,
    me: str,
    whole: bool,
    thorough: bool,
    quiet: bool,
) -> None:
    from personae.report.shield import rewritten
    from personae.shield.archive import naming_columns
    from personae.shield.drafts import Rewrites
    from personae.shield.reported import THIN, unseen

    asked = sum((each.rewrites for each in done), Rewrites())
    if told := rewritten(*astuple(asked)):
        note(told.strip(), quiet=quiet)
    if unmet := [each for each in done if each.unmet]:
        note(_unmet_note(unmet, len(done), thorough=thorough), quiet=quiet)
    if raised := [each for each in done if each.is_raised]:
        note(
            f"The attacker is surer on average after than before, of {len(raised)} of {len(done)}: there is too little text to "
            f"tell more than of anybody, or what was changed tells something itself.",
            quiet=quiet,
        )
    stand = 0 if thorough else sum(map(unseen, done))
    if stand:
        note(
            f"Telling values that this attacker does not see stand in plain words still, {stand} of them: --thorough writes "
            f"them in wider ones.",
            quiet=quiet,
        )
    if thin := [each.utility.words_kept for each in done if each.utility.words_kept < THIN]:
        note(
            f"Under half of the words of {len(thin)} of {len(done)} are left ({min(thin):.0%} at the least): "
            f"--keep or a higher --target keeps more.",
            quiet=quiet,
        )
    if opened.skipped:
        note(
            f"{len(opened.skipped)} rows are no lines that can be read; identifiers in them were masked.",
            quiet=quiet,
        )
    if left_out:
        note(
            f"Left out {len(left_out)} files that hold no line that was read, such as {left_out[0]}",
            quiet=quiet,
        )
    if renamed := opened.listed.columns:
        note(
            f"Names of people became pseudonyms in {len(renamed)} columns: {', '.join(renamed)}. Numbers and codes that stand "
            f"for people stay.",
            quiet=quiet,
        )
    if columns:
        note(
            f"Columns besides the text stay as they are: {', '.join(columns)}. Only e-mail addresses and phone numbers are "
            f"masked in them, and not in those that say who, when and where.",
            quiet=quiet,
        )
    if naming := naming_columns(opened):
        note(
            f"Columns that tell who people are stay too, {len(naming)} of them: {', '.join(naming)}. "
            f"Take them out before you pass the table on.",
            quiet=quiet,
        )
    if not whole:
        note("The lines of other people are in the new archive as they were.", quiet=quiet)
    note(f"Wrote {place}", quiet=quiet)
    if me:
        note(f"Its owner is called {me} there: `personae reveal --me {me}` reads it", quiet=quiet)
    note(f"Wrote {page}: it quotes the lines as they were, keep it to yourself", quiet=quiet)


def _unmet_note(unmet: Sequence[Shielded], people: int, *, thorough: bool) -> str:
    """Say whose targets are unmet, of which attributes, and what goes further."""
    from personae.shield.reported import further

    names = dict.fromkeys(one.attribute for each in unmet for one in each.unmet)
    level, wider = further(unmet, thorough=thorough)
    options = " ".join([*([f"--level {level}"] if level else []), *(["--thorough"] if wider else [])])
    mend = (
        f"{options} goes further" if options else "No level goes further; a lower --keep or a --rewriter may"
    )
    return f"Target not reached for {len(unmet)} of {people}: {', '.join(names)}. {mend}."
