"""`personae recommend`: lists with reasons from what people had, or an item found by asking somebody a few questions."""

from __future__ import annotations

import json as json_
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from personae.cli._console import Stopped, note, plain, print_json, print_table, progress
from personae.cli._made import Overwrite, to_new_file
from personae.cli._options import Json, Limit, Quiet, Seed, StorePath

if TYPE_CHECKING:
    from personae.recommend import Epoch, Interactions, Items, Recommender
    from personae.recommend.episode import Episode

METHODS = ("sasrec", "itemknn", "popularity")
OF_LISTS = {"n": "-n", "method": "--method", "out": "--out", "overwrite": "--overwrite", "limit": "--limit"}
OF_ASKING = {"turns": "--turns", "noise": "--noise", "session": "--session"}


def recommend(
    context: typer.Context,
    table: Annotated[
        Path | None,
        typer.Argument(
            metavar="[TABLE]",
            help="JSONL, CSV or Parquet with columns person and item, optionally time and value; or name a --store.",
        ),
    ] = None,
    person: Annotated[str, typer.Option("--person", help="For this person alone; everyone without it.")] = "",
    liked: Annotated[
        float | None,
        typer.Option(
            "--liked",
            help="Rows of at least this value count as liked, the others as known and not liked; all are liked without it "
            "(of --data movielens those of 4 stars or more).",
        ),
    ] = None,
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
    """List what people may like next, each item with what speaks for it; or, with --ask, find one item in a conversation.

    What somebody had is never listed for them again. Where all their rows are below --liked, they get what anybody would.
    """
    _check_use(context, ask, has_rows=table is not None or store is not None or data is not None)
    to_new_file(out, overwrite=overwrite, read=(table, items))
    to_new_file(session, overwrite=True, read=(table, items))
    catalog = _catalog(items, data)
    had = None
    if table is not None or store is not None:
        had = _rows(table, store, catalog, quiet=quiet)
    elif data is not None:
        from personae.papers.movielens import LIKED

        had, liked = _films().ratings, LIKED if liked is None else liked
    likes = None if had is None else _likes(had, liked, quiet=quiet)
    if ask:
        _ask(catalog, likes, person, turns, noise, session, seed, json=json, quiet=quiet)
    elif had is None or likes is None:
        raise typer.BadParameter(
            "Name a TABLE of what people had, a --store, or --data; or --ask with a catalog."
        )
    else:
        _list(had, likes, catalog, person, method, n, limit, seed, out, json=json, quiet=quiet)


def _check_use(context: typer.Context, ask: bool, *, has_rows: bool) -> None:
    """Refuse options that would do nothing."""

    def given(names: dict[str, str]) -> str:
        sources = {name: context.get_parameter_source(name) for name in names}
        return ", ".join(
            names[name] for name, source in sources.items() if source and source.name == "COMMANDLINE"
        )

    if ask and (found := given(OF_LISTS)):
        raise typer.BadParameter(f"{found}: of lists, and --ask makes none; --session keeps a conversation.")
    if not ask and (found := given(OF_ASKING)):
        raise typer.BadParameter(f"{found}: of a conversation. Add --ask, or leave it out.")
    if not has_rows and (found := given({"person": "--person", "liked": "--liked"})):
        raise typer.BadParameter(f"{found}: of what people had. Name a TABLE of it, a --store, or --data.")


def _likes(had: Interactions, least: float | None, *, quiet: bool) -> Interactions:
    """Return the rows that count as liked, people and items numbered as before."""
    from personae.errors import BadInput
    from personae.recommend import liked

    low, high = (float(end(had.value)) if len(had) else 0.0 for end in (min, max))
    if least is None:
        if low < high:
            note(
                f"All {len(had)} rows count as liked, whatever their value ({low:g} to {high:g}); --liked keeps those of at "
                "least so many.",
                quiet=quiet,
            )
        return had
    likes = liked(had, least)
    if not len(likes):
        raise BadInput(f"No row has a value of {least:g} or more; the highest is {high:g}. Lower --liked.")
    return likes


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
    try:
        episode.run(Typing(sys.stdin.readline, _say), watch=lambda _: _keep(episode, session))
    except KeyboardInterrupt:
        kept = f"what was answered is kept in {session}" if session else "nothing is kept without --session"
        raise Stopped(kept) from None
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


@lru_cache(maxsize=1)
def _films() -> Any:
    from personae.papers.harness import Context
    from personae.papers.movielens import movielens

    return movielens(Context())


def _rows(table: Path | None, store: Path | None, catalog: Items | None, *, quiet: bool) -> Interactions:
    from personae.errors import BadInput
    from personae.recommend import interactions, interactions_of, read_interactions

    if table is not None:
        rows = read_interactions(table)
        if rows.skipped:
            first = rows.skipped[0]
            note(f"rows left out: {len(rows.skipped)}, first {first.where}: {first.reason}", quiet=quiet)
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


def _list(
    had: Interactions, likes: Interactions, catalog: Items | None, person: str, method: str, n: int, limit: int | None, seed: int,
    out: Path | None, *, json: bool, quiet: bool,
) -> None:  # fmt: skip
    _known_person(had, person)
    chosen = [person] if person else list(had.people)[:limit]
    try:
        fitted = _fit(likes, catalog, method, seed, quiet=quiet)
        neighbors = _fit(likes, catalog, "itemknn", seed, quiet=True)
    except KeyboardInterrupt:
        raise Stopped("nothing was learned to the end, and no list is written") from None
    _write(_listed(fitted, neighbors, had, likes, chosen, n), len(chosen), out, json=json, quiet=quiet)


def _listed(
    fitted: Recommender,
    neighbors: Recommender,
    had: Interactions,
    likes: Interactions,
    chosen: list[str],
    n: int,
) -> Iterator[dict[str, Any]]:
    """Yield each person's list, with what speaks for each item: an attribute they like, and what they and others had.

    Where nobody had an item beside what they had, it is what they had that is like it.
    """
    known, liked = had.lists(), likes.lists()
    place = {person: code for code, person in enumerate(had.people)}
    titles = dict(zip(fitted.items_.ids, fitted.items_.texts or fitted.items_.ids, strict=True))
    for person in chosen:
        all_, own = ([had.items[each] for each in lists.items_of(place[person])] for lists in (known, liked))
        items = []
        for each in fitted.recommend(person, n, known=all_, liked=own):
            beside = [titles[reason] for reason in neighbors.because(each.item, own)]
            alike = [titles[reason] for reason in each.because]
            items.append(
                {"item": each.item, "title": titles[each.item], "score": round(each.score, 4), "like": each.like or None,
                 "because": beside or alike, "reason": _reason(each.like, beside, alike)}
            )  # fmt: skip
        yield {"person": person, "items": items}


def _reason(like: str, beside: list[str], alike: list[str]) -> str:
    """Return why as a person reads it.

    >>> _reason("genre: Film-Noir", ["Heat", "Ran"], [])
    'you like genre: Film-Noir, and people who had Heat or Ran had this'
    """
    from personae.recommend.catalog import listed

    parts = [f"you like {like}"] if like else []
    if beside:
        parts.append(f"people who had {listed(beside, 'or')} had this")
    elif alike:
        parts.append(f"it is like {listed(alike)}")
    return ", and ".join(parts)


def _write(
    found: Iterator[dict[str, Any]], n_people: int, out: Path | None, *, json: bool, quiet: bool
) -> None:
    kept, shown, is_stopped = [], [], False
    try:
        for each in found:
            kept.append(json_.dumps(each, ensure_ascii=False))
            if json:
                print_json(each)
            shown += [
                (each["person"], place, row["title"], f"{row['score']:.3f}", row["reason"])
                for place, row in enumerate(each["items"], 1)
            ]
    except KeyboardInterrupt:
        is_stopped = True
    if not json:
        print_table(("person", "place", "item", "score", "because"), shown)
    if out is not None:
        from personae.ask.script import write_whole

        write_whole(out, "".join(line + "\n" for line in kept))
        note(f"wrote {out}", quiet=quiet)
    if is_stopped:
        raise Stopped(f"{len(kept)} of {n_people} lists were finished")
