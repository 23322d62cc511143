import math

from personae.infer.measured import TOGETHER, measured_quality, measured_rows
from personae.metrics.intervals import LEAST_TRIALS


def test_every_bar_is_computed_and_every_interval_holds_its_value():
    rows = measured_rows()
    assert {row["met"] for row in rows if row["bar"]} <= {True, False}
    for row in rows:
        if row["low"] is not None:
            assert row["low"] <= row["value"] + 1e-9
            assert row["value"] <= row["high"] + 1e-9


def test_quality_covers_both_kinds_and_collections_never_seen():
    quality = measured_quality()
    assert {each.status for each in quality} == {"stated", "inferred"}
    assert {each.new_corpus for each in quality} == {True, False}
    for each in quality:
        assert not each.bins or math.isclose(sum(b.n for b in each.bins), each.n)


def test_no_interval_collapses_and_few_checks_say_nothing():
    for each in measured_quality():
        if each.n < LEAST_TRIALS:
            assert (each.low, each.high) == (None, None)
        else:
            assert each.high - each.low > 0.005
        if each.shown is not None:
            assert (each.shown_low is None) == (each.shown_n < LEAST_TRIALS)
            assert each.shown_low is None or each.shown_low < each.shown_high


def test_what_is_stated_is_measured_on_all_collections_together():
    pooled = [each for each in measured_quality() if each.corpus == TOGETHER]
    assert {each.attribute for each in pooled} >= {"sex", "occupation", "relationship_status"}
    (implied,) = [each for each in measured_quality() if each.method == "implied"]
    assert (implied.attribute, implied.status) == ("sex", "inferred")
    assert all(each.told and each.told[0] >= 0.9 for each in pooled if each.n >= 50)
