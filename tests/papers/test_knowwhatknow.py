"""The knowwhatknow table: recorded numbers as expected, and every bar of a quick run."""

from __future__ import annotations

import time

import pytest

from personae.papers.harness import Context, run
from personae.papers.knowwhatknow.experiment import EXPERIMENT, samples
from personae.papers.knowwhatknow.recorded import BEST_WRITER, boolq_runs, solutions

pytestmark = pytest.mark.data


def test_a_quick_run_meets_every_bar():
    start = time.process_time()
    result = run(EXPERIMENT, Context(quick=True))
    bars = [row for row in result.rows if row.bar]
    assert len(bars) > 10
    assert [row for row in bars if not row.met] == []
    assert time.process_time() - start < 60


def test_the_recorded_answers_are_those_of_the_card():
    """Llama-3-8B on BoolQ, the rows here: 0.715, .678, .414, .477, .811, .811 right (card, point 1)."""
    runs = boolq_runs(Context())
    assert [len(run.right) for run in runs] == [2338, 2593, 538, 377, 143, 159]
    assert [run.right.mean() for run in runs] == pytest.approx(
        [0.715, 0.678, 0.414, 0.477, 0.811, 0.811], abs=6e-4
    )
    assert solutions(Context()).right.mean(axis=0)[BEST_WRITER] == pytest.approx(0.5621, abs=1e-4)


def test_samples_have_a_question_options_and_the_right_one():
    found = samples(Context(limit=3))
    assert [each["options"] for each in found] == [["yes", "no"]] * 3
    assert all(each["target"] in (0, 1) and each["prompt"].endswith("?") for each in found)
