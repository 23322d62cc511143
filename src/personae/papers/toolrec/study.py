"""The split of MovieLens-100k, what is fitted on it for each seed, and how lists are held against the film that came next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from personae.metrics.ranking import Lists, rank_all
from personae.papers.harness import Context
from personae.papers.movielens import MovieLens, movielens
from personae.recommend import Interactions, Items, Plan, Recommender, SASRec, ToolRec, Transcript, last_out

KINDS = ("genre", "year")
N = 10
N_SEEDS = 5
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Study:
    """Likes of four stars or more: all but the last two to learn from, the one before the last to choose on, the last to measure.

    `before` is what is known when the last one is foretold.
    """

    films: MovieLens
    train: Interactions
    valid: Interactions
    before: Interactions
    test: Interactions

    @property
    def people(self) -> NDArray[np.intp]:
        """Return those with a film to foretell."""
        return np.flatnonzero(self.test.lists().counts())


def read_study(context: Context) -> Study:
    """Read and split the ratings; a quick run takes 120 people, and `limit` those asked where a model is."""
    limit = context.limit if context.replayed else None
    films = movielens(replace(context, limit=limit or (120 if context.quick else None)))
    before, test = last_out(films.likes())
    train, valid = last_out(before)
    return Study(films, train, valid, before, test)


def seeds(context: Context) -> list[int]:
    """Return the seeds of the fits."""
    return [context.seed + each for each in range(1 if context.quick else N_SEEDS)]


def sasrec(context: Context, seed: int) -> SASRec:
    """Return the base; its settings were chosen on `valid`, under seed 0."""
    plan = Plan(n_epochs=3 if context.quick else 24, batch_size=64, rate=6e-3)
    return SASRec(
        length=20, n_layers=1, dropout=0.4, n_others=300, is_falling=True, plan=plan, random_state=seed
    )


def toolrec(context: Context, seed: int, base: SASRec) -> ToolRec:
    """Return the tools on a fitted base; the settings of their adapters were chosen on `valid`, under seed 0."""
    plan = Plan(n_epochs=2 if context.quick else 5, batch_size=64, rate=3e-4)
    return ToolRec(
        base=base,
        kinds=KINDS,
        encoder=context.encoder(),
        n_others=300,
        dropout=0.3,
        plan=plan,
        random_state=seed,
    )


def dealt_anew(items: Items, seed: int) -> Items:
    """Return the catalog with the attributes of another film for each: the control."""
    order = np.random.default_rng(seed).permutation(len(items.ids))
    film, attribute = items.has.pairs_of(order)
    return replace(items, has=Lists.of(film, attribute, n_people=len(items.ids)))


def by_scores(study: Study, model: Recommender) -> Array:
    """Return recall@10 and NDCG@10 of the whole catalog's ranking, shape (2, n_people)."""
    histories = study.before.lists()
    states = model.place(histories)
    ranked = rank_all(
        lambda people: model.score(states[people]),
        study.test.lists(),
        known=histories,
        n_items=len(study.films.items.ids),
        at=0,
    )
    return np.stack([ranked.per_person(measure, N) for measure in ("recall", "ndcg")])


def by_lists(study: Study, told: Sequence[Transcript]) -> Array:
    """Return the same for final lists, one for each of `study.people`."""
    wanted = study.test.lists()
    found = []
    for person, each in zip(study.people.tolist(), told, strict=True):
        film = study.films.items.ids[int(wanted.items_of(person)[0])]
        place = each.items.index(film) if film in each.items else None
        found.append((0.0, 0.0) if place is None else (1.0, 1 / np.log2(place + 2)))
    return np.array(found).T


def histories_of(study: Study, people: NDArray[np.intp]) -> Lists:
    """Return what some people liked before."""
    row, item = study.before.lists().pairs_of(people)
    return Lists.of(row, item, n_people=len(people))


def is_valid(told: Transcript, study: Study, person: int) -> bool:
    """Whether a list is ten different films of the catalog, none of them liked before."""
    ids = study.films.items.ids
    had = {ids[each] for each in study.before.lists().items_of(person).tolist()}
    return len(told.items) == len(set(told.items)) == N and set(told.items) <= set(ids) - had
