"""The papers as Inspect tasks: with Inspect's mock model, its scores and ours agree on the same recorded answers."""

from __future__ import annotations

import pytest

inspect_ai = pytest.importorskip("inspect_ai")

from inspect_ai.model import ModelOutput, ModelUsage, get_model  # noqa: E402

from personae.audit.subtlerbias.items import OPTION_VALENCES  # noqa: E402
from personae.dialogue.personamem import read_questions  # noqa: E402
from personae.errors import BadInput, UnknownName  # noqa: E402
from personae.metrics.judge import LocalJudge  # noqa: E402
from personae.papers import inspect_tasks  # noqa: E402
from personae.papers.dailydilemmas.dilemmas import PROMPTS, principles  # noqa: E402
from personae.papers.harness import Context  # noqa: E402
from personae.papers.inspect_tasks import paper_task  # noqa: E402
from personae.papers.llmprivacy import experiment as llmprivacy  # noqa: E402
from personae.papers.personaljudge.runs import item_of, recordings  # noqa: E402
from personae.papers.personamem.experiment import DATA, QUESTIONS  # noqa: E402
from personae.papers.personamem.scores import recorded  # noqa: E402
from personae.papers.subtlerbias import experiment as subtlerbias  # noqa: E402
from personae.papers.synthpai import experiment as synthpai  # noqa: E402

pytestmark = pytest.mark.data
N = 40


def said(text: str) -> ModelOutput:
    output = ModelOutput.from_content("mockllm/model", text)
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output


def scored(task, texts, folder) -> float:
    model = get_model("mockllm/model", custom_outputs=[said(text) for text in texts])
    (log,) = inspect_ai.eval(
        task, model=model, display="none", log_dir=str(folder), max_connections=1, max_samples=1
    )
    assert log.status == "success"
    return float(log.results.scores[0].metrics["accuracy"].value)


def lettered(letters) -> list[str]:
    return [f"ANSWER: {letter}" for letter in letters]


def test_recorded_answers_score_alike(tmp_path):
    context = Context(limit=N)
    questions = read_questions(context.rows(DATA, QUESTIONS))[:N]
    right, _ = recorded(context, questions)
    letters = ["ABCD"[q.right if ok else (q.right + 1) % 4] for q, ok in zip(questions, right, strict=True)]
    task = paper_task("personamem", limit=N, seed=None)
    assert scored(task, lettered(letters), tmp_path) == pytest.approx(right.mean())
    assert 0.2 < right.mean() < 1.0


def test_recorded_yes_and_no_score_alike(tmp_path):
    rows = Context().rows("knowwhatknow", "llama3_boolq_confidence.csv.gz")
    said_by = {row["idx"]: row for row in rows if row["run"] == "3"}  # a run on the questions at hand
    task = paper_task("knowwhatknow", limit=N, seed=None)
    task.dataset = task.dataset.filter(lambda sample: sample.id.removeprefix("boolq-") in said_by)
    given = [said_by[sample.id.removeprefix("boolq-")] for sample in task.dataset]
    letters = ["A" if row["answer"] == "Yes" else "B" for row in given]
    marks = sum(float(row["correct"]) for row in given) / len(given)
    assert scored(task, lettered(letters), tmp_path) == pytest.approx(marks)
    assert len(given) > N / 3


def test_recorded_final_answers_score_alike(tmp_path):
    rows = Context().rows("thinkingoutloud", "math_l5_reasoning_traces.jsonl.gz")
    mine = {row["item"]: row for row in rows if row["model"] == rows[0]["model"]}
    task = paper_task("thinkingoutloud", limit=N)
    given = [mine[sample.id.removeprefix("math-l5-")] for sample in task.dataset]
    texts = [f"{row['reasoning']}\nAnswer: {row['answer']}\nConfidence: 80%" for row in given]
    marks = sum(bool(row["correct"]) for row in given) / N
    assert scored(task, texts, tmp_path) == pytest.approx(marks)
    assert 0.2 < marks < 1.0


def test_recorded_guess_blocks_score_alike(tmp_path):
    context = Context(limit=N)
    examples = llmprivacy.recorded(context, llmprivacy.FILES["examples"])
    judge = LocalJudge(encoder=context.encoder())
    ours = [
        any(found.score == 1 for found in judge.judge(e.attribute, e.guesses[:1], e.truth)) for e in examples
    ]
    texts = [row["guess"] for row in context.rows(llmprivacy.DATA, llmprivacy.FILES["examples"])[:N]]
    assert scored(paper_task("llmprivacy", limit=N), texts, tmp_path) == pytest.approx(sum(ours) / N)
    assert 0.2 < sum(ours) / N < 1.0


def test_recorded_raw_answers_about_people_score_alike(tmp_path):
    context = Context(limit=N)
    recorded_top1 = {a.pair: a.scores[:1] == (1,) for a in synthpai.recorded(context, "gpt-4")}
    raw = {row["person"]: row["raw"] for row in context.rows(synthpai.DATA, "predictions/gpt-4.jsonl.zst")}
    task = paper_task("synthpai", limit=N)  # a recorded education was put into categories by another model
    task.dataset = task.dataset.filter(lambda sample: sample.metadata["attribute"] != "education")
    by_id = {f"{pair.person}-{pair.attribute}": pair for pair in recorded_top1}
    texts = [raw[by_id[sample.id].person] for sample in task.dataset]
    ours = sum(recorded_top1[by_id[sample.id]] for sample in task.dataset) / len(texts)
    assert scored(task, texts, tmp_path) == pytest.approx(ours, abs=1.5 / len(texts))
    assert 0.2 < ours < 1.0


def test_recorded_verdicts_on_people_score_alike(tmp_path):
    context = Context(limit=4 * N)
    found = recordings(context)
    run = next(each for each in found.runs if each.setting == "PRISM, key features")
    task = paper_task("personaljudge", limit=4 * N, seed=None)
    judged = {row.item: row for row in run.decided}
    items = {f"pair-{i}": item_of(pair) for i, pair in enumerate(found.pairs)}
    task.dataset = task.dataset.filter(lambda sample: items[sample.id] in judged)
    given = [judged[items[sample.id]] for sample in task.dataset]
    picked = [row.options["AB".index(row.answer)] for row in given]
    letters = ["AB"[sample.choices.index(text)] for sample, text in zip(task.dataset, picked, strict=True)]
    ours = sum(row.answer == row.truth for row in given) / len(given)
    assert scored(task, lettered(letters), tmp_path) == pytest.approx(ours)
    assert len(given) >= 10
    assert 0.2 < ours < 1.0


def test_recorded_completions_score_alike(tmp_path):
    context = Context(limit=N)
    items = subtlerbias.prompts(context)
    choices = subtlerbias.recorded(context, items)[0]["palm"].tolist()
    letters = ["ABC"[OPTION_VALENCES.index(c)] if c in OPTION_VALENCES else "none" for c in choices]
    ours = sum(item.valence == choice for item, choice in zip(items, choices, strict=True)) / N
    assert scored(
        paper_task("subtlerbias", limit=N, seed=None), lettered(letters), tmp_path
    ) == pytest.approx(ours)
    assert 0.2 < ours < 1.0


def test_recorded_actions_score_alike_and_the_prompt_is_the_system_message(tmp_path):
    won = {
        f"{each.name}-{conflict.dilemma}-{prompt}": getattr(conflict, prompt)
        for each in principles(Context())
        for conflict in each.conflicts
        for prompt in PROMPTS
    }
    task = paper_task("dailydilemmas", limit=N, seed=None)
    marks = [won[sample.id] for sample in task.dataset]
    letters = [
        s.target if mark else "BA"["AB".index(s.target)] for s, mark in zip(task.dataset, marks, strict=True)
    ]
    assert scored(task, lettered(letters), tmp_path) == pytest.approx(sum(marks) / N)
    roles = {sample.metadata["prompt"]: [message.role for message in sample.input] for sample in task.dataset}
    assert roles == {"baseline": ["user"], "supporting": ["system", "user"], "opposing": ["system", "user"]}


@pytest.mark.parametrize("slug", ["personaljudge", "twin2k", "dailydilemmas", "subtlerbias", "persuasion"])
def test_every_multiple_choice_paper_is_a_task(slug, tmp_path):
    task = paper_task(slug, limit=6)
    letters = ["A", "B"] * 3
    ours = sum(sample.target == letter for sample, letter in zip(task.dataset, letters, strict=True)) / 6
    assert scored(task, lettered(letters), tmp_path) == pytest.approx(ours)


def test_every_paper_from_recorded_outputs_is_a_task_by_its_name():
    recorded_outputs = ("synthpai", "llmprivacy", "personaljudge", "subtlerbias", "personamem", "knowwhatknow",
                        "thinkingoutloud", "twin2k", "dailydilemmas", "persuasion")  # fmt: skip
    assert [slug for slug in recorded_outputs if not hasattr(inspect_tasks, slug)] == []


def test_a_paper_without_samples_says_how_to_run_it(monkeypatch):
    monkeypatch.setattr("personae.papers.persuasion.experiment.samples", lambda context: [])
    with pytest.raises(BadInput, match="papers run persuasion"):
        paper_task("persuasion")


def test_a_paper_that_is_not_there_is_named():
    with pytest.raises(UnknownName, match="No paper 'nosuch'"):
        paper_task("nosuch")
