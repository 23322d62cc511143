from personae.people.archives._source import open_source
from personae.people.archives._text import likely


def test_hinted_names_come_first_and_the_rest_is_bounded(put):
    path = put({f"{number}.json": "" for number in range(9)} | {"x/History.JSON": "", "history.csv": ""})
    with open_source(path) as source:
        assert likely(source, ".json", "history", others=2) == ("x/History.JSON", "0.json", "1.json")
        assert likely(source, ".json", others=0) == ()
