"""The thinkingoutloud table: recorded numbers as expected, and every bar of a quick run."""

from __future__ import annotations

import time

import pytest

from personae.papers.harness import Context, run
from personae.papers.thinkingoutloud.experiment import EXPERIMENT

pytestmark = pytest.mark.data


def test_a_quick_run_meets_every_bar():
    start = time.process_time()
    result = run(EXPERIMENT, Context(quick=True))
    bars = [row for row in result.rows if row.bar]
    assert len(bars) > 10
    assert [row for row in bars if not row.met] == []
    assert time.process_time() - start < 60
