import sqlite3
from pathlib import Path

import numpy as np
import pytest

from personae.models.encoder import DIMENSIONS
from personae.models.kept import KeptEncoder, cache_folder


class Counting:
    name = "counting"

    def __init__(self):
        self.seen = []

    def encode(self, texts):
        self.seen += texts
        return np.array([[len(text) / 3] * DIMENSIONS for text in texts], dtype=np.float32)


def test_a_text_is_encoded_once_whoever_asks(tmp_path):
    first, second = Counting(), Counting()
    vectors = KeptEncoder(first, tmp_path).encode(["a", "bb", "a"])
    np.testing.assert_array_equal(
        KeptEncoder(second, tmp_path).encode(["bb", "ccc", "a"])[[2, 0]], vectors[:2]
    )
    assert first.seen == ["a", "bb"]
    assert second.seen == ["ccc"]
    assert KeptEncoder(second, tmp_path).encode([]).shape == (0, DIMENSIONS)


def test_other_weights_have_vectors_of_their_own(tmp_path):
    weights = tmp_path / "weights"
    counting = Counting()
    for content in ("old", "new"):
        weights.write_text(content)
        KeptEncoder(counting, tmp_path / "vectors", weights=[weights]).encode(["a"])
    assert counting.seen == ["a", "a"]


def test_no_text_is_written(tmp_path):
    kept = KeptEncoder(Counting(), tmp_path)
    kept.encode(["my dog is called Bruno"])
    assert b"Bruno" not in kept.path.read_bytes()


def test_a_file_that_is_none_of_ours_or_cannot_be_written_costs_time_alone(tmp_path):
    counting = Counting()
    kept = KeptEncoder(counting, tmp_path)
    kept.path.write_text("not a database, and long enough to be looked at as one " * 20)
    assert kept.encode(["a"])[0, 0] == np.float32(1 / 3)
    (tmp_path / "file").write_text("")
    assert KeptEncoder(counting, tmp_path / "file" / "below").encode(["a"])[0, 0] == np.float32(1 / 3)
    assert counting.seen == ["a", "a"]


def test_an_interruption_keeps_what_was_encoded(tmp_path, monkeypatch):
    monkeypatch.setattr("personae.models.kept._AT_ONCE", 2)

    class Stopped(Counting):
        def encode(self, texts):
            if len(self.seen) >= 2:
                raise KeyboardInterrupt
            return super().encode(texts)

    kept = KeptEncoder(Stopped(), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        kept.encode(["a", "b", "c"])
    assert sqlite3.connect(kept.path).execute("SELECT count(*) FROM vectors").fetchone() == (2,)


def test_the_folder_follows_the_environment(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/personae/vectors")
