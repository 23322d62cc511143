"""The thinkingoutloud table: recorded numbers as expected, and every bar of a quick run."""

from __future__ import annotations

import time

import numpy as np
import pytest

from personae.papers.harness import Context, run
from personae.papers.thinkingoutloud.experiment import EXPERIMENT, samples
from personae.papers.thinkingoutloud.recorded import hedges

pytestmark = pytest.mark.data


def test_a_quick_run_meets_every_bar():
    start = time.process_time()
    result = run(EXPERIMENT, Context(quick=True))
    bars = [row for row in result.rows if row.bar]
    assert len(bars) > 10
    assert [row for row in bars if not row.met] == []
    assert time.process_time() - start < 60


def test_the_recorded_readers_are_those_of_the_card():
    """GPT-5 on the 1,385 rated hedges: mean squared error 0.0191, r 0.859 (card, point 1)."""
    found = hedges(Context())
    assert len(found.sentences) == 1385
    assert ((found.read["GPT-5"] - found.ratings) ** 2).mean() == pytest.approx(0.0191, abs=6e-5)
    assert np.corrcoef(found.read["GPT-5"], found.ratings)[0, 1] == pytest.approx(0.859, abs=6e-4)


def test_samples_have_a_problem_and_its_final_answer():
    found = samples(Context(limit=3))
    assert len({each["id"] for each in found}) == 3
    assert all(each["prompt"] and each["target"] for each in found)
