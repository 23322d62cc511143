import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.people.archives._json import json_items, json_keys, json_lines, pointer_to, read_json
from personae.people.archives._source import Limits, open_source
from personae.people.archives.rows import RowError


@pytest.fixture
def items(tmp_path):
    def read(body, *patterns, limits=None, **options):
        (tmp_path / "a.json").write_bytes(body if isinstance(body, bytes) else body.encode())
        with open_source(tmp_path / "a.json", limits or Limits()) as source:
            return list(json_items(source, "a.json", *(patterns or ("/*",)), **options))

    return read


def test_entries_come_with_their_pointers(items):
    assert items('[{"a": 1}, 2, [], "x"]') == [("/0", {"a": 1}), ("/1", 2), ("/2", []), ("/3", "x")]
    assert items("[]") == []
    assert items("{}") == []


def test_several_patterns_are_read_in_one_pass(items):
    body = (
        '{"v": [1], "chats": {"list": [{"id": 7, "x": "}", "messages": [1, 2]}, {"messages": [], "id": 8}]}}'
    )
    assert items(body, "/chats/list/*/id", "/chats/list/*/messages/*") == [
        ("/chats/list/0/id", 7),
        ("/chats/list/0/messages/0", 1),
        ("/chats/list/0/messages/1", 2),
        ("/chats/list/1/id", 8),
    ]
    assert items(body, "") == [("", json.loads(body))]


@pytest.mark.parametrize(
    ("body", "read", "wrong"),
    [
        ('[1, {"a": 2', ["/0"], ["a.json:/1"]),
        ("[1, 2", ["/0", "/1"], ["a.json:/2"]),
        ('[1, {"a"- 2}, 3]', ["/0", "/2"], ["a.json:/1"]),
        ('[1, {"a": [}]}, 3]', ["/0"], ["a.json:/1", "a.json:/2"]),
        ("[1 2]", ["/0"], ["a.json:/1"]),
        ("[1, " + "9" * 5000 + ", 3]", ["/0", "/2"], ["a.json:/1"]),
        ("[1, " + "[" * 99_999 + "]" * 99_999 + ", 3]", ["/0", "/2"], ["a.json:/1"]),
        ("[1, " + "[" * 99_999, ["/0"], ["a.json:/1"]),
        ("", [], ["a.json:/"]),
        ("nonsense", [], ["a.json:/"]),
    ],
)
def test_damage_is_an_error_and_what_can_be_told_apart_is_read(items, body, read, wrong):
    rows = items(body)
    assert [row[0] for row in rows if not isinstance(row, RowError)] == read
    assert [row.where for row in rows if isinstance(row, RowError)] == wrong


def test_nan_and_control_characters_are_read(items):
    (_, value), (_, text) = items('[NaN, "a\x01\nb"]')
    assert value != value
    assert text == "a\x01\nb"


def test_entries_past_the_limit_are_stepped_over(items):
    long = '[1, {"a": ["' + r"\"]," * 100_000 + '"]}, 3]'
    first, error, last = items(long, limits=Limits(row_bytes=100_000))
    assert (first, last) == (("/0", 1), ("/2", 3))
    assert error == RowError(
        "a.json:/1", "an entry longer than 100000 characters", "download the export again"
    )


def test_scripts_are_read_after_their_assignment(items):
    assert items("window.YTD.like.part0 = [1]", after="=") == [("/0", 1)]
    assert isinstance(items("[1]", after="=")[0], RowError)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        ),
        max_size=6,
    ),
    indent=st.sampled_from([None, 1]),
)
def test_any_array_is_read_as_the_standard_library_reads_it(tmp_path_factory, values, indent):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(values, indent=indent), encoding="utf-8")
    with open_source(path) as source:
        assert list(json_items(source, "any.json", "/*")) == [
            (f"/{n}", value) for n, value in enumerate(values)
        ]
        assert read_json(source, "any.json") == values


def test_entries_across_chunks(items):
    values = [{"n": n, "t": 'é\\"]}' * (n % 700)} for n in range(1500)]
    assert [value for _, value in items(json.dumps(values))] == values
    assert items(json.dumps({"skip": values, "a": [1]}), "/a/*") == [("/a/0", 1)]


def test_keys_are_told_from_the_first_bytes(tmp_path):
    body = '\ufeff {"a": {"b": [{"c": "x\\"}", "d": 1}]}, "e": "' + "x" * 99_999
    (tmp_path / "a.json").write_text(body, encoding="utf-8")
    (tmp_path / "b.txt").write_text('say "a": {')
    with open_source(tmp_path) as source:
        assert json_keys(source, "a.json") == {"/a", "/a/b", "/a/b/*/c", "/a/b/*/d", "/e"}
        assert json_keys(source, "b.txt") == frozenset()


def test_lines_that_are_no_json_are_errors(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n\nnope\n[NaN]\n' + "[" * 99_999 + "\n2")
    with open_source(tmp_path / "a.jsonl") as source:
        rows = list(json_lines(source, "a.jsonl"))
    assert [row.where if isinstance(row, RowError) else row[0] for row in rows] == [
        1,
        "a.jsonl:3",
        4,
        "a.jsonl:5",
        6,
    ]


def test_pointers_hold_keys_only_where_they_are_ids():
    assert (
        pointer_to("/mapping", "0a1b2c3d-0000-4444-8888-123456789abc", 3)
        == "/mapping/0a1b2c3d-0000-4444-8888-123456789abc"
    )
    assert pointer_to("/mapping", "what I said", 3) == "/mapping/3"
