"""What people bought or heard, in order, with items' attributes: shared by the papers that foretell the next item.

Beauty and Toys are Amazon reviews, LastFM the HetRec-2011 set, as prepared by Zhou et al. (2020), "S3-Rec", arXiv 2008.07873:
everyone and every item has at least five interactions.
"""

from __future__ import annotations

from dataclasses import dataclass

from personae.errors import UnknownName
from personae.metrics.ranking import Lists
from personae.papers.harness import Context
from personae.recommend.interactions import Interactions, Items, interactions

DATA = "m2trec"
SETS = ("beauty", "toys_and_games", "lastfm")
N_QUICK = 2000  # people of a quick run


@dataclass(frozen=True, slots=True)
class Sequences:
    """One set: who had what, in order, and what is known of the whole catalog; both number items alike."""

    rows: Interactions
    items: Items


def sequences(context: Context, name: str = "beauty") -> Sequences:
    """Read one of `SETS`.

    Parameters
    ----------
    context : Context
        A quick run gets the first 2,000 people; `limit` bounds them too. The catalog is always whole.
    name : str

    Notes
    -----
    Times are places in the sequence: dates are not in the data. An item's attributes are sorted, and repeated where the data
    repeats them (LastFM: how often a tag was given), so that a mean over them is weighted; items with the same attributes have
    the same list. Attributes are numbered by their ids in the data; their names are not published.

    Raises
    ------
    UnknownName
    """
    if name not in SETS:
        raise UnknownName(f"No sequences named {name!r}; there are {', '.join(SETS)}.")
    known = context.rows(DATA, f"{name}_item_attributes.jsonl.gz")
    people = context.rows(DATA, f"{name}_sequences.jsonl.gz")[: context.limit]
    if context.quick:
        people = people[:N_QUICK]
    ids = tuple(str(row["item"]) for row in known)
    pairs = [(str(row["user"]), str(item)) for row in people for item in row["items"]]
    rows = interactions(*zip(*pairs, strict=True), catalog=ids)
    return Sequences(rows, _items(ids, [sorted(row["attributes"]) for row in known]))


def _items(ids: tuple[str, ...], attributes: list[list[int]]) -> Items:
    names = sorted({each for of_item in attributes for each in of_item})
    codes = {each: place for place, each in enumerate(names)}
    item = [place for place, of_item in enumerate(attributes) for _ in of_item]
    has = Lists.of(item, [codes[each] for of_item in attributes for each in of_item], n_people=len(ids))
    return Items(ids, tuple(str(each) for each in names), has)
