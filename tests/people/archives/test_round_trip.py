"""What is said in a made archive is what its importer reads: text, time, role, one person, nothing skipped."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import make
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.people.archives import Options, Tally, read_archive

MINE = {
    "chatgpt",
    "claude",
    "reddit",
    "reddit_dump",
    "x",
    "mastodon",
    "messages",
    "sharegpt",
    "table_csv",
    "table_jsonl",
    "table_parquet",
}
OWN_ONLY = {"mastodon", "reddit_dump"}
GONE = {"[deleted]", "[removed]"}

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), min_size=1, max_size=80).map(
    str.strip
)
times = st.datetimes(datetime(1990, 1, 1), datetime(2025, 1, 1)).map(
    lambda t: t.replace(microsecond=0, tzinfo=UTC)
)
lines = st.lists(
    st.builds(make.Line, texts.filter(lambda text: text and text not in GONE and not text.startswith("RT @")), times, st.sampled_from(["self", "other"])),
    min_size=1, max_size=8, unique_by=lambda line: (line.text, line.time),
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(MINE))
@settings(max_examples=12, deadline=None, derandomize=True)
@given(said=lines)
def test_what_was_said_is_what_is_read(name, said):
    own = [line for line in said if line.role == "self"]
    if not own:
        return
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        archive = read_archive(make.MAKERS[name](Path(folder), said), Options(keep_identifiers=True))
        traces = list(tally.traces(archive.rows))
    expected = own if name in OWN_ONLY else said
    found = [(trace.text, trace.time, "self" if trace.role == "self" else "other") for trace in traces]
    assert sorted(found) == sorted((line.text, line.time, line.role) for line in expected)
    assert [row for row in found if row[2] == "self"] == [(line.text, line.time, "self") for line in own]
    assert len({trace.person for trace in traces}) == 1
    assert (tally.read, tally.kept, tally.skipped) == (len(expected), len(expected), 0)
    assert len({trace.where for trace in traces}) == len({trace.id for trace in traces}) == len(traces)
    assert tally.first == min(line.time for line in expected)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(said=lines)
def test_every_word_of_plain_text_is_read(said):
    own = [line.text for line in said if line.role == "self"]
    with tempfile.TemporaryDirectory() as folder:
        archive = read_archive(make.plain(Path(folder), said), Options(keep_identifiers=True))
        words = [
            word for trace in archive.rows if trace.thread == "ana/notes.md" for word in trace.text.split()
        ]
    assert words == " ".join(own).split()
