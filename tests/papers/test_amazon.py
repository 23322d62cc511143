import gzip
import json

import pytest

from personae.errors import UnknownName
from personae.papers.amazon import SETS, sequences
from personae.papers.harness import Context


@pytest.fixture
def context(tmp_path):
    made = {
        "beauty_item_attributes": [{"item": 7, "attributes": [30, 4]}, {"item": 3, "attributes": [4, 4, 30]}],
        "beauty_sequences": [{"user": 1, "items": [3, 7]}, {"user": 2, "items": [7]}],
    }
    (tmp_path / "m2trec").mkdir()
    for name, rows in made.items():
        with gzip.open(tmp_path / "m2trec" / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    return Context(folder=tmp_path)


def test_items_stand_in_the_catalogs_order_and_attributes_are_sorted(context):
    read = sequences(context)
    assert read.items.ids == read.rows.items == ("7", "3")
    assert read.items.attributes == ("4", "30")
    assert [read.items.has.items_of(item).tolist() for item in (0, 1)] == [[0, 1], [0, 0, 1]]
    assert [read.rows.lists().items_of(person).tolist() for person in (0, 1)] == [[1, 0], [0]]


def test_a_limit_keeps_the_first_people_and_the_whole_catalog(context):
    read = sequences(Context(folder=context.folder, limit=1))
    assert (read.rows.people, len(read.items.ids)) == (("1",), 2)


def test_an_unknown_set_is_named():
    with pytest.raises(UnknownName, match="No sequences named 'books'; there are beauty"):
        sequences(Context(), "books")


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "people", "rows", "items", "attributes"),
    [
        ("beauty", 19_009, 168_946, 12_101, 637),
        ("toys_and_games", 16_500, 142_099, 11_924, 1027),
        ("lastfm", 926, 43_917, 3646, 388),
    ],
)
def test_the_files_have_the_counts_of_their_description(name, people, rows, items, attributes):
    assert name in SETS
    read = sequences(Context(), name)
    assert (len(read.rows.people), len(read.rows)) == (people, rows)
    assert (len(read.items.ids), len(read.items.attributes)) == (items, attributes)
