import json

import duckdb
import numpy as np
import pytest
import zstandard

from personae.errors import BadInput
from personae.papers.harness import Context
from personae.papers.jester import N_LOOKED_AT, jester_split, read_ratings

N_JOKES = 14


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    """2,000 invented raters of fourteen invented jokes, one in ten of which each has not rated."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "pal").mkdir()
    jokes = "".join(json.dumps({"joke": j, "text": f"Joke number {j}."}) + "\n" for j in range(N_JOKES))
    (folder / "pal" / "jester_jokes.jsonl.zst").write_bytes(zstandard.compress(jokes.encode()))
    random = np.random.default_rng(0)
    ratings = random.uniform(-10, 10, (2000, N_JOKES)).round(2)
    ratings[5] = 1.0  # no pair is two points apart
    person, joke = np.nonzero(random.random(ratings.shape) > 0.1)
    made = {
        "user": [f"u{p}" for p in person],
        "joke": joke.tolist(),
        "rating": ratings[person, joke].tolist(),
    }
    (folder / "rows.json").write_text(
        json.dumps([dict(zip(made, row, strict=True)) for row in zip(*made.values(), strict=True)])
    )
    duckdb.execute(
        f"COPY (SELECT * FROM '{folder}/rows.json') TO '{folder}/pal/jester_ratings.parquet' (FORMAT parquet)"
    )
    return Context(folder=folder)


def split(context, **settings):
    given = {"n_seen": 30, "n_unseen": 10, "n_train": 8} | settings
    return jester_split(context, **given)


def pairs_of(table):
    return set(zip(table.person.tolist(), np.minimum(table.a, table.b).tolist(), np.maximum(table.a, table.b).tolist(),
                   strict=True))  # fmt: skip


def test_raters_are_seen_or_unseen_and_no_pair_is_shown_and_measured(context):
    made = split(context)
    assert [len(table) for table in (made.train, made.seen, made.shots, made.unseen)] == [240, 240, 300, 300]
    assert set(made.train.person) == set(made.seen.person)
    assert set(made.shots.person) == set(made.unseen.person)
    assert not set(made.train.person) & set(made.shots.person)
    assert not pairs_of(made.train) & pairs_of(made.seen)
    assert not pairs_of(made.shots) & pairs_of(made.unseen)
    assert (made.shot == np.tile(np.arange(30), 10)).all()


def test_the_joke_rated_at_least_two_points_higher_is_the_chosen_one(context):
    made, ratings = split(context), read_ratings(context)
    assert made.train.items == tuple(("", joke) for joke in ratings.jokes)
    for table in (made.train, made.unseen):
        rows = [ratings.raters.index(table.people[person]) for person in table.person]
        gap = ratings.values[rows, table.a] - ratings.values[rows, table.b]
        assert (np.abs(gap) >= 2).all()
        assert ((gap > 0) == (table.chosen == 1)).all()


def test_raters_looked_at_take_no_part_in_tables(context):
    raters = read_ratings(context).raters
    early, late = (split(context, looked_at=each).train.people for each in (True, False))
    assert set(early) <= set(raters[:N_LOOKED_AT])
    assert set(late) <= set(raters[N_LOOKED_AT:])
    assert "u5" not in late


def test_the_seed_draws_raters_and_pairs(context):
    one, same, other = (split(context, random_state=seed) for seed in (0, 0, 1))
    assert one.train.people == same.train.people != other.train.people
    assert (one.train.a == same.train.a).all()


def test_too_few_raters_are_refused(context):
    with pytest.raises(BadInput, match="400 to meet"):
        jester_split(context)


@pytest.mark.data
def test_the_file_has_the_published_ratings():
    """4,200 raters, 100 jokes, 305,442 ratings (the data set's description)."""
    ratings = read_ratings(Context())
    assert ratings.values.shape == (4200, 100)
    assert int((~np.isnan(ratings.values)).sum()) == 305_442
    made = jester_split(Context(quick=True))
    assert len(made.train) == 6000
    assert len(made.unseen) == 3000
