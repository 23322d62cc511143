import time

import numpy as np
import pytest

from personae.errors import MissingExtra
from personae.papers.harness import Context, run
from personae.papers.responsiveness import explainers, fico
from personae.papers.responsiveness.experiment import EXPERIMENT
from personae.papers.responsiveness.german import UP, German, action_set, load, recorded
from personae.papers.responsiveness.replication import _separable, shared_scores


def invented():
    names = (*UP, "YearsAtResidence", "Age")
    people = np.zeros((4, len(names)))
    people[:, -2:] = [[2, 30], [2, 30], [2, 41], [7, 50]]
    people[:2, names.index("HasGuarantor")] = 1
    return German(
        names,
        people,
        np.arange(4),
        np.array([1, 0, 1, 0]),
        np.ones(4),
        np.ones(10),
        -50.0,
        np.zeros(10),
        np.ones(10),
    )


def test_people_who_are_alike_in_what_can_change_share_the_last_ones_values():
    german = invented()
    german.people[1, german.names.index("HistoryOfStoreInstallments")] = 1
    assert german.last_alike.tolist() == german.people.tolist()
    german.people[1] = german.people[0]
    outside = German(
        (*german.names, "Single"), np.column_stack([german.people, [0, 1, 0, 0]]), *[getattr(german, n) for n in ("rows", "labels", "fold")],
        np.ones(11), -50.0, np.zeros(11), np.ones(11),
    )  # fmt: skip
    assert outside.last_alike[0].tolist() == outside.people[1].tolist()


def test_the_action_set_moves_age_along_and_never_alone():
    german = invented()
    actions = action_set(german.names, german.people)
    assert actions.actionable.sum() == 9
    scores = german.scorer().score(german.people, joint=False)
    at = german.names.index("YearsAtResidence")
    assert scores.points[:, at].tolist() == [2, 2, 2, 0]
    assert scores.points[:, -1].tolist() == [0, 0, 0, 0]


def test_a_linear_program_tells_whether_any_linear_model_fits():
    pytest.importorskip("scipy")
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    assert _separable(corners, np.array([False, True, True, True]))
    assert not _separable(corners, np.array([False, True, True, False]))


def test_linear_shap_sums_to_what_the_model_says_beyond_its_mean():
    random = np.random.default_rng(0)
    coef, z = random.normal(size=3), random.normal(size=(5, 3))
    values = explainers.linear_shap(coef, z)
    assert np.allclose(values.sum(axis=1), z @ coef - (z @ coef).mean())


def test_a_package_that_is_not_there_is_named_with_its_extra():
    with pytest.raises(MissingExtra, match=r"personae\[explain\]"):
        explainers._package("no_such_package_of_reasons")


@pytest.mark.data
def test_every_recorded_number_is_met():
    """7,173 action counts, 797 predictions, 6,942 hits (card); all 7,173 hits from the sets that were stored."""
    context = Context()
    german = load(context)
    kept = recorded(context, german)
    seen = kept.points >= 0
    ours, stored = german.scorer().score(german.people, joint=False), shared_scores(german)
    assert seen.sum() == 7173
    assert (ours.points[seen] == kept.points[seen]).all()
    assert (ours.predicted == kept.predicted)[kept.predicted >= 0].all()
    assert (ours.hits[seen] == kept.hits[seen]).sum() == 6942
    assert (stored.hits[seen] == kept.hits[seen]).all()


@pytest.mark.data
def test_fico_is_processed_as_published():
    people = fico.load(Context())
    assert people.people.shape == (4952, 43)
    actions = fico.action_set(people)
    assert sorted(map(len, actions.blocks)) == [1, 2, 3, 3, 3, 4, 8, 8]
    learn, judge = people.halves(0)
    alike = {tuple(row) for row in people.people[learn].tolist()}
    assert not any(tuple(row) in alike for row in people.people[judge].tolist())


@pytest.mark.data
@pytest.mark.slow
def test_a_quick_run_meets_every_bar():
    start = time.process_time()
    result = run(EXPERIMENT, Context(quick=True))
    assert [row for row in result.rows if row.met is False] == []
    assert time.process_time() - start < 30
