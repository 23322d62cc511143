import json
from pathlib import Path

import pytest

from personae.errors import BadInput
from personae.papers import table
from personae.papers.harness import Paper, Result, compare, papers

ROWS = (
    compare("all | of it", "accuracy", "<b>here</b>", 0.5, n=4, paper=0.4, source="table 2", bar="within .2"),
    compare("half", "error", "here", float("nan"), bar="< .1"),
)
RESULT = Result("made", "personae papers run made", "2026-01-02", "0.1.0", 7, 1.5, ROWS)
README = f"# Made\n\nBefore.\n\n{table.BEGIN.format(slug='made')}\nold\n{table.END}\n\nAfter.\n"
MEASURED = [each for each in papers().values() if each.status == "measured"]


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setattr(Paper, "folder", property(lambda self: tmp_path / self.slug))
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "README.md").write_text(README, encoding="utf-8")
    return Paper("made", "Made", 2026, "arXiv:0", "mind")


def test_results_are_written_in_the_published_layout(made):
    table.save(RESULT, made)
    saved = json.loads((made.folder / "results.json").read_text())
    assert list(saved) == ["paper", "command", "date", "version", "seed", "seconds", "rows"]
    assert list(saved["rows"][0]) == [
        *("setting", "metric", "method", "value", "low", "high", "n", "paper", "source", "bar", "met"),
    ]
    assert (saved["rows"][0]["met"], saved["rows"][1]["met"], saved["rows"][1]["value"]) == (
        True,
        False,
        None,
    )
    assert table.as_json(table.load(made)) == table.as_json(RESULT) == saved


def test_met_is_computed_not_read(made):
    table.save(RESULT, made)
    path = made.folder / "results.json"
    path.write_text(path.read_text().replace('"met": false', '"met": true'))
    assert table.load(made).rows[1].met is False


def test_the_readme_keeps_its_words_and_takes_the_table(made):
    table.save(RESULT, made)
    readme = (made.folder / "README.md").read_text()
    assert "Before." in readme
    assert "After." in readme
    assert "old" not in readme
    assert (
        "| all \\| of it | accuracy | <b>here</b> | 0.500 |  | 4 | 0.400 (table 2) | +0.100 | within .2 met |"
        in readme
    )
    assert not table.is_stale(made)
    (made.folder / "README.md").write_text(readme.replace("0.500", "0.900"))
    assert table.is_stale(made)


def test_html_is_escaped():
    assert "<b>here" not in table.as_html(ROWS)
    assert "&lt;b&gt;here&lt;/b&gt;" in table.as_html(ROWS)


def test_a_failed_write_leaves_the_old_file(made, monkeypatch):
    table.save(RESULT, made)
    before = (made.folder / "results.json").read_text()

    def stop(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        table.write_whole(made.folder / "results.json", "half")
    assert (made.folder / "results.json").read_text() == before
    assert sorted(p.name for p in made.folder.iterdir()) == ["README.md", "results.json"]


def test_a_readme_without_markers_and_missing_results_say_so(made):
    with pytest.raises(BadInput, match="no saved results"):
        table.load(made)
    (made.folder / "README.md").write_text("# Made\n")
    with pytest.raises(BadInput, match="needs these two lines"):
        table.save(RESULT, made)
    assert not (made.folder / "results.json").exists()


@pytest.mark.parametrize("paper", MEASURED, ids=lambda paper: paper.slug)
def test_no_table_is_stale(paper):
    assert not table.is_stale(paper), f"run `personae papers table {paper.slug} --write`"


@pytest.mark.parametrize("paper", MEASURED, ids=lambda paper: paper.slug)
def test_saved_results_are_what_they_say(paper):
    saved = json.loads((paper.folder / "results.json").read_text(encoding="utf-8"))
    assert saved == table.as_json(table.load(paper))
    assert saved["paper"] == paper.slug
