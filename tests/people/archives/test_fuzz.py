"""Damaged archives of every platform: whatever the bytes, rows are traces or counted errors, and memory is bounded."""

import os
import random
import shutil
import tempfile
import tracemalloc
import zipfile
from collections import Counter
from itertools import islice
from pathlib import Path

import make
import mutate
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personae.errors import BadInput
from personae.people.archives import Options, RowError, Tally, read_archive
from personae.people.archives.detect import FORMATS
from personae.people.records import KINDS, ROLES

CANARY = "zebrafinch"
LINES = tuple(make.Line(f"{CANARY} {line.text} {CANARY}", line.time, line.role) for line in make.LINES)
ROUNDS = 2  # of every attack on every platform
ATTACKS = sorted(mutate.MEMBER_ATTACKS)
PEAK_BYTES = 150 << 20


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the members of each platform's valid archive, and how it was packed."""
    found = {}
    for name, maker in make.MAKERS.items():
        path = maker(tmp_path_factory.mktemp(name), LINES)
        kind = (
            "folder"
            if path.is_dir()
            else "zip"
            if zipfile.is_zipfile(path)
            else "tar"
            if path.suffix == ".gz"
            else "file"
        )
        found[name] = mutate.members_of(path), kind
    return found


def opened(path):
    try:
        return read_archive(path), ""
    except BadInput as error:
        return None, str(error)


def survive(path):
    """Read all of an archive and return its tally: every row a sound trace or an error that quotes nothing."""
    tally = Tally()
    archive, refusal = opened(path)
    if archive is None:
        assert CANARY not in refusal
        return tally
    seen = set()
    for trace in islice(tally.traces(archive.rows), 100_000):
        assert trace.kind in KINDS
        assert trace.role in ROLES
        assert trace.time is None or trace.time.utcoffset().total_seconds() == 0
        assert trace.where
        item = trace.item
        for text in (trace.person, trace.source, trace.id, trace.thread, trace.text, trace.where):
            text.encode()
            assert "\x00" not in text
        assert item is None or all(
            "\x00" not in text and text.encode() is not None for text in (item.id, item.title, item.creator)
        )
        assert (trace.person, trace.source, trace.id) not in seen
        seen.add((trace.person, trace.source, trace.id))
    assert tally.read == tally.kept + tally.skipped == len(seen) + sum(tally.reasons.values())
    for error in tally.errors:
        assert CANARY not in repr(error)
        assert error.reason
        assert error.where
    return tally


@pytest.mark.parametrize("name", sorted(make.MAKERS))
def test_every_attack_on_what_the_files_hold(name, whole, tmp_path):
    members, kind = whole[name]
    kinds = [kind] if kind == "file" else ["zip", "folder", "tar"]
    read = Counter()
    for attack in ATTACKS:
        for seed in range(ROUNDS):
            rng = random.Random(f"{name} {attack} {seed}")
            folder = Path(tempfile.mkdtemp(dir=tmp_path))
            changed = mutate.MEMBER_ATTACKS[attack](dict(members), rng)
            if kind == "file":
                changed = dict(islice(changed.items(), 1))
            tally = survive(mutate.pack(changed, folder, rng.choice(kinds)))
            read.update(kept=tally.kept, skipped=tally.skipped)
            shutil.rmtree(folder)
    assert read["kept"] > 0
    assert read["skipped"] > 0 or name == "plain"  # where any bytes are text


@pytest.mark.parametrize("name", sorted(make.MAKERS))
def test_attacks_on_the_archive_itself(name, whole, tmp_path):
    members, kind = whole[name]
    for seed in range(4):
        rng = random.Random(f"{name} {seed}")
        path = mutate.pack(members, Path(tempfile.mkdtemp(dir=tmp_path)), "zip" if kind == "folder" else kind)
        (mutate.cut_file if seed % 2 else mutate.flip_file)(path, rng)
        survive(path)


@pytest.mark.parametrize("name", sorted(name for name in make.MAKERS))
def test_names_that_lead_out_and_links_are_refused_and_counted(name, whole, tmp_path):
    members, kind = whole[name]
    if kind == "file":
        (tmp_path / "folder").mkdir()
        inside = mutate.pack(members, tmp_path / "folder", "file")
        (tmp_path / "folder" / ("link" + inside.suffix)).symlink_to("/etc/passwd")
        assert survive(tmp_path / "folder").reasons["a link"] in {0, 1}
        return
    path = mutate.pack(mutate.hostile_names(members, random.Random(name)), tmp_path, "zip")
    mutate.link_in_zip(path, "/etc/passwd")
    tally = survive(path)
    assert tally.read == 0 or tally.reasons["a link"] == 1
    assert tally.read == 0 or tally.reasons["a name that leaves the archive"] > 0


def _peak(path):
    tracemalloc.start()
    try:
        tally = survive(path)
        return tally, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", sorted(name for name in make.MAKERS if name != "table_parquet"))
def test_a_line_of_fifty_megabytes_is_one_error_in_bounded_memory(name, whole, tmp_path):
    members, kind = whole[name]
    long = b"x" * (50 << 20)
    bombs = {}
    for file, body in members.items():
        place = body.rfind(CANARY.encode())
        bombs[file] = body if place < 0 else body[:place] + long + body[place:]
    assert bombs != members
    tally, peak = _peak(mutate.pack(bombs, tmp_path, "file" if kind == "file" else "folder"))
    assert tally.skipped > 0
    assert peak < PEAK_BYTES


@pytest.mark.parametrize("name", sorted(make.MAKERS))
def test_zip_bombs_are_left_out_in_bounded_memory(name, whole, tmp_path):
    members, _ = whole[name]
    path = mutate.pack(
        {**members, "bomb.json": b"[" + b" " * (30 << 20), "bomb.csv": b"," * (30 << 20)}, tmp_path, "zip"
    )
    tally, peak = _peak(path)
    assert peak < PEAK_BYTES
    assert tally.read == 0 or tally.reasons["unpacks to a size no export has"] == 2


@pytest.mark.parametrize("name", sorted(make.MAKERS))
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32), attacks=st.lists(st.sampled_from(ATTACKS), min_size=2, max_size=3))
def test_never_raises_under_several_attacks(name, whole, seed, attacks):
    members, kind = whole[name]
    rng = random.Random(seed)
    changed = dict(members)
    for attack in attacks:
        changed = mutate.MEMBER_ATTACKS[attack](changed, rng)
    if kind == "file":
        changed = dict(islice(changed.items(), 1))
    with tempfile.TemporaryDirectory() as folder:
        survive(mutate.pack(changed, Path(folder), "file" if kind == "file" else "folder"))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    body=st.binary(max_size=400),
    name=st.sampled_from(["a", "a.json", "a.csv", "a.txt", "a.parquet", "a.zst", "a.zip", "a.js"]),
)
def test_never_raises_on_any_bytes(body, name):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(body)
        survive(Path(folder) / name)


def test_every_format_is_attacked():
    attacked = {make.FORMAT.get(name, name) for name in make.MAKERS}
    assert attacked == {form.name for form in FORMATS}
    assert len(make.MAKERS) * len(ATTACKS) * ROUNDS >= 300


def test_an_archive_that_cannot_be_opened_is_one_clear_error(tmp_path):
    (tmp_path / "a.bin").write_bytes(os.urandom(3000))
    with pytest.raises(BadInput, match=r"a\.bin: no format that is known.*chatgpt, .*plain") as error:
        read_archive(tmp_path / "a.bin", Options())
    assert "\n" not in str(error.value)
    assert RowError("a", "b").mend == ""
