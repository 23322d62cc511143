"""Arbitrary traces and claims through the store, through files, and back."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personae.people.exchange import contents, export, read_claims, read_traces
from personae.people.records import KINDS, ROLES, Claim, Evidence, Guess, Item, Profile, Trace
from personae.people.store import Store

texts = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    ["", "\0", "\ud83d", "\U0010ffff", "👩‍💻" * 30, "a\r\n\u2028b", '"\\', "NULL", "nan", "\ufeff", "{}"]
)
times = st.none() | st.datetimes(timezones=st.just(UTC))
floats = st.none() | st.floats(allow_nan=False, allow_infinity=False)
traces = st.lists(
    st.builds(
        Trace, texts, texts, texts, times, st.sampled_from(KINDS), st.sampled_from(ROLES), texts, texts,
        st.none() | st.builds(Item, texts, texts, texts), floats, texts,
    ),
    max_size=12,
)  # fmt: skip
shares = st.floats(0, 1)
claims = st.lists(
    st.builds(
        Claim, st.sampled_from(["ana", "b\ud800", ""]), st.sampled_from(["age", "sex"]),
        st.lists(st.builds(Guess, texts, shares), min_size=1, max_size=3).map(tuple),
        st.sampled_from(["stated", "inferred", "given"]), st.booleans(), texts,
        st.lists(
            st.builds(Evidence, texts, texts, st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2**40))).map(tuple), shares),
            max_size=2,
        ).map(tuple),
        texts, times, times, times, texts, texts,
    ),
    max_size=8,
)  # fmt: skip
once = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = itertools.count()


def is_lone(character: str) -> bool:
    return 0xD800 <= ord(character) <= 0xDFFF


def text(raw: str) -> str:
    return "".join("\ufffd" if is_lone(character) else character for character in raw)


def key(raw: str) -> str:
    return "".join(f"\\u{ord(character):04x}" if is_lone(character) else character for character in raw)


def stored(trace: Trace) -> Trace:
    item = trace.item and Item(text(trace.item.id), text(trace.item.title), text(trace.item.creator))
    return replace(
        trace, person=key(trace.person), source=key(trace.source), id=key(trace.id), thread=text(trace.thread),
        text=text(trace.text), item=item, where=text(trace.where),
    )  # fmt: skip


def said(claim: Claim) -> Claim:
    return replace(
        claim, person=key(claim.person), method=key(claim.method), model=key(claim.model),
        guesses=tuple(Guess(text(each.value), each.probability) for each in claim.guesses),
        evidence=tuple(replace(each, trace=key(each.trace), where=text(each.where)) for each in claim.evidence),
        purpose=text(claim.purpose), decision=text(claim.decision),
    )  # fmt: skip


def in_store(store: Store) -> list[Trace]:
    return [trace for batch in store.people() for person in batch for trace in person.traces]


@once
@given(traces)
def test_traces_survive_the_store_and_both_files(tmp_path: Path, given_traces: list[Trace]) -> None:
    folder = tmp_path / str(next(numbers))
    folder.mkdir()
    expected: dict[tuple[str, str, str], Trace] = {}
    for trace in map(stored, given_traces):
        expected.setdefault((trace.person, trace.source, trace.id), trace)
    order = {id_: place for place, id_ in enumerate(expected)}
    wanted = sorted(
        expected.values(),
        key=lambda t: (
            t.person.encode(),
            t.time is None,
            t.time or datetime.min,
            order[t.person, t.source, t.id],
        ),
    )
    with Store(folder / "a.duckdb") as store:
        store.add(given_traces)
        assert in_store(store) == wanted
        assert sum(each.traces for each in store.summaries()) == len(wanted)
        for name in ("t.jsonl", "t.parquet"):
            assert export(store, folder / name) == len(wanted)
            assert list(read_traces(folder / name)) == wanted
            assert not wanted or contents(folder / name) == "traces"
    with Store(folder / "b.duckdb") as other:
        other.add(read_traces(folder / "t.jsonl"))
        assert in_store(other) == wanted


@once
@given(claims)
def test_claims_survive_the_store_and_both_files(tmp_path: Path, given_claims: list[Claim]) -> None:
    folder = tmp_path / str(next(numbers))
    folder.mkdir()
    profiles: dict[str, Profile] = {}
    for claim in dict.fromkeys(map(said, given_claims)):
        profiles[claim.person] = profiles.get(claim.person, Profile(claim.person)).add(claim)
    with Store(folder / "a.duckdb") as store:
        store.add_claims(given_claims)
        assert {person: store.profile(person) for person in profiles} == profiles
        for name in ("c.jsonl", "c.parquet"):
            assert export(store, folder / name, "claims") == sum(
                len(each.claims) for each in profiles.values()
            )
            read = list(read_claims(folder / name))
            assert read == [claim for person in sorted(profiles) for claim in profiles[person].claims]
            assert not read or contents(folder / name) == "claims"
        assert store.add_claims(read).new == 0
    with Store(folder / "b.duckdb") as other:
        other.add_claims(read)
        assert {person: set(other.profile(person).claims) for person in profiles} == {
            person: set(profile.claims) for person, profile in profiles.items()
        }


lines = st.lists(
    st.binary(max_size=30)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts,
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["person", "source", "id", "time", "item", "value", "guesses", "spans", "status"]), inner),
        max_leaves=12,
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines)
def test_damaged_rows_are_told_never_raised(tmp_path: Path, given_lines: list[object]) -> None:
    import json

    file = tmp_path / "rows.jsonl"
    spelled = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in given_lines]
    file.write_bytes(b"\n".join(spelled))
    for rows in (list(read_traces(file)), list(read_claims(file))):
        assert len(rows) <= file.read_bytes().count(b"\n") + file.read_bytes().count(b"\r") + 1
        for row in rows:
            assert isinstance(row, Trace | Claim) or row.where.startswith("rows.jsonl:")


@pytest.mark.parametrize("cut", [0, 3, 200, -30, -5])
def test_a_cut_parquet_file_is_refused(tmp_path: Path, cut: int) -> None:
    from personae.errors import BadInput

    with Store(tmp_path / "a.duckdb") as store:
        store.add([Trace("ana", "table", "1", text="the heron")])
        export(store, tmp_path / "t.parquet")
    whole = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(whole[:cut])
    with pytest.raises(BadInput, match="not a readable Parquet file"):
        list(read_traces(tmp_path / "t.parquet"))
