"""Ratings of films by real people (MovieLens-100k, Harper, Konstan 2015): shared by the papers on recommendation.

A film is liked that is rated four or five of five. Its attributes read "genre: Comedy" and "year: 1995".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.papers.harness import Context
from personae.recommend.interactions import Interactions, Items, interactions, liked

DATA = "toolrec"
LIKED = 4.0
_YEAR = re.compile(r" \((\d{4})\)$")


@dataclass(frozen=True, slots=True)
class Viewer:
    """What somebody said of themselves. Age in years; occupation one of the data set's 21 words."""

    age: int
    gender: str
    occupation: str


@dataclass(frozen=True, slots=True)
class MovieLens:
    """Ratings from 1 to 5, the catalog of all films with their titles, and the viewers in the order of `ratings.people`."""

    ratings: Interactions
    items: Items
    viewers: tuple[Viewer, ...]

    def likes(self, least: float = LIKED) -> Interactions:
        """Return the ratings of at least so many points, people and films numbered as before."""
        return liked(self.ratings, least)


def movielens(context: Context) -> MovieLens:
    """Read every rating; `limit` keeps the first so many people.

    Notes
    -----
    Half of the ratings share their second with the one before, and within a second the file is sorted by film, which a model of
    sequences would learn. Ratings of one second stand in an order drawn once, under seed 0.
    """
    items = _items(context)
    rows = context.rows(DATA, "ml100k_ratings.csv.gz")
    people = list(dict.fromkeys(row["user_id"] for row in rows))[: context.limit]
    kept = set(people)
    rows = [row for row in rows if row["user_id"] in kept]
    drawn = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))]
    drawn.sort(key=lambda row: (int(row["user_id"]), float(row["timestamp"])))
    ratings = interactions(
        [row["user_id"] for row in drawn],
        [row["item_id"] for row in drawn],
        times=[float(row["timestamp"]) for row in drawn],
        values=[float(row["rating"]) for row in drawn],
        catalog=items.ids,
    )
    told = {row["user_id"]: row for row in context.rows(DATA, "ml100k_users.csv")}
    if missing := [person for person in ratings.people if person not in told]:
        raise BadInput(
            f"{DATA}/ml100k_users.csv: no row for {len(missing)} of those who rated. Bring the data set anew."
        )
    viewers = [told[person] for person in ratings.people]
    return MovieLens(
        ratings,
        items,
        tuple(Viewer(int(each["age"]), each["gender"], each["occupation"]) for each in viewers),
    )


def _items(context: Context) -> Items:
    """Return all films; of the two without a year in its column, one has it in its title, and neither loses its row."""
    rows = context.rows(DATA, "ml100k_items.csv.gz")
    years, titles, told = [], [], []
    for row in rows:
        found = _YEAR.search(row["movie_title"])
        year = found[1] if found else row["release_year"]
        title = _YEAR.sub("", row["movie_title"])
        years.append(year if year.isdigit() else "")
        titles.append(f"{title} ({years[-1]})" if years[-1] else title)
        told.append([f"genre: {genre}" for genre in row["class"].split() if genre != "unknown"])
    for own, year in zip(told, years, strict=True):
        own += [f"year: {year}"] if year else []
    attributes = tuple(sorted({each for own in told for each in own}))
    number = {each: place for place, each in enumerate(attributes)}
    owner = np.repeat(np.arange(len(rows)), [len(own) for own in told])
    has = Lists.of(owner, [number[each] for own in told for each in own], n_people=len(rows))
    return Items(tuple(row["item_id"] for row in rows), attributes, has, tuple(titles))
