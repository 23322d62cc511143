"""Forgetting: the person is gone from tables and bytes, everyone else is as before, and the search can fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from personae.people.forget import _leaves as leaves
from personae.people.forget import forget
from personae.people.policy import decide
from personae.people.records import Claim, Evidence, Guess, Item, Trace
from personae.people.store import Store

CANARY = "the heron stands in the flooded quarry, number"
TABLES = ("people", "traces", "claims", "vectors", "parameters", "journal")


def test_a_mark_stays_and_tells_nothing(tmp_path: Path) -> None:
    with Store(tmp_path / "people.duckdb") as store:
        fill(store)
        forget(store, "person-of-ana")
        marks = store.forgotten()
        assert "person-of-ana" in marks
        assert "person-of-bea" not in marks
        assert b"person-of-ana" not in raw(store)
        forget(store, "person-of-bea")
        assert store.forgotten().salt == marks.salt
        store.admit_again("person-of-ana")
    with Store(tmp_path / "people.duckdb") as store:
        assert "person-of-ana" not in store.forgotten()
        assert "person-of-bea" in store.forgotten()
    with Store(tmp_path / "other.duckdb") as other:
        other.delete_person("person-of-bea")
        assert not other.forgotten().marks & marks.marks


def test_a_store_from_before_the_marks_gets_a_place_for_them(tmp_path: Path) -> None:
    with Store(tmp_path / "people.duckdb") as store:
        store.database.execute("DROP TABLE forgotten")
    with Store(tmp_path / "people.duckdb") as store:
        assert "ana" not in store.forgotten()
        store.delete_person("ana")
        assert "ana" in store.forgotten()


class Recordings:
    """Recorded answers that can be made to keep some."""

    def __init__(self, *persons: str, stubborn: bool = False) -> None:
        self.persons, self.stubborn = list(persons), stubborn

    def forget(self, person: str) -> int:
        gone = self.persons.count(person)
        if not self.stubborn:
            self.persons = [each for each in self.persons if each != person]
        return gone


def fill(store: Store) -> None:
    """Give ana, whose texts are canaries, and two others something in every table."""
    for person in ("person-of-ana", "person-of-bea", "person-of-cleo"):
        word = CANARY if person == "person-of-ana" else f"{person} sees a fox, number"
        traces = [
            Trace(
                person,
                "table",
                str(number),
                text=f"{number} {word}",
                item=Item("x", "A song"),
                where=f"a.csv:{number}",
            )
            for number in range(40)
        ]
        store.add([*traces, Trace(person, "table", "thanks", text="thanks a lot, everyone")])
        said = Claim(
            person, "age", (Guess("30", 0.5),), "stated", False, "m", (Evidence("1", "a.csv:1", ((0, 3),)),)
        )
        store.commit_person(person, [said], "m", 1)
        store.put_vectors(traces, "home", np.ones((40, 384), dtype=np.float32))
        store.put_parameters(person, "adapter", f"{word} as bytes".encode())


def rows(store: Store, table: str, without: str) -> list[tuple[object, ...]]:
    order = "ALL" if table != "journal" else "person"
    return store.database.execute(f"SELECT * FROM {table} WHERE person <> ? ORDER BY {order}", (without,))


def raw(store: Store) -> bytes:
    with store.database.closed():
        return b"".join(file.read_bytes() for file in store.database.files)


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "people.duckdb") as opened:
        opened.database.execute("SET force_compression = 'uncompressed'")  # so that raw bytes can be read
        fill(opened)
        yield opened


def test_a_person_is_forgotten_and_nobody_else(store: Store) -> None:
    before = {table: rows(store, table, "person-of-ana") for table in TABLES}
    recordings = Recordings("person-of-ana", "person-of-bea", "person-of-ana")
    proof = forget(store, "person-of-ana", recordings)
    assert proof.deleted == {
        "traces": 41, "claims": 1, "vectors": 40, "parameters": 1, "journal": 1, "people": 1,
    }  # fmt: skip
    assert (proof.recordings, recordings.persons) == (2, ["person-of-bea"])
    assert (proof.digests, proof.shared, proof.mentions, proof.leftovers) == (40, 1, 0, {})
    assert proof.is_complete
    assert proof.searched == sum(
        {"people": 1, "traces": 11, "claims": 12, "vectors": 4, "parameters": 2, "journal": 3}[table]
        * len(found)
        for table, found in before.items()
    )
    assert {table: rows(store, table, "") for table in TABLES} == before
    assert proof.bytes_scanned == store.path.stat().st_size


def test_the_raw_search_sees_the_text_before_and_not_after(store: Store) -> None:
    assert raw(store).count(CANARY.encode()) >= 40
    proof = forget(store, "person-of-ana")
    assert (proof.pieces, proof.visible) == (33, 33)
    assert CANARY.encode() not in raw(store)
    assert b"person-of-ana" not in raw(store)
    assert b"person-of-bea sees a fox" in raw(store)


def test_deleting_alone_leaves_the_text_in_the_file(store: Store) -> None:
    """Why the file is written anew, and that the search would tell."""
    raw(store)
    store.delete_person("person-of-ana")
    with store.database.closed():
        assert CANARY.encode() in store.path.read_bytes()


def test_an_interrupted_forgetting_is_finished_by_the_next_opening(tmp_path: Path) -> None:
    with Store(tmp_path / "people.duckdb") as store:
        store.database.execute("SET force_compression = 'uncompressed'")
        fill(store)
        raw(store)
        store.delete_person("person-of-ana")
    assert CANARY.encode() in (tmp_path / "people.duckdb").read_bytes()
    (tmp_path / "people.duckdb.99.part").write_text(CANARY)
    (tmp_path / "people.duckdb.99.part.wal").write_text(CANARY)
    (tmp_path / "people.duckdb.tmp").mkdir()
    (tmp_path / "people.duckdb.tmp" / "duckdb_temp_storage-0.tmp").write_text(CANARY)
    with Store(tmp_path / "people.duckdb") as store:
        assert store.summaries(person="person-of-ana") == []
        assert store.count() == 2
    assert not [
        file for file in tmp_path.rglob("*") if file.is_file() and CANARY.encode() in file.read_bytes()
    ]


def test_leftovers_are_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    delete = Store.delete_person

    def forgetful(self: Store, person: str) -> dict[str, int]:
        self.database.execute(
            "UPDATE traces SET person = 'person-dee', text = text || '!' WHERE id = '3' AND person = 'person-of-ana'"
        )
        self.database.execute(
            "UPDATE traces SET person = 'person-dee' WHERE id = '4' AND person = 'person-of-ana'"
        )
        self.database.execute("INSERT INTO journal SELECT 'person-dee', 'm', person, 1, 1, NULL FROM people")
        return {table: rows for table, rows in delete(self, person).items() if table != "claims"}

    monkeypatch.setattr(Store, "delete_person", forgetful)
    store.path.with_name("people.duckdb.bak").write_text(f"... 7 {CANARY} ...")
    proof = forget(store, "person-of-ana", Recordings("person-of-ana", stubborn=True))
    assert proof.leftovers["traces"] == 1
    assert proof.leftovers["recordings"] == 1
    assert proof.leftovers["people.duckdb.bak"] >= 1
    assert proof.mentions == 1
    assert not proof.is_complete


def test_texts_and_ids_of_others_are_theirs(store: Store) -> None:
    """A short id, a quoted text and a thread named after the person stay, and are no leftovers."""
    store.add(
        [
            Trace("al", "table", "1", text="a text that nobody else has left, by al"),
            Trace("al", "table", "2", text="a text that is quoted by someone"),
            Trace("alma", "table", "1", text="> a text that is quoted by someone\nYes.", thread="al"),
        ]
    )
    proof = forget(store, "al")
    assert (proof.mentions, proof.pieces, proof.leftovers) == (1, 1, {})
    assert [trace.thread for trace in store.traces("alma")] == ["al"]


def test_forgetting_nobody_proves_that(store: Store) -> None:
    proof = forget(store, "person-of-zoe")
    assert sum(proof.deleted.values()) == 0
    assert (proof.pieces, proof.visible, proof.is_complete) == (1, 0, True)
    assert store.count() == 3


def test_every_text_column_is_searched(store: Store) -> None:
    """A column added to the schema must be searched, or be of a kind that holds no text."""
    columns = store.database.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
    )
    silent = {"BIGINT", "INTEGER", "DOUBLE", "BOOLEAN", "TIMESTAMP", "FLOAT[384]", "BLOB"}
    searched = leaves(store)
    assert set(searched) == set(TABLES)
    assert ("accesses", "person") not in {(table, column) for table, column, _ in columns}
    for table, column, kind in columns:
        assert table in {"accesses", "forgotten"} or kind in silent or column in searched[table], (
            table,
            column,
        )


def test_the_log_of_accesses_outlives_the_forgotten(store: Store) -> None:
    store.accesses.record(decide("fairness-test", "religion"), granted=True)
    before = store.accesses.entries()
    forget(store, "person-of-ana")
    assert store.accesses.entries() == before
    assert [entry.intact for entry in before] == [True]


def test_the_proof_as_json(store: Store) -> None:
    import json

    found = json.loads(json.dumps(forget(store, "person-of-ana").as_json()))
    assert found["is_complete"] is True
    assert found["deleted"]["traces"] == 41
    assert CANARY not in json.dumps(found)
