"""The store by hand: what goes in comes out, twice is once, one owner, clear refusals, nothing half written."""

from __future__ import annotations

import subprocess
import sys
import threading
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import numpy as np
import pytest

from personae.errors import BadInput
from personae.people._database import Database
from personae.people.records import Claim, Evidence, Guess, Item, Person, Profile, Trace
from personae.people.store import Added, Store, Summary

CANARY = "the heron stands in the flooded quarry"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def trace(person: str, id_: str, **more: object) -> Trace:
    return Trace(person, "table", id_, **more)  # type: ignore[arg-type]


def claim(person: str, value: str, *, hour: int = 0, **more: object) -> Claim:
    evidence = (Evidence("1", "a.csv:1", ((0, 4), (7, 9)), 0.75), Evidence("2", "a.csv:2"))
    made = Claim(person, "age", (Guess(value, 0.6), Guess("50", 0.1)), "inferred", False, "home", evidence)
    return replace(made, time=NOON + timedelta(hours=hour), **more)


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "people.duckdb") as opened:
        yield opened


def test_traces_come_back_as_they_went_in(store: Store) -> None:
    traces = [
        trace(
            "ana",
            "1",
            time=NOON,
            kind="post",
            role="self",
            thread="t",
            text="Rain\0 in Porto 👩‍💻\n",
            where="a.csv:1",
        ),
        trace(
            "ana",
            "2",
            time=NOON + timedelta(microseconds=1),
            item=Item("x", "A song", "Someone"),
            value=-0.25,
        ),
        trace("ana", "3", item=Item()),
        trace("bea", "1", kind="listen", role="assistant", value=float("inf"), text="x" * 5_000_000),
    ]
    assert store.add(traces) == Added(4, 0)
    assert list(store.traces("ana")) == traces[:3]
    assert list(store.traces("bea")) == [replace(traces[3], value=None)]
    assert list(store.traces("cleo")) == []
    assert store.count() == 2


def test_times_are_kept_as_utc_and_a_naive_one_is_refused(store: Store) -> None:
    store.add([trace("ana", "1", time=datetime(2024, 5, 1, 14, tzinfo=timezone(timedelta(hours=2))))])
    assert [each.time for each in store.traces("ana")] == [NOON]
    with pytest.raises(BadInput, match=r"a.csv:7: a time without a timezone") as caught:
        store.add([trace("ana", "2", time=datetime(2024, 5, 1), text=CANARY, where="a.csv:7")])
    assert CANARY not in str(caught.value)
    with pytest.raises(BadInput, match="years 1 to 9999"):
        store.add([trace("ana", "3", time=datetime.min.replace(tzinfo=timezone(timedelta(hours=2))))])
    assert store.count() == 1


def test_adding_again_changes_nothing(store: Store) -> None:
    first = [trace("ana", str(number), text="once") for number in range(5)]
    assert store.add([*first, replace(first[0], text="twice")]) == Added(5, 1)
    assert store.add([replace(each, text="again") for each in first]) == Added(0, 5)
    assert store.add([replace(first[0], source="other")]) == Added(1, 0)
    assert [each.text for each in store.traces("ana")] == ["once"] * 6
    assert store.summaries() == [Summary("ana", 6, 0, ("other", "table"), None, None)]


def test_order_is_time_then_arrival(store: Store) -> None:
    """Ids of shuffled size, so that no order of keys or threads could be taken for the order of arrival."""
    traces = [
        trace("ana", f"{number * 7919 % 10007}", time=NOON if number % 2 else None) for number in range(6000)
    ]
    store.add(traces[:4000])
    store.add(traces[4000:])
    expected = [each.id for each in traces if each.time] + [each.id for each in traces if not each.time]
    [[person]] = store.people()
    assert [each.id for each in person.traces] == expected
    for batch in (1000, 2999, 3000, 3001, 6000):
        assert [each.id for each in store.traces("ana", batch)] == expected


def test_people_stream_in_batches_of_about_so_many_traces(store: Store) -> None:
    sizes = {f"p{number}": 1 + number % 4 for number in range(9)}
    store.add(trace(person, str(number)) for person, size in sizes.items() for number in range(size))
    batches = [[(person.id, len(person.traces)) for person in batch] for batch in store.people(4)]
    assert [pair for batch in batches for pair in batch] == sorted(sizes.items())
    assert [sum(size for _, size in batch) for batch in batches] == [3, 3, 4, 3, 3, 4, 1]
    assert [len(batch) for batch in store.people(1)] == [1] * 9
    assert [len(batch) for batch in store.people(100)] == [9]


def test_the_journal_makes_a_run_resumable(store: Store) -> None:
    store.add(trace(person, "1") for person in ("ana", "bea", "cleo"))
    settings = {"only": ["age"], "seed": 3}
    store.commit_person("bea", [claim("bea", "30")], "home", settings)
    assert store.journal.done("bea", "home", {"seed": 3, "only": ["age"]})
    assert not store.journal.done("bea", "home", {"seed": 4, "only": ["age"]})
    assert not store.journal.done("bea", "prompted", settings)
    assert [[p.id for p in batch] for batch in store.people(pending=("home", settings))] == [["ana", "cleo"]]
    store.commit_person("bea", [claim("bea", "70")], "home", settings)
    assert [each.best for each in store.profile("bea").current] == [Guess("30", 0.6)]
    store.add([trace("bea", "2")])
    assert not store.journal.done("bea", "home", settings)
    assert store.commit_people([("bea", [claim("bea", "70", hour=1)]), ("ana", [])], "home", settings) == 2
    assert [(e.traces, e.claims) for e in store.journal.entries("bea")] == [(2, 1)]
    assert [each.best for each in store.profile("bea").current] == [Guess("70", 0.6)]


def test_claims_keep_their_history(store: Store) -> None:
    old, new, given = claim("ana", "30"), claim("ana", "34", hour=1), claim("ana", "35", status="given")
    late = claim("ana", "31", hour=-1, valid_from=None, purpose="research", decision="research-2")
    expected = Profile("ana")
    for number, each in enumerate((old, new, late, given)):
        store.commit_person("ana", [each], "home", number)
        expected = expected.add(each)
        assert store.profile("ana") == expected
    assert expected.current == (given,)
    assert store.add_claims(expected.claims) == Added(0, 4)
    assert store.profile("ana") == expected


def test_a_person_commits_with_traces_or_not_at_all(store: Store) -> None:
    person = Person("ana", (trace("ana", "1", text="Rain."),))
    broken = replace(claim("ana", "30"), evidence=(Evidence("1", "", (), float("nan")),))
    with pytest.raises(BadInput, match="weight"):
        store.commit_person(person, [broken], "home", 1)
    assert (store.count(), list(store.traces("ana")), store.journal.done("ana", "home", 1)) == (0, [], False)
    store.commit_person(person, [claim("ana", "30")], "home", 1)
    assert (tuple(store.traces("ana")), store.profile("ana").current) == (
        person.traces,
        (claim("ana", "30"),),
    )
    assert store.journal.done("ana", "home", 1)
    with pytest.raises(BadInput, match="another person"):
        store.commit_person("bea", [claim("ana", "30")], "home", 1)
    with pytest.raises(BadInput, match="another person"):
        store.commit_person(Person("bea", person.traces), [], "home", 1)


def test_vectors_and_parameters(store: Store) -> None:
    traces = [trace("ana" if number % 2 else "bea", f"{number:04}") for number in range(1500)]
    vectors = np.random.default_rng(0).normal(size=(1500, 384)).astype(np.float32)
    store.put_vectors(traces, "home", vectors)
    store.put_vectors(traces, "home", vectors * 0)
    found = store.vectors("ana", "home")
    assert found.traces == tuple(("table", each.id) for each in traces if each.person == "ana")
    np.testing.assert_array_equal(found.vectors, vectors[1::2])
    assert store.vectors("ana", "other").vectors.shape == (0, 384)
    with pytest.raises(BadInput, match=r"\(1500, 384\)"):
        store.put_vectors(traces, "home", vectors[:, :10])
    store.put_parameters("ana", "adapter", b"\0one")
    store.put_parameters("ana", "adapter", b"\0two")
    assert (store.parameters("ana", "adapter"), store.parameters("bea", "adapter")) == (b"\0two", None)
    assert [each.person for each in store.summaries()] == ["ana", "bea"]


def test_lone_surrogates(store: Store) -> None:
    """They become U+FFFD in texts, one for one; in keys they are spelled out, so that two people stay two."""
    store.add(
        [trace("a\ud800", "\udfff", text="cut \ud83d here"), trace("a\ud801", "1", text="\ud83d\ude00")]
    )
    assert [[p.id for p in batch] for batch in store.people()] == [["a\\ud800", "a\\ud801"]]
    assert [each.text for each in store.traces("a\ud800")] == ["cut \ufffd here"]
    assert [each.text for each in store.traces("a\ud801")] == ["\ufffd\ufffd"]
    store.commit_person("a\ud800", [claim("a\ud800", "\ud800")], "m\ud800", "\ud800")
    assert store.journal.done("a\ud800", "m\ud800", "\ud800")
    assert store.profile("a\ud800").current[0].guesses[0].value == "\ufffd"
    assert store.delete_person("a\ud800")["traces"] == 1


def test_nearest_ids(store: Store) -> None:
    store.add(trace(person, "1") for person in ("person-1a", "person-2b", "zoe", "person-1b"))
    assert store.nearest("person-1") == ["person-1a", "person-1b", "person-2b"]


def test_threads_share_a_store(store: Store) -> None:
    def work(name: str) -> None:
        for number in range(4):
            store.add([trace(name, str(number))])
            store.commit_person(name, [claim(name, str(number))], "home", number)

    threads = [threading.Thread(target=work, args=(f"p{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(each.traces, each.claims) for each in store.summaries()] == [(4, 1)] * 3
    assert {len(store.profile(f"p{number}").claims) for number in range(3)} == {4}


class Interrupted:
    """A connection on which Ctrl-C falls, as DuckDB tells it."""

    def execute(self, *_: object) -> None:
        raise RuntimeError("Query interrupted")


@pytest.mark.parametrize("ask", ["execute", "arrays"])
def test_an_interrupt_during_a_query_stays_an_interrupt(
    ask: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(store.database, "_connection", Interrupted())
        with pytest.raises(KeyboardInterrupt):
            getattr(store.database, ask)("SELECT 1")
    assert store.database.execute("SELECT 1") == [(1,)]


def test_another_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("person,text\nana,hi\n")
    with pytest.raises(BadInput, match=r"not a (personae store|DuckDB file)"):
        Store(tmp_path / "people.csv", create=False)


def test_one_owner(store: Store) -> None:
    with pytest.raises(BadInput, match="this process has this store open already"):
        Store(store.path)
    code = "import sys; from personae.people.store import Store; Store(sys.argv[1])"
    other = subprocess.run(
        [sys.executable, "-c", code, store.path], capture_output=True, text=True, check=False
    )
    assert other.returncode == 1
    assert (
        other.stderr.strip()
        .splitlines()[-1]
        .endswith(
            "another process has this store open. Wait until it ends, or name another file with --store."
        )
    )


def test_clear_refusals(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such store"):
        Store(tmp_path / "none.duckdb", create=False)
    with pytest.raises(BadInput, match="folder does not exist"):
        Store(tmp_path / "none" / "people.duckdb")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(BadInput, match="not a DuckDB file"):
        Store(tmp_path / "notes.txt")
    duckdb.connect(str(tmp_path / "other.duckdb")).close()
    with pytest.raises(BadInput, match="not a personae store"):
        Store(tmp_path / "other.duckdb")
    with Store(tmp_path / "new.duckdb") as store:
        store.database.execute("UPDATE workspace SET version = version + 1")
    with pytest.raises(
        BadInput, match=r"written by a newer personae \(schema 2; this one reads 1\). Upgrade"
    ):
        Store(tmp_path / "new.duckdb")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["new.duckdb", "notes.txt", "other.duckdb"]


def test_a_closed_store_is_readable_by_its_owner_alone_and_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.duckdb").symlink_to(tmp_path / "people.duckdb")
    with Store(tmp_path / "link.duckdb") as store:
        store.add([trace("ana", "1")])
        store.database.rewrite()
    assert (tmp_path / "link.duckdb").is_symlink()
    assert (tmp_path / "people.duckdb").stat().st_mode & 0o777 == 0o600
    with Store(tmp_path / "people.duckdb", create=False) as store:
        assert store.count() == 1


def test_no_text_in_errors_or_journal(store: Store) -> None:
    store.commit_person(
        Person("ana", (trace("ana", "1", text=CANARY),)), [claim("ana", CANARY)], "home", CANARY
    )
    assert CANARY not in str(store.database.execute("SELECT journal::VARCHAR FROM journal"))
    for sql in (
        f"SELECT '{CANARY}'::INTEGER",
        "SELECT text::INTEGER FROM traces",
        f"SELECT {CANARY}",
        f"INSERT INTO parameters VALUES ('{CANARY}', 'a', NULL), ('{CANARY}', 'a', NULL)",
    ):
        for run in (store.database.execute, store.database.arrays):
            with pytest.raises(BadInput) as caught:
                run(sql)
            assert caught.value.__context__ is None
            assert "heron" not in "".join(traceback.format_exception(caught.value)).replace(sql, "")
    store.close()
    with pytest.raises(BadInput, match="closed"):
        store.count()


def test_a_store_that_another_process_made_first_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path / "theirs.duckdb") as store:
        store.add([trace("ana", "1")])

    def link(part: Path, path: Path) -> None:
        path.write_bytes((tmp_path / "theirs.duckdb").read_bytes())
        raise FileExistsError

    monkeypatch.setattr("os.link", link)
    with Store(tmp_path / "ours.duckdb") as store:
        assert store.count() == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ours.duckdb", "theirs.duckdb"]


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(part: Path, path: Path) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", link)
    with Store(tmp_path / "people.duckdb") as store:
        assert store.add([trace("ana", "1")]) == Added(1, 0)
    assert [file.name for file in tmp_path.iterdir()] == ["people.duckdb"]


def test_a_rewrite_that_fails_changes_nothing_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path / "people.duckdb") as store:
        store.add(trace("ana", str(number)) for number in range(10))
        copy = Database._copy

        def half(self: Database, table: str) -> None:
            copy(self, table)
            if table == "traces":
                self.execute("SELECT 'stop'::INTEGER")

        monkeypatch.setattr(Database, "_copy", half)
        with pytest.raises(BadInput, match="ConversionException"):
            store.database.rewrite()
        assert [file.name for file in tmp_path.iterdir() if file.suffix == ".part"] == []
        monkeypatch.setattr("personae.people._database._SLICE", 3)
        monkeypatch.setattr(Database, "_copy", copy)
        store.database.execute("DELETE FROM traces WHERE id IN ('2', '9')")
        store.database.rewrite()
        assert [each.id for each in store.traces("ana")] == ["0", "1", "3", "4", "5", "6", "7", "8"]
