import numpy as np
import pytest

from personae.metrics.ordinal import quadratic_kappa
from personae.papers.harness import Context
from personae.papers.rpm.annotators import read_annotators
from personae.papers.rpm.baselines import PUBLISHED, REFERENCE, baseline_predictions
from personae.papers.rpm.deleting import cuts


@pytest.mark.data
def test_the_cards_baselines_are_reproduced():
    """Card, measured on the same 2,137 rows: MAE .857 and kappa .308 of the user mean, .733 and .495 of the scaled ridge."""
    context = Context()
    data = read_annotators(context)
    assert (len(data.people), len(data.test_level)) == (218, 2137)
    found = dict(baseline_predictions(data, context.encoder()))
    for name in ("mode of everyone", "user mean", REFERENCE):
        error, kappa = PUBLISHED[name]
        assert np.abs(found[name] - data.test_level).mean() == pytest.approx(error, abs=0.01)
        assert quadratic_kappa(data.test_level, np.rint(found[name])) == pytest.approx(kappa, abs=0.01)


@pytest.mark.data
def test_the_history_is_the_first_forty_rows_of_each():
    context = Context(limit=5)
    data = read_annotators(context)
    assert np.bincount(data.person).tolist() == [40] * 5
    rows = [
        row
        for row in context.rows("rpm", "popquorn_offensiveness.jsonl.zst")
        if str(row["user_id"]) == data.people[0]
    ]
    assert data.level[data.person == 0].tolist() == [row["offensiveness"] for row in rows[:40]]
    assert [text for _, text in data.asked(data.test_person == 0)] == [row["text"] for row in rows[40:]]


def test_as_many_words_are_cut_elsewhere_as_at_the_reason():
    random = np.random.default_rng(0)
    text = "one two three four five six"
    for _ in range(20):
        without, by_lot = cuts(text, [(0, 7)], random)
        assert without == "three four five six"
        gone = [word for word in text.split() if word not in by_lot.split()]
        assert len(gone) == 2
        assert not {"one", "two"} & set(gone)
    assert cuts("one two three", [(0, 7)], random) is None
    assert cuts("one two three", [], random) is None
