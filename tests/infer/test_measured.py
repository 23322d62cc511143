import math

from personae.infer.measured import measured_quality, measured_rows


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
        assert math.isclose(sum(b.n for b in each.bins), each.n)
