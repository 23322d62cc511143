import json
from dataclasses import replace
from datetime import date

import pytest

from personae.errors import BadInput, DamagedData, PersonaeError, UnknownName
from personae.metrics.intervals import Interval, bootstrap_mean
from personae.papers.harness import (
    Comparison,
    Context,
    Experiment,
    altered_files,
    as_held,
    compare,
    experiment,
    paper,
    papers,
    run,
)
from personae.papers.table import as_json, cells, parsed


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


def test_too_few_rows_are_the_limits_fault():
    def rows(context):
        yield compare("s", "m", "x", bootstrap_mean([]))

    made = Experiment("synthpai", rows)
    with pytest.raises(
        BadInput, match=r"left of synthpai under --limit 5: There is nothing.*Raise the limit"
    ):
        run(made, Context(limit=5))
    for context in (Context(), Context(limit=5, model="http://localhost:1/v1#m")):
        with pytest.raises(BadInput, match=r"^There is nothing"):
            run(made, context)


@pytest.mark.parametrize("error", [IndexError("tuple index"), ZeroDivisionError(), ValueError("dimensions")])
def test_what_breaks_on_few_rows_is_the_limits_fault_too(error):
    def rows(context):
        yield compare("s", "m", "x", 1.0)
        raise error

    made = Experiment("synthpai", rows)
    with pytest.raises(BadInput, match=r"left of synthpai under --limit 5. Raise the limit") as caught:
        run(made, Context(limit=5))
    assert caught.value.__cause__ is error
    with pytest.raises(type(error)):
        run(made, Context())


@pytest.mark.parametrize(
    "error",
    [
        DamagedData("d/f.csv is cut off."),
        UnknownName("No attribute."),
        BadInput("No outcome; give --limit 100 or more."),
    ],
)
def test_an_error_that_says_more_than_the_limit_stays(error):
    def rows(context):
        yield compare("s", "m", "x", 1.0)
        raise error

    with pytest.raises(PersonaeError) as caught:
        run(Experiment("synthpai", rows), Context(limit=5))
    assert caught.value is error


def test_what_cannot_be_measured_on_altered_data_is_the_datas_fault(tmp_path, monkeypatch):
    def rows(context):
        yield compare("s", "m", "x", 1.0)
        raise KeyError("0f3a")

    made, context = Experiment("personamem", rows), Context(folder=tmp_path)
    with pytest.raises(KeyError):
        run(made, context)
    (tmp_path / "personamem").mkdir()
    (tmp_path / "personamem" / "recorded_answers_reasoning_model.jsonl.zst").write_bytes(b"cut off")
    assert altered_files("personamem", context) == ["personamem/recorded_answers_reasoning_model.jsonl.zst"]
    with pytest.raises(DamagedData, match=r"zst: not as long") as caught:
        run(made, context)
    assert "0f3a" not in str(caught.value)
    monkeypatch.delenv("PERSONAE_DATA", raising=False)
    assert altered_files("personamem", Context()) == []


def test_bars_are_held_where_the_rows_are_those_of_the_saved_run(monkeypatch):
    monkeypatch.setattr("personae.papers.harness._saved_sizes", lambda slug: {("s", "m", "x"): 10})
    whole, fewer, other = (
        compare("s", metric, "x", 0.5, n=n, bar="> 1") for metric, n in (("m", 10), ("m", 9), ("new", 9))
    )
    rows = (whole, fewer, other, replace(fewer, bar=""))
    assert as_held("synthpai", rows, Context()) == rows
    held = [row.met for row in as_held("synthpai", rows, Context(limit=9))]
    assert held == [False, None, None, None]
    assert [row.met for row in as_held("synthpai", rows, Context(quick=True))] == [False, None, False, None]
    unheld = as_held("synthpai", rows, Context(limit=9))[1]
    assert cells(unheld)[-1] == "> 1 not held"
    assert unheld.value == 0.5


def test_a_live_result_names_its_model():
    made = Experiment("synthpai", lambda context: iter([compare("s", "m", "x", 1.0)]))
    live = run(made, Context(model="http://localhost:1/v1#m"))
    assert as_json(live)["model"] == "http://localhost:1/v1#m"
    assert parsed(json.dumps(as_json(live))) == live
    assert "model" not in as_json(run(made, Context()))


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
    with pytest.raises(UnknownName, match="Nearest: synthpai"):
        paper("SYNTHPAI")
    with pytest.raises(UnknownName, match=r"^No paper ''\. List them") as caught:
        paper("")
    assert len(str(caught.value)) < 100
    monkeypatch.setattr("personae.papers.harness.find_spec", lambda name: None)
    with pytest.raises(UnknownName, match="no experiment yet"):
        experiment("synthpai")
