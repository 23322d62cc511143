import numpy as np
import pytest

from personae.papers.harness import Context, papers
from personae.papers.movielens import movielens
from personae.papers.table import load

pytest.importorskip("torch")
pytest.importorskip("onnx")

from personae.papers.reclora.experiment import OURS, SHARED, SHUFFLED, UNIFORM, _clicks, _parts


def test_the_saved_table_names_the_bars_of_the_issue():
    rows = {(row.metric, row.method): row for row in load(papers()["reclora"]).rows}
    bars = {SHARED: ">= .01", UNIFORM: "> 0", SHUFFLED: "> 0"}
    assert {name: rows[f"AUC of {OURS} over it", name].bar for name in bars} == bars
    assert rows[f"time of a step over that of {SHARED}", OURS].bar == "<= 1.2"


def test_shuffled_vectors_have_lost_the_gain():
    rows = {(row.metric, row.method): row.value for row in load(papers()["reclora"]).rows}
    assert rows["AUC", SHUFFLED] - rows["AUC", SHARED] < 0.5 * (rows["AUC", OURS] - rows["AUC", SHARED])


@pytest.mark.data
def test_parts_follow_one_another_and_pasts_never_look_ahead():
    context = Context(limit=60)
    films = movielens(context)
    parts, clicks = _parts(films), _clicks(context, films, 8)
    times = films.ratings.time
    assert sum(map(len, parts.values())) == len(films.ratings) == len(clicks)
    assert times[parts["train"]].max() <= times[parts["valid"]].min()
    assert times[parts["valid"]].max() <= times[parts["test"]].min()
    place = {
        (p, i): row for row, (p, i) in enumerate(zip(films.ratings.person, films.ratings.item, strict=True))
    }
    for row in np.random.default_rng(0).choice(len(clicks), 300, replace=False):
        past = clicks.past[row][clicks.past[row] >= 0]
        assert all(place[clicks.person[row], item] < row for item in past)
