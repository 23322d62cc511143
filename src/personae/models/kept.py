"""Vectors kept on disk: texts of public data sets are encoded once on a machine, by whatever experiment comes first.

Not for a person's own texts: vectors can be read back to words in part, and `forget` does not look here.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from personae.models.encoder import DIMENSIONS, Encoder, text_key

_AT_ONCE = 500  # texts encoded before they are kept: what an interruption may lose
_ASKED = 500  # keys in one query
_PATIENCE = 60.0  # seconds to wait for another process's turn
_TABLE = "CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID"


def cache_folder() -> Path:
    """Return the folder that kept vectors stand in: personae/vectors in XDG_CACHE_HOME, or in ~/.cache without it."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if named else Path.home() / ".cache") / "personae" / "vectors"


class KeptEncoder:
    """An encoder whose vectors stay in a file, by a digest of their text; the texts themselves are not kept.

    Several processes may share the file. Where the folder cannot be written, or the file is none of ours, it encodes anew.

    Parameters
    ----------
    encoder : Encoder
    folder : Path
        Holds one SQLite file an encoder, named after it and after `weights`; delete it to let all vectors go.
    weights : sequence of Path
        Files that make the encoder what it is: vectors of other weights are never returned.

    Examples
    --------
    >>> import tempfile
    >>> from personae.models.encoder import home_encoder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = KeptEncoder(home_encoder(), Path(folder)).encode(["a dog"])
    ...     again = KeptEncoder(home_encoder(), Path(folder)).encode(["a dog"])
    >>> bool((first == again).all())
    True
    """

    def __init__(self, encoder: Encoder, folder: Path, *, weights: Sequence[Path] = ()) -> None:
        self.encoder = encoder
        self.name = encoder.name
        digest = hashlib.blake2b(digest_size=8)
        for file in weights:
            digest.update(file.read_bytes())
        self.path = folder / f"{encoder.name}-{digest.hexdigest()}.sqlite"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 vectors of shape (n_texts, n_dimensions), as the encoder behind gives them."""
        keys = [text_key(text) for text in texts]
        found = self._read(list(dict.fromkeys(keys)))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        new = list(missing)
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            fresh = dict(zip(some, self.encoder.encode([missing[key] for key in some]), strict=True))
            self._keep(fresh)
            found |= fresh
        return np.stack([found[key] for key in keys]) if keys else np.zeros((0, DIMENSIONS), dtype=np.float32)

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        found: dict[bytes, NDArray[np.float32]] = {}
        if not self.path.is_file():
            return found
        with suppress(OSError, sqlite3.Error), closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as kept:
            for start in range(0, len(keys), _ASKED):
                some = keys[start : start + _ASKED]
                query = f"SELECT text, vector FROM vectors WHERE text IN ({','.join('?' * len(some))})"
                found |= {key: np.frombuffer(blob, dtype="<f4") for key, blob in kept.execute(query, some)}
        return found

    def _keep(self, fresh: dict[bytes, NDArray[np.float32]]) -> None:
        rows = [(key, vector.astype("<f4").tobytes()) for key, vector in fresh.items()]
        with suppress(OSError, sqlite3.Error):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as kept, kept:
                kept.execute(_TABLE)
                kept.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
