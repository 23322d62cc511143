"""`personae recommend`: lists with reasons from what people had, or an item found by asking somebody a few questions."""

from __future__ import annotations

import json as json_
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from personae.cli._console import note, plain, print_json, print_table, progress
from personae.cli._made import Overwrite, to_write
from personae.cli._options import Json, Limit, Quiet, Seed, StorePath

if TYPE_CHECKING:
    from personae.recommend import Epoch, Interactions, Items, Recommender
    from personae.recommend.episode import Episode

METHODS = ("sasrec", "itemknn", "popularity")


def recommend(
    table: Annotated[
        Path | None,
        typer.Argument(
            metavar="[TABLE]",
            help="JSONL, CSV or Parquet with columns person and item, optionally time and value; or name a --store.",
        ),
    ] = None,
    person: Annotated[str, typer.Option("--person", help="For this person alone; everyone without it.")] = "",
    n: Annotated[int, typer.Option("-n", min=1, help="Length of a list.")] = 10,
    items: Annotated[
        Path | None,
        typer.Option(
            "--items", help="JSONL catalog: item, optionally title, and attributes, a list of names."
        ),
    ] = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Find one item of the catalog by asking you; answer y, n, ? or q.")
    ] = False,
    data: Annotated[
        Literal["movielens"] | None,
        typer.Option("--data", help="The films of PERSONAE_DATA, in place of --items."),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method", help=f"{', '.join(METHODS)} [sasrec where torch is installed, else itemknn]."
        ),
    ] = "",
    turns: Annotated[
        int, typer.Option("--turns", min=2, help="With --ask: questions and lists at most.")
    ] = 15,
    noise: Annotated[
        float,
        typer.Option(
            "--noise", min=0.001, max=0.49, help="With --ask: the share of answers that may be wrong."
        ),
    ] = 0.02,
    session: Annotated[
        Path | None,
        typer.Option("--session", help="With --ask: keep the conversation here, and go on where it stopped."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the lists here too, as JSONL.")
    ] = None,
    overwrite: Overwrite = False,
    store: StorePath = None,
    seed: Seed = 0,
    limit: Limit = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List what people may like next, each item with what speaks for it; or, with --ask, find one item in a conversation."""
    to_write(out, overwrite=overwrite)
    catalog, rows = _catalog(items, data), None
    if table is not None or store is not None:
        rows = _rows(table, store, catalog)
    elif data is not None:
        rows = _films().likes()
    if ask:
        _ask(catalog, rows, person, turns, noise, session, seed, json=json, quiet=quiet)
        return
    if rows is None:
        raise typer.BadParameter(
            "Name a TABLE of what people had, a --store, or --data; or --ask with a catalog."
        )
    _known_person(rows, person)
    fitted = _fit(rows, catalog, method, seed, quiet=quiet)
    chosen = [person] if person else list(rows.people)[:limit]
    neighbors = _fit(rows, catalog, "itemknn", seed, quiet=True)
    _write(_listed(fitted, neighbors, rows, chosen, n), out, json=json, quiet=quiet)


def _ask(
    catalog: Items | None, rows: Interactions | None, person: str, turns: int, noise: float, session: Path | None, seed: int, *,
    json: bool, quiet: bool,
) -> None:  # fmt: skip
    from personae.recommend.answering import Typing
    from personae.recommend.catalog import CatalogAsker

    if catalog is None:
        raise typer.BadParameter(
            "--ask needs something to find: a catalog with --items, or --data movielens."
        )
    asker = CatalogAsker(
        catalog, liking=_liking(rows, catalog, person, seed, quiet=quiet), noise=noise, budget=turns
    )
    episode = _resumed(session, asker, turns)
    if episode.turns:
        note(f"goes on after {len(episode.turns)} turns", quiet=quiet)
    episode.run(Typing(sys.stdin.readline, _say), watch=lambda _: _keep(episode, session))
    if json:
        print_json(episode.as_json() | {"lines": episode.lines()})
        return
    for line in episode.lines():
        sys.stdout.write(plain(line) + "\n")


def _liking(rows: Interactions | None, catalog: Items, person: str, seed: int, *, quiet: bool) -> Any:
    """Return scores of the catalog: for a person of the rows by their items, else how many people had each; None without rows."""
    if rows is None or not len(rows):
        return None
    if not person:
        return rows.popularity()
    _known_person(rows, person)
    fitted = _fit(rows, catalog, "itemknn", seed, quiet=quiet)
    return fitted.score(fitted.states_[fitted.index_[person]][None])[0]


def _resumed(session: Path | None, asker: Any, turns: int) -> Episode:
    from personae.errors import BadInput
    from personae.recommend.episode import Episode

    if session is None or not session.is_file():
        return Episode(asker, turns)
    try:
        return Episode.of_json(json_.loads(session.read_text(encoding="utf-8")), asker)
    except (ValueError, BadInput) as error:
        reason = error if isinstance(error, BadInput) else "not JSON. Name another --session."
        raise BadInput(f"{session.name}: {reason}") from None


def _keep(episode: Episode, session: Path | None) -> None:
    if session is not None:
        from personae.ask.script import write_whole

        write_whole(session, json_.dumps(episode.as_json(), ensure_ascii=False) + "\n")


def _say(line: str) -> None:
    sys.stderr.write(plain(line) + "\n")
    sys.stderr.flush()


def _catalog(items: Path | None, data: str | None) -> Items | None:
    if items is not None and data is not None:
        raise typer.BadParameter("Name --items or --data, not both.")
    if data is not None:
        films: Items = _films().items
        return films
    if items is None:
        return None
    from personae.recommend.catalog import read_catalog

    return read_catalog(items)


def _films() -> Any:
    from personae.papers.harness import Context
    from personae.papers.movielens import movielens

    return movielens(Context())


def _rows(table: Path | None, store: Path | None, catalog: Items | None) -> Interactions:
    from personae.errors import BadInput
    from personae.recommend import interactions, interactions_of, read_interactions

    if table is not None:
        rows = read_interactions(table)
    else:
        from personae.people.store import Store

        with Store(store or Path(), create=False) as opened:
            traces = (trace for batch in opened.people() for each in batch for trace in each.traces)
            rows = interactions_of(traces)
    if catalog is None:
        return rows
    unknown = sorted(set(rows.items) - set(catalog.ids))
    if unknown:
        raise BadInput(
            f"{len(unknown)} items of the rows are not in the catalog, {plain(unknown[0])!r} first. Add them there."
        )
    return interactions(
        [rows.people[each] for each in rows.person], [rows.items[each] for each in rows.item], times=rows.time,
        values=rows.value, catalog=catalog.ids,
    )  # fmt: skip


def _known_person(rows: Interactions, person: str) -> None:
    import difflib

    from personae.errors import UnknownName

    if person and person not in rows.people:
        close = difflib.get_close_matches(person, rows.people, n=3)
        nearest = f" Nearest: {', '.join(map(plain, close))}." if close else ""
        raise UnknownName(f"Nobody named {plain(person)!r} among {len(rows.people)} people.{nearest}")


def _fit(rows: Interactions, catalog: Items | None, method: str, seed: int, *, quiet: bool) -> Recommender:
    chosen = _method(method, seed)
    with progress(f"learning from {len(rows.people)} people", None, quiet=quiet) as bar:

        def watch(epoch: Epoch) -> None:
            bar.update(bar.task_ids[0], total=epoch.planned, completed=epoch.number)

        return chosen.fit(rows, catalog, watch=watch)


def _method(name: str, seed: int) -> Recommender:
    import difflib
    from importlib.util import find_spec

    from personae.errors import UnknownName
    from personae.recommend import ItemKNN, Popularity, SASRec

    name = name or ("sasrec" if find_spec("torch") else "itemknn")
    if name not in METHODS:
        close = difflib.get_close_matches(name, METHODS, n=1)
        nearest = f" Nearest: {close[0]}." if close else ""
        raise UnknownName(f"No method {plain(name)!r}.{nearest} There are {', '.join(METHODS)}.")
    made: Recommender = {"sasrec": SASRec, "itemknn": ItemKNN, "popularity": Popularity}[name](
        random_state=seed
    )
    return made


def _listed(
    fitted: Recommender, neighbors: Recommender, rows: Interactions, chosen: list[str], n: int
) -> Iterator[dict[str, Any]]:
    """Yield each person's list, with what they had that speaks for each item.

    Where a method has no reason of its own, for the catalog has no attributes, it is what the same people had as the item.
    """
    had, place = rows.lists(), {person: code for code, person in enumerate(rows.people)}
    titles = dict(zip(fitted.items_.ids, fitted.items_.texts or fitted.items_.ids, strict=True))
    for person in chosen:
        known = [rows.items[each] for each in had.items_of(place[person])]
        items = [
            {"item": each.item, "title": titles[each.item], "score": round(each.score, 4),
             "because": [titles[reason] for reason in each.because or neighbors.because(each.item, known)]}
            for each in fitted.recommend(person, n, known=known)
        ]  # fmt: skip
        yield {"person": person, "items": items}


def _write(found: Iterator[dict[str, Any]], out: Path | None, *, json: bool, quiet: bool) -> None:
    kept, shown = [], []
    for each in found:
        kept.append(json_.dumps(each, ensure_ascii=False))
        if json:
            print_json(each)
        shown += [
            (each["person"], place, row["title"], f"{row['score']:.3f}", ", ".join(row["because"]))
            for place, row in enumerate(each["items"], 1)
        ]
    if not json:
        print_table(("person", "place", "item", "score", "because you had"), shown)
    if out is not None:
        from personae.ask.script import write_whole

        write_whole(out, "\n".join(kept) + "\n")
        note(f"wrote {out}", quiet=quiet)
