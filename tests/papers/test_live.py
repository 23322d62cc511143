"""Every paper's live run against a real server over HTTP: rows come out, answers are kept, and none is asked for twice."""

from __future__ import annotations

import pytest

from personae.papers.harness import Context, experiment, run

pytestmark = pytest.mark.data
CHOOSING = (
    "personamem",
    "personaljudge",
    "subtlerbias",
    "dailydilemmas",
    "knowwhatknow",
    "twin2k",
    "persuasion",
    "personafeedback",
)
ASKED_OPEN = ("synthpai", "llmprivacy", "thinkingoutloud", "rpm")


@pytest.mark.parametrize("slug", [*CHOOSING, *ASKED_OPEN])
def test_a_live_run_over_http_is_resumed_from_its_recording(slug, server, tmp_path):
    pytest.importorskip("scipy")
    context = Context(quick=True, limit=3, model=server.model, recording=tmp_path / "answers.jsonl")
    first = run(experiment(slug), context)
    n_calls = server.n_calls
    again = run(experiment(slug), context)
    assert n_calls >= 3
    assert server.n_calls == n_calls
    assert any(row.method.startswith(server.model) for row in first.rows)
    assert [(row.metric, row.n) for row in again.rows] == [(row.metric, row.n) for row in first.rows]


@pytest.mark.parametrize("slug", CHOOSING)
def test_a_live_run_that_chooses_prints_the_shortcuts(slug, server):
    pytest.importorskip("scipy")
    result = run(experiment(slug), Context(quick=True, limit=12, model=server.model))
    found = {
        row.method.removeprefix("shortcut: ") for row in result.rows if row.method.startswith("shortcut: ")
    }
    assert {"longest", "position 1", "option words"} <= found
