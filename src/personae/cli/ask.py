"""`personae ask`: talk to a table until a prediction is made of it, or let one goal go through in one go."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.cli._console import note, plain, print_json, progress
from personae.cli._made import Overwrite, to_write
from personae.cli._options import Json, Model, Quiet, Seed, StorePath
from personae.errors import BadInput

if TYPE_CHECKING:
    from personae.ask import Asked, Table
    from personae.ask.agents import MicroAgents
    from personae.ask.engineer import Track
    from personae.models.encoder import Encoder

PROMPT = "> "


def ask(
    table: Annotated[
        Path | None,
        typer.Argument(metavar="[TABLE]", help="CSV, TSV, JSON, JSONL or Parquet; or name a --store."),
    ] = None,
    goal: Annotated[str, typer.Option("--goal", "-g", help="What you would like to know, in words.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: take the goal as understood.")
    ] = False,
    target: Annotated[
        str, typer.Option("--target", help="A column, or a condition such as 'hours over 50'.")
    ] = "",
    keep: Annotated[
        list[str] | None, typer.Option("--keep", help="Use this column in spite of a warning. Repeatable.")
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", help="Do not use this column. Repeatable.")
    ] = None,
    metric: Annotated[str, typer.Option("--metric", help="What decides, such as f1 or r2.")] = "",
    method: Annotated[
        list[str] | None,
        typer.Option("--method", help="Train this alone: linear, forest, boosting. Repeatable."),
    ] = None,
    split_by: Annotated[str, typer.Option("--split-by", help="The column that says whose row it is.")] = "",
    describe: Annotated[
        Path | None, typer.Option("--describe", help="YAML or JSON file that says what each column holds.")
    ] = None,
    script: Annotated[
        Path | None, typer.Option("--script", help="Write the task as a Python script.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the summary as a page.")] = None,
    save_model: Annotated[
        Path | None,
        typer.Option(
            "--save-model",
            help="Write the trained model, a .joblib file that `personae audit model` and `audit recourse` load.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    session: Annotated[
        Path | None, typer.Option("--session", help="Keep the conversation here, and go on where it stopped.")
    ] = None,
    store: StorePath = None,
    model: Model = "home",
    recording: Annotated[
        Path | None, typer.Option("--recording", help="Keep the model's answers here, and ask nothing twice.")
    ] = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ask a table, or the people of a store, for a prediction.

    Without --yes this is a conversation, on a terminal or over piped lines: look, formulate, train, sum up; undo and stop
    at any time. Nothing leaves the machine unless --model names a server; then only the schema and counts over ten do.
    """
    from personae.models.encoder import CachedEncoder, home_encoder

    for file in (script, out, save_model):
        to_write(file, overwrite=overwrite)
    if store and script:
        raise typer.BadParameter(
            "--script goes with a TABLE: save the store's people as one first, and ask about that."
        )
    encoder = CachedEncoder(home_encoder())
    opened = _table(table, store, describe)
    reader = _agents(model, recording, opened, encoder)
    named = {
        "target": target, "keep": keep or [], "leave_out": leave_out or [], "metric": metric or None,
        "split_by": split_by, "random_state": seed, "cv_methods": method or [],
    }  # fmt: skip
    with progress("Training", total=4, quiet=quiet) as bar:

        def track(methods: Any) -> Any:
            for each in methods:
                yield each
                bar.advance(bar.task_ids[0])

        found: Asked | None
        if yes:
            found = _in_one_go(opened, goal or target, named, encoder, reader, track)
        elif any([target, keep, leave_out, metric, method, split_by]):
            raise typer.BadParameter(
                "--target, --keep, --leave-out, --metric, --method and --split-by go with --yes; else say it."
            )
        else:
            bar.stop()
            found = _converse(opened, goal, encoder, reader, session, json)
    if found is None:
        return
    _print(found, json=json, is_told=not yes)
    _write(found, script, out, save_model, quiet=quiet)
    if reader and (faults := dict(reader.faults_)):
        note(
            f"The model's answers were mended: {', '.join(f'{n} × {what}' for what, n in faults.items())}",
            quiet=quiet,
        )


def _table(path: Path | None, store: Path | None, describe: Path | None) -> Table:
    from personae.ask import people_table, read_table

    if (path is None) == (store is None):
        raise typer.BadParameter("Name a TABLE, or the people of a workspace with --store.")
    if path is not None:
        return read_table(path, descriptions=_descriptions(describe))
    from personae.people.store import Store

    with ExitStack() as stack:
        return people_table(stack.enter_context(Store(store or Path(), create=False)))


def _descriptions(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    import yaml

    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        read = None
    if not isinstance(read, dict):
        raise BadInput(f"{path}: no data dictionary. Write one line a column: name: what it holds.")
    return {str(name): str(text) for name, text in read.items()}


def _agents(model: str, recording: Path | None, table: Table, encoder: Encoder) -> MicroAgents | None:
    if model == "home":
        return None
    from personae.ask.agents import MicroAgents
    from personae.models import chat_model

    return MicroAgents(chat_model(model, recording=recording), table.look(), encoder)


def _in_one_go(
    table: Table, goal: str, named: dict[str, Any], encoder: Encoder, reader: MicroAgents | None, track: Track
) -> Asked:
    from personae.ask.answer import ask as answer

    if not goal:
        raise typer.BadParameter("--yes needs a --goal or a --target.")
    return answer(table, goal, encoder=encoder, reader=reader, track=track, **named)


def _converse(
    table: Table, goal: str, encoder: Encoder, reader: MicroAgents | None, session: Path | None, json: bool
) -> Asked | None:
    """Talk until the user stops or the lines end; return what was trained last."""
    from personae.ask import Conversation

    talk = Conversation(table, encoder=encoder, reader=reader, session=session)
    say = (lambda text: None) if json else _say
    say(talk.resume(session) if session and session.is_file() else talk.start())
    if goal:
        say(talk.say(goal))
    while not talk.standing.is_stopped:
        if sys.stdin.isatty():
            sys.stderr.write(PROMPT)
            sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            break
        if line.strip():
            say(talk.say(line.strip()))
    return talk.asked() if talk.outcome_ else None


def _say(text: str) -> None:
    for line in text.splitlines():
        sys.stdout.write(plain(line) + "\n")
    sys.stdout.write("\n")
    sys.stdout.flush()


def _print(found: Asked, *, json: bool, is_told: bool) -> None:
    if json:
        outcome = found.outcome
        scores = [
            {"metric": s.metric, "value": s.value, "low": s.interval and s.interval.low, "high": s.interval and s.interval.high}
            for s in outcome.held_out
        ]  # fmt: skip
        print_json(
            {
                "petel": found.petel.model_dump(mode="json"), "warnings": found.warnings, "chosen": outcome.chosen,
                "rows": {"train": outcome.n_train, "held_out": outcome.n_held_out}, "held_out": scores,
                "cross_validated": [{"method": s.method, "metric": s.metric, "value": s.value} for s in outcome.compared],
            }
        )  # fmt: skip
    elif not is_told:
        from personae.ask.summary import task_in_words

        _say("\n".join((task_in_words(found.petel), *found.warnings)))
        _say(str(found.summary))


def _write(found: Asked, script: Path | None, out: Path | None, model: Path | None, *, quiet: bool) -> None:
    from personae.ask.script import script_of, write_whole

    if script:
        write_whole(script, script_of(found.petel, found.table, file=script.name))
        note(f"Wrote {script}", quiet=quiet)
    if out:
        from personae.ask.page import write_page

        write_page(found, out)
        note(f"Wrote {out}", quiet=quiet)
    if model:
        from personae.ask.saving import save_model

        save_model(found, model)
        note(f"Wrote {model}", quiet=quiet)
