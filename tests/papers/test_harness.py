from datetime import date

import pytest

from personae.errors import BadInput, UnknownName
from personae.metrics.intervals import Interval, bootstrap_mean
from personae.papers.harness import (
    Comparison,
    Context,
    Experiment,
    compare,
    experiment,
    paper,
    papers,
    run,
)


@pytest.mark.parametrize(
    ("bar", "met"),
    [
        (">= .5", True),
        ("> .5", False),
        ("<= .5", True),
        ("< .5", False),
        ("< 5e-1", False),
        ("within .01", True),
        ("within .001", False),
        ("low > 0.4", True),
        ("high <= .55", False),
        ("", None),
    ],
)
def test_bars(bar, met):
    row = compare("s", "m", "x", Interval(0.5, 0.41, 0.6, 10, 5), paper=0.505, bar=bar)
    assert row.met is met
    assert row.n == 10


def test_a_number_that_cannot_be_measured_misses_its_bar():
    assert compare("s", "m", "x", float("nan"), bar=">= 0").met is False
    assert compare("s", "m", "x", 1.0, bar="low > 0").met is False


@pytest.mark.parametrize("bar", ["above .5", ">= high", "within .1"])
def test_bars_that_cannot_be_read_are_refused(bar):
    with pytest.raises(BadInput):
        compare("s", "m", "x", 0.5, bar=bar)


def test_an_interval_of_one_person_has_no_ends():
    row = compare("s", "m", "x", bootstrap_mean([1.0, 0.0], clusters=["a", "a"]))
    assert (row.value, row.low, row.high) == (0.5, None, None)


def test_run_keeps_rows_command_date_and_seed():
    made = Experiment("synthpai", lambda context: iter([compare("s", "m", "x", context.seed / 2)]))
    result = run(made, Context(seed=3), command="personae papers run synthpai", today=date(2026, 1, 2))
    assert result.rows == (Comparison("s", "m", "x", 1.5),)
    assert (result.paper, result.date, result.seed) == ("synthpai", "2026-01-02", 3)


def test_rows_must_differ_and_exist():
    row = compare("s", "m", "x", 1.0)
    for found in ([], [row, row]):
        with pytest.raises(BadInput):
            run(Experiment("synthpai", lambda context, found=found: iter(found)), Context())


def test_context_reads_a_folder_and_counts_draws(tmp_path):
    (tmp_path / "synthpai").mkdir()
    (tmp_path / "synthpai" / "expected_accuracy.json").write_text("[1, 2]")
    context = Context(folder=tmp_path)
    assert context.json("synthpai", "expected_accuracy.json") == [1, 2]
    assert context.path("synthpai", "expected_accuracy.json").is_file()
    assert (context.draws, Context(quick=True).draws) == (2000, 200)
    assert context.replayed
    assert not Context(model="http://localhost:1/v1#any").replayed


def test_chat_answers_from_a_recording(tmp_path):
    (tmp_path / "answers.jsonl").write_text(
        '{"hash": "", "model": "m", "person": "", "key": "k", "time": "2026-01-01T00:00:00+00:00", "messages": [],'
        ' "params": {}, "sample": 0, "response": {"text": "yes"}, "usage": {}}\n'
    )
    context = Context(model=f"replay:{tmp_path / 'answers.jsonl'}")
    assert not context.replayed
    assert context.chat().reply([{"role": "user", "content": "?"}], key="k").text == "yes"


def test_the_index_names_each_paper_once_with_known_data():
    from personae.people.datasets import datasets

    assert len({each.title for each in papers().values()}) == len(papers())
    for each in papers().values():
        assert each.title
        assert 2000 < each.year < 2100
        assert set(each.data) <= set(datasets())
        assert each.identifier.startswith("arXiv:")


def test_every_folder_is_in_the_index_and_whole():
    root = paper("synthpai").folder.parent
    folders = {folder.name for folder in root.iterdir() if (folder / "experiment.py").is_file()}
    assert folders <= set(papers())
    for slug in folders:
        assert experiment(slug).slug == slug
        assert (root / slug / "README.md").is_file()


def test_unknown_papers_and_planned_ones_say_what_there_is(monkeypatch):
    with pytest.raises(UnknownName, match="Nearest: synthpai"):
        paper("synthpay")
    monkeypatch.setattr("personae.papers.harness.find_spec", lambda name: None)
    with pytest.raises(UnknownName, match="no experiment yet"):
        experiment("synthpai")
