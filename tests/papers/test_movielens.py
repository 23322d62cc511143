import gzip

import pytest

from personae.errors import BadInput
from personae.papers.harness import Context
from personae.papers.movielens import DATA, Viewer, movielens

RATINGS = """user_id,item_id,rating,timestamp
1,1,4,20
1,2,5,20
1,3,3,10
2,3,4,5
"""
ITEMS = """item_id,movie_title,release_year,class
1,The Lamp,1995,Comedy Drama
2,unknown,unknown,unknown
3,A Kite (1990),V,Comedy
"""
USERS = "user_id,age,gender,occupation\n1,24,F,writer\n2,53,M,other\n"


@pytest.fixture
def folder(tmp_path):
    own = tmp_path / DATA
    own.mkdir()
    (own / "ml100k_ratings.csv.gz").write_bytes(gzip.compress(RATINGS.encode()))
    (own / "ml100k_items.csv.gz").write_bytes(gzip.compress(ITEMS.encode()))
    (own / "ml100k_users.csv").write_text(USERS, encoding="utf-8")
    return tmp_path


def test_films_have_their_genres_and_year_wherever_it_stands(folder):
    items = movielens(Context(folder=folder)).items
    assert items.texts == ("The Lamp (1995)", "unknown", "A Kite (1990)")
    told = [[items.attributes[each] for each in items.has.items_of(film)] for film in range(3)]
    assert told == [["genre: Comedy", "genre: Drama", "year: 1995"], [], ["genre: Comedy", "year: 1990"]]


def test_likes_are_numbered_as_ratings_and_viewers_are_those_who_rated(folder):
    made = movielens(Context(folder=folder))
    assert made.ratings.lists().items_of(0)[0] == 2
    assert sorted(made.likes().lists().items_of(0)) == [0, 1]
    assert made.likes().people == made.ratings.people == ("1", "2")
    assert made.viewers[1] == Viewer(53, "M", "other")
    assert movielens(Context(folder=folder, limit=1)).viewers == made.viewers[:1]


def test_a_viewer_without_a_row_is_an_error(folder):
    (folder / DATA / "ml100k_users.csv").write_text(USERS.splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"ml100k_users\.csv: no row for 2"):
        movielens(Context(folder=folder))


@pytest.mark.data
def test_the_files_have_their_stated_counts_and_one_second_has_no_order():
    """82,376 ratings of 802 people, 1,682 films, 18 genres (the data set's description)."""
    made = movielens(Context())
    assert (len(made.ratings), len(made.viewers), len(made.items.ids)) == (82_376, 802, 1_682)
    assert sum(each.startswith("genre: ") for each in made.items.attributes) == 18
    rows = made.ratings
    tied = (rows.person[1:] == rows.person[:-1]) & (rows.time[1:] == rows.time[:-1])
    assert abs((rows.item[1:] > rows.item[:-1])[tied].mean() - 0.5) < 0.01
