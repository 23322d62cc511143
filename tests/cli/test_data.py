import json

import pytest
from typer.testing import CliRunner

from personae.cli.data import app
from personae.errors import MissingData, UnknownName
from personae.people import datasets as registry
from personae.people.datasets import DataFile, Dataset, DataSource, checksum


@pytest.fixture
def made(tmp_path, monkeypatch):
    (tmp_path / "made").mkdir()
    here = tmp_path / "made" / "a.json"
    here.write_text("{}")
    files = (DataFile("a.json", 2, checksum(here)), DataFile("b.json", 2, "0" * 64, rows=5))
    known = {"made": Dataset("made", "Made", (DataSource("some/one", "abc123def456", "MIT"),), files)}
    monkeypatch.setattr(registry, "datasets", lambda: known)
    monkeypatch.setenv("PERSONAE_DATA", str(tmp_path))
    return tmp_path / "made"


def _invoke(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_list_names_sources_licences_and_rows(made):
    assert "some/one@abc123de (MIT)" in _invoke("list").stdout
    listed = json.loads(_invoke("list", "--json").stdout)
    assert listed["files"][1]["rows"] == 5


def test_verify_says_what_is_missing_and_how_to_get_it(made):
    found = _invoke("verify")
    assert found.exit_code == 1
    assert "b.json\tmissing" in found.stdout
    assert "some/one at commit abc123def456 (MIT)" in found.stderr
    states = [json.loads(line)["state"] for line in _invoke("verify", "made", "--json").stdout.splitlines()]
    assert states == ["ok", "missing"]


def test_verify_of_a_whole_data_set_exits_with_zero(made, monkeypatch):
    (made / "b.json").write_text("[]")
    whole = registry.datasets()["made"]
    files = tuple(DataFile(f.name, f.bytes, checksum(made / f.name)) for f in whole.files)
    monkeypatch.setattr(
        registry, "datasets", lambda: {"made": Dataset(whole.name, whole.title, whole.sources, files)}
    )
    assert _invoke("verify").exit_code == 0


def test_unknown_names_and_missing_folders_are_errors(made, monkeypatch):
    assert isinstance(_invoke("verify", "mode").exception, UnknownName)
    monkeypatch.delenv("PERSONAE_DATA")
    assert isinstance(_invoke("verify").exception, MissingData)
