"""The papers as Inspect tasks: with Inspect's mock model, its scores and ours agree on the same recorded answers."""

from __future__ import annotations

import pytest

inspect_ai = pytest.importorskip("inspect_ai")

from inspect_ai.model import ModelOutput, ModelUsage, get_model  # noqa: E402

from personae.dialogue.personamem import read_questions  # noqa: E402
from personae.errors import BadInput  # noqa: E402
from personae.papers.harness import Context  # noqa: E402
from personae.papers.inspect_tasks import paper_task  # noqa: E402
from personae.papers.personamem.experiment import DATA, QUESTIONS  # noqa: E402
from personae.papers.personamem.scores import recorded  # noqa: E402

pytestmark = pytest.mark.data
N = 40


def said(letter: str) -> ModelOutput:
    output = ModelOutput.from_content("mockllm/model", f"ANSWER: {letter}")
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output


def scored(task, letters, folder) -> float:
    model = get_model("mockllm/model", custom_outputs=[said(letter) for letter in letters])
    (log,) = inspect_ai.eval(
        task, model=model, display="none", log_dir=str(folder), max_connections=1, max_samples=1
    )
    assert log.status == "success"
    return float(log.results.scores[0].metrics["accuracy"].value)


def test_recorded_answers_score_alike(tmp_path):
    context = Context(limit=N)
    questions = read_questions(context.rows(DATA, QUESTIONS))[:N]
    right, _ = recorded(context, questions)
    letters = ["ABCD"[q.right if ok else (q.right + 1) % 4] for q, ok in zip(questions, right, strict=True)]
    assert scored(paper_task("personamem", limit=N, seed=None), letters, tmp_path) == pytest.approx(
        right.mean()
    )
    assert 0.2 < right.mean() < 1.0


@pytest.mark.parametrize("slug", ["personaljudge", "twin2k", "dailydilemmas", "subtlerbias"])
def test_every_multiple_choice_paper_is_a_task(slug, tmp_path):
    task = paper_task(slug, limit=6)
    letters = ["A", "B"] * 3
    ours = sum(sample.target == letter for sample, letter in zip(task.dataset, letters, strict=True)) / 6
    assert scored(task, letters, tmp_path) == pytest.approx(ours)


def test_a_paper_without_options_says_how_to_run_it():
    with pytest.raises(BadInput, match="papers run persuasion"):
        paper_task("persuasion")
