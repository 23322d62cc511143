"""What `personae synth` makes of people beyond their fields: threads, interviews, and the study that rates them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.cli._console import note, print_json, print_table, progress
from personae.cli._options import Json, Model, Quiet, Seed
from personae.errors import BadInput

if TYPE_CHECKING:
    from personae.metrics.intervals import Interval
    from personae.models.chat import ChatModel
    from personae.synth.population import MadePerson

People = Annotated[
    Path | None,
    typer.Option(
        "--people",
        help="A table of made people, as `synth people --out` writes; without it they are made here.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="A file to write: .jsonl or .parquet, a table that `reveal` reads."),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Write over a file that is there; it is refused without.")
]
Recording = Annotated[
    Path | None,
    typer.Option(
        "--recording",
        help="Keep the model's answers here [OUT.answers.jsonl]: an interrupted run goes on where it stopped.",
    ),
]


def to_write(file: Path | None, *, overwrite: bool) -> None:
    """Refuse a file, or a folder with something in it, that is there already and may not be written over."""
    if overwrite or file is None or not file.exists():
        return
    if not file.is_dir() or any(file.iterdir()):
        raise BadInput(f"{file}: is there already. Name another place, or write over it with --overwrite.")


def to_new_file(file: Path | None, *, overwrite: bool, read: tuple[Path | None, ...] = ()) -> None:
    """Refuse a file that is there already, one that is read, a folder, and a place that nothing can be written to, at once."""
    if file is not None and any(each is not None and each.resolve() == file.resolve() for each in read):
        raise BadInput(f"{file}: is read by this run. Name another file to write to.")
    if file is not None and file.is_dir():
        raise BadInput(f"{file}: is a folder. Name a file in it.")
    if file is not None and not (file.parent.is_dir() and os.access(file.parent, os.W_OK)):
        raise BadInput(
            f"{file.parent}: no folder that can be written to. Make it first, or name another place."
        )
    to_write(file, overwrite=overwrite)


def to_file(path: Path | None, mend: str) -> None:
    """Refuse "-" as a place, where what is written is no stream."""
    if str(path) == "-":
        raise typer.BadParameter(f"- is stdout, and this is written to a file: name one; {mend}.")


def threads(
    n: Annotated[int, typer.Option("--n", min=1, help="How many threads.")] = 8,
    people: People = None,
    n_people: Annotated[
        int, typer.Option("--n-people", min=3, help="Without --people: how many are made.")
    ] = 100,
    about: Annotated[
        str, typer.Option(help="Attributes that topics draw out, separated by commas; all without it.")
    ] = "",
    out: Out = None,
    overwrite: Overwrite = False,
    model: Model = "home",
    recording: Recording = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Let made people talk in a forum: comments with checked labels of what each gives away."""
    to_write(out, overwrite=overwrite)
    from personae.people.attributes import attribute
    from personae.synth.threads import ChatWriter, GrammarWriter, make_threads
    from personae.synth.threads.members import NAMES

    chat = _chat(model, recording, out)
    writer = ChatWriter(chat) if chat else GrammarWriter()
    names = [attribute(name).name for name in about.split(",") if name.strip()] or list(NAMES)
    made = make_threads(
        _people(people, None, seed, made=n_people), n, writer=writer, attributes=names, random_state=seed
    )
    counted: dict[str, int] = {"labels": 0}

    def rows() -> Iterator[dict[str, Any]]:
        for thread in _tracked(made, "threads", n, quiet=quiet):
            for row in thread.rows():
                counted["labels"] += len(row["labels"])
                yield row

    written = _emit(rows(), out)
    if isinstance(writer, ChatWriter):
        note(f"answers of {writer.name}: {writer.outcomes.as_json()}", quiet=quiet)
    note(f"{n} threads, {written} texts, {counted['labels']} labels, by {writer.name}", quiet=quiet)


def backstories(
    n: Annotated[
        int | None,
        typer.Option(
            "--n", min=1, help="How many people; all of --people, or 10, without it.", show_default=False
        ),
    ] = None,
    people: People = None,
    out: Out = None,
    overwrite: Overwrite = False,
    model: Model = "home",
    critic: Annotated[
        str, typer.Option(help="A second model that turns down contradictions; home compares plain facts.")
    ] = "home",
    recording: Recording = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Interview made people about their lives, each answer given all earlier ones."""
    to_write(out, overwrite=overwrite)
    from personae.synth.backstories import ChatCritic, FactCritic, interview

    chat, judge = _chat(model, recording, out), _chat(critic, recording, out)
    asked = _people(people, n, seed)
    counted = {"rejected": 0, "missing": 0}

    def rows() -> Iterator[dict[str, Any]]:
        for person in _tracked(asked, "interviews", len(asked), quiet=quiet):
            story = interview(
                person, model=chat, critic=ChatCritic(judge) if judge else FactCritic(), seed=seed
            )
            counted["rejected"] += story.n_rejected
            counted["missing"] += story.n_missing
            yield from story.rows()

    written = _emit(rows(), out)
    told = f"{len(asked)} interviews, {written} answers, by {chat.name if chat else 'home grammar'}"
    note(
        f"{told}; {counted['rejected']} candidates turned down, {counted['missing']} questions left out",
        quiet=quiet,
    )


def profiles(
    n: Annotated[
        int | None,
        typer.Option(
            "--n", min=1, help="How many people; all of --people, or 3, without it.", show_default=False
        ),
    ] = None,
    people: People = None,
    condition: Annotated[str, typer.Option(help="Parts of the profile: S, P, C, SP, SC, PC or SPC.")] = "SPC",
    withhold: Annotated[
        bool, typer.Option("--withhold", help="Leave out fields of special-category data.")
    ] = False,
    out: Out = None,
    overwrite: Overwrite = False,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Describe made people in SPeCtrum's three parts (social, personal, context), as an agent's profile with its hash."""
    to_write(out, overwrite=overwrite)
    from personae.errors import UnknownName
    from personae.synth.spectrum import CONDITIONS, SPECIAL, compile_profile, made_persona

    chosen = next((each for each in CONDITIONS if each == condition.upper()), None)
    if chosen is None:
        raise UnknownName(f"No condition {condition!r}. Choose one of {', '.join(CONDITIONS)}.")
    compiled = (
        compile_profile(made_persona(person, seed=seed), chosen, withhold=SPECIAL if withhold else ())
        for person in _people(people, n, seed, made=3)
    )
    provenance = {
        "made": True,
        "writer": "home grammar",
        "seed": seed,
        "method": "arXiv:2502.08599, section 3",
    }
    written = _emit(({**asdict(profile), "provenance": provenance} for profile in compiled), out)
    note(f"{written} profiles of the parts {chosen}, by the home grammar", quiet=quiet)


def rate(
    real: Annotated[Path | None, typer.Option("--real", help="A table or archive of real comments.")] = None,
    made: Annotated[Path | None, typer.Option("--made", help="A table of made comments.")] = None,
    n: Annotated[int, typer.Option("--n", min=1, help="Comments of each.")] = 50,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where ratings are kept.")] = Path("ratings.jsonl"),
    analyze: Annotated[
        Path | None, typer.Option("--analyze", help="Print what a file of ratings says, and serve nothing.")
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 0,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show real and made comments to raters on a local page and keep their judgments, or analyze them."""
    if analyze is not None:
        _analyzed(analyze, seed, as_json=as_json)
        return
    if real is None or made is None:
        raise typer.BadParameter(
            "give --real and --made to serve a study, or --analyze FILE", param_hint="--real/--made"
        )
    from personae.synth.rating import Ratings, sampled
    from personae.synth.rating_page import RatingServer

    items = sampled(_texts(real), _texts(made), n, random_state=seed)
    study = RatingServer(items, Ratings(out), seed=seed, port=port)
    print_json({"address": study.address, "ratings": str(out), "comments": len(items)})
    sys.stdout.flush()
    note(
        "Open the address in a browser on this machine. Ctrl-C ends the study; every rating is kept.",
        quiet=quiet,
    )
    study.serve()


def _analyzed(file: Path, seed: int, *, as_json: bool) -> None:
    from personae.synth.rating import analyze, read_ratings

    ratings = read_ratings(file)
    report = analyze(ratings, random_state=seed)
    shares = {
        "accuracy of telling apart": report.accuracy,
        "real comments judged real": report.real_judged_real,
        "made comments judged real": report.made_judged_real,
        "all comments judged real": report.bias,
        "agreement of two raters": report.agreement,
    }
    rows = [_row(name, share) for name, share in shares.items()]
    nothing: dict[str, Any] = {"low": None, "high": None, "n": None}
    rows.append({"measure": "agreement beyond chance (kappa)", "value": _known(report.kappa), **nothing})
    each = {rater: sum(row.rater == rater for row in ratings) for rater in report.by_rater}
    rows += [
        {"measure": f"accuracy of {rater}", "value": value, **nothing, "n": each[rater]}
        for rater, value in report.by_rater.items()
    ]
    if as_json:
        for row in rows:
            print_json(row)
        return
    print_table(tuple(rows[0]), [[_shown(cell) for cell in row.values()] for row in rows])


def _row(name: str, share: Interval) -> dict[str, Any]:
    low, high = _known(share.low), _known(share.high)
    return {"measure": name, "value": _known(share.value), "low": low, "high": high, "n": share.n}


def _known(value: float) -> float | None:
    return None if value != value else round(value, 4)


def _shown(cell: object) -> str:
    return "" if cell is None else f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def _texts(path: Path) -> list[str]:
    """Return the different texts that the people of an archive or table wrote themselves."""
    from personae.people.archives import read_archives
    from personae.people.records import Trace

    found = (row for archive in read_archives(path) for row in archive.rows)
    texts = (row.text.strip() for row in found if isinstance(row, Trace) and row.role == "self")
    return list(dict.fromkeys(text for text in texts if text))


def _people(file: Path | None, n: int | None, seed: int, *, made: int = 10) -> list[MadePerson]:
    """Return the first n people of a file, all of it without n; without a file n people, or `made`, are made."""
    from personae.synth import Panorama, home_spec, sample
    from personae.synth.tables import read_people

    return read_people(file)[:n] if file else list(sample(Panorama(home_spec()), n or made, seed).people())


def _chat(model: str, recording: Path | None, out: Path | None) -> ChatModel | None:
    """Return the model, its answers kept: in `recording`, else beside the output."""
    if model == "home":
        return None
    from personae.models import chat_model

    return chat_model(model, recording=recording or (out and out.with_name(f"{out.name}.answers.jsonl")))


def _emit(rows: Iterator[dict[str, Any]], out: Path | None) -> int:
    if out is not None:
        from personae.synth.tables import write_rows

        return write_rows(rows, out)
    count = 0
    for row in rows:
        print_json(row)
        count += 1
    return count


def _tracked(items: Iterable[Any], what: str, total: int, *, quiet: bool) -> Iterator[Any]:
    with progress(what, total, quiet=quiet) as bar:
        for item in items:
            yield item
            bar.advance(bar.task_ids[0])
