import numpy as np
import pytest
import zstandard

from personae.papers.harness import Context
from personae.papers.micro.experiment import rows
from personae.papers.micro.study import (
    DATA,
    FILE,
    in_bags,
    load,
    made_groups,
    nobody,
    rank_within,
    split,
)


@pytest.fixture
def folder(tmp_path):
    """Thirty invented dialogues with a short and a long answer; two share an answer, and in one both are alike."""
    lines = []
    for number in range(30):
        objective = ("helpful", "harmless")[number % 2]
        answers = [f" short {number}", f" rather long {number} {'and on ' * (number + 1)}"]
        if number == 1:
            answers[0] = " short 0"
        if number == 2:
            answers = [" same", "same "]
        prompt = f"\n\nHuman: before {number}\n\nAssistant: yes\n\nHuman: now {number}\n\nAssistant:"
        lines.append(
            f'{{"prompt": {prompt!r}, "responses": {answers!r}, "label": {number % 2}, "objective": "{objective}"}}'
        )
    text = "\n".join(line.replace("'", '"') for line in lines)
    (tmp_path / DATA).mkdir()
    (tmp_path / DATA / FILE).write_bytes(zstandard.compress(text.encode()))
    return tmp_path


def test_rows_are_read_with_the_last_question_and_without_equal_answers(folder):
    study = load(Context(folder=folder))
    assert len(study.asked) == 29
    assert study.asked[:3] == ("now 0", "now 1", "now 3")
    assert study.objective.tolist()[:3] == [0, 1, 1]
    table = study.table(np.array([1]), ["eve"], criteria=study.objective)
    assert table.items[0] == ("Choose the answer that does less harm.\nnow 1", "short 0")
    assert table.chosen.tolist() == [0.0]


def test_rows_with_a_shared_answer_stand_on_one_side(folder):
    study = load(Context(folder=folder))
    assert study.group[0] == study.group[1] != study.group[2]
    for fold in range(3):
        known, new = split(study, fold=fold)
        assert (0 in known) == (1 in known)
        assert sorted([*known, *new]) == list(range(29))


def test_bags_hold_rows_of_one_objective(folder):
    study = load(Context(folder=folder))
    bags = study.bags(np.arange(29), "known", 5)
    assert bags.counts().max() == 5
    kinds = [
        {study.objective[row] for row in np.flatnonzero(bags.person == code)}
        for code in range(len(bags.people))
    ]
    assert all(len(kind) == 1 for kind in kinds)


def test_raters_are_cut_into_anonymous_ones_and_into_nobody():
    made = made_groups(np.array([[1.0], [-1.0]]), 3, 12, np.random.default_rng(0)).rows
    assert rank_within(made).tolist() == [*range(12)] * 3
    mixed = made.take(np.argsort(rank_within(made), kind="stable"))  # raters by turns
    assert rank_within(mixed).tolist() == np.repeat(np.arange(12), 3).tolist()
    assert in_bags(made).counts().tolist() == [5, 5, 2] * 3
    assert set(nobody(made).person.tolist()) == {0}


@pytest.fixture(scope="module")
def made():
    """The rows that need no data: groups that are made."""
    context = Context(quick=True)
    found = []
    for row in rows(context):
        found.append(row)
        if row.metric.startswith("excess"):
            return {(row.setting, row.metric, row.method): row for row in found}


def test_no_single_reward_serves_two_groups_and_ten_labels_do(made):
    """Card: accuracy .50 and log loss log 2 for one model, over .9 for two heads with ten labels; and the bound is reached."""
    assert [row for row in made.values() if row.met is False] == []
    assert made["made groups", "accuracy, 10 labels", "MiCRo, K = 2"].value > 0.9
    gain = next(row for row in made.values() if row.metric == "excess log loss, nats")
    assert gain.low < gain.paper < gain.high


@pytest.mark.data
def test_longer_answers_win_under_one_objective_and_lose_under_the_other():
    """The data's README: .627 of objective helpful and .441 of harmless, measured on 4,043 rows of which 697 are kept back."""
    study = load(Context())
    longer = np.array([len(a) < len(b) for a, b in study.answers], dtype=int)
    shares = [
        np.mean(longer[study.objective == kind] == study.label[study.objective == kind]) for kind in (0, 1)
    ]
    np.testing.assert_allclose(shares, [0.627, 0.441], atol=0.02)
