import json
import sys
from pathlib import Path

import pytest

from personae.people.archives._source import open_source
from personae.people.archives.rows import Options, RowError
from personae.people.records import Trace

sys.path.insert(0, str(Path(__file__).parent))  # so that tests import make.py, which is no test


@pytest.fixture
def put(tmp_path):
    """Write files into a folder: text as UTF-8, bytes as they are, anything else as JSON."""

    def write(files):
        for name, body in files.items():
            path = tmp_path / "export" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not isinstance(body, str | bytes):
                body = json.dumps(body)
            path.write_bytes(body if isinstance(body, bytes) else body.encode())
        return tmp_path / "export"

    return write


@pytest.fixture(scope="session")
def load():
    """Read a path with one importer: (traces, errors)."""

    def read(module, path, options=None):
        with open_source(Path(path)) as source:
            rows = list(module.read(source, options or Options()))
        return [r for r in rows if isinstance(r, Trace)], [r for r in rows if isinstance(r, RowError)]

    return read
