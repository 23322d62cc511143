"""Pictures are well-formed, say in words what they show, and put every point where the numbers say."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personae.report.plots import (
    Bin,
    Step,
    interval,
    percent,
    probability_bar,
    reliability,
    risk_coverage,
    share_bar,
    timeline,
)  # fmt: skip

SHARES = st.floats(0, 1)


def parts(svg: str, tag: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter(tag))


@pytest.mark.parametrize(
    ("share", "width"), [(0.82, 164), (0, 0), (1, 200), (1.7, 200), (-1, 0), (float("nan"), 0)]
)
def test_the_bar_is_as_long_as_the_probability(share, width):
    assert float(parts(probability_bar(share), "rect")[1].get("width")) == width


def test_the_interval_stands_between_its_ends():
    svg = interval(0.5, 0.4, 0.75, baseline=0.25)
    assert 'd="M66.0 8H115.0"' in svg
    assert parts(svg, "circle")[0].get("cx") == "80.0"
    assert "M45.0 1v14" in svg
    assert (
        ET.fromstring(svg).get("aria-label")
        == "50% right, between 40% and 75%; the commonest answer alone 25%"
    )


def test_reliability_puts_a_bin_at_claimed_across_and_right_up():
    svg = reliability([("forum", [Bin(0.0, 0.0, 1), Bin(1.0, 0.5, 4)])], title="Sex")
    assert [(c.get("cx"), c.get("cy")) for c in parts(svg, "circle")] == [
        ("38.0", "178.0"),
        ("208.0", "93.0"),
    ]
    small, large = (float(c.get("r")) for c in parts(svg, "circle"))
    assert (large - 2.5) ** 2 == pytest.approx(4 * (small - 2.5) ** 2, rel=0.1)
    assert "Sex. forum: said 0%, right 0%, said 100%, right 50%" in svg


def test_risk_coverage_falls_to_the_right_of_nothing():
    svg = risk_coverage([("home", [(0.5, 0.1), (1.0, 0.4)])], title="Risk")
    assert [(c.get("cx"), c.get("cy")) for c in parts(svg, "circle")] == [
        ("123.0", "161.0"),
        ("208.0", "110.0"),
    ]
    assert "answering 50%, wrong 10%" in svg


def test_the_staircase_steps_at_each_moment():
    steps = [Step(2020.0, 1, ("Age",)), Step(2022.0, 3, ("Sex", "Work"))]
    svg = timeline(steps, 2020.0, 2024.0, title="Told")
    assert 'd="M30.0 150.0H30.0V104.7H240.0V14.0H450.0"' in svg
    assert [text.text for text in parts(svg, "text")] == [
        "2020",
        "2021",
        "2022",
        "2023",
        "2024",
        "0",
        "1",
        "2",
        "3",
    ]
    assert "Told. 2020: 1 (Age); 2022: 3 (Sex, Work)" in svg


def test_one_moment_makes_a_picture_too():
    assert len(parts(timeline([Step(2020.5, 1, ("Age",))], 2020.5, 2020.5, title="Told"), "circle")) == 1


def test_many_years_share_the_axis():
    svg = timeline([Step(1990.0, 1, ())], 1950.0, 2030.0, title="Told")
    assert [text.text for text in parts(svg, "text")][:3] == ["1950", "1961", "1972"]


def test_labels_are_escaped():
    evil = '"><script>alert(1)</script>\u202e'
    for svg in (
        share_bar(0.5, label=evil),
        reliability([(evil, [Bin(0.5, 0.5, 1)])], title=evil),
        timeline([Step(2020.0, 1, (evil,))], 2019.0, 2021.0, title=evil),
    ):
        assert "script" not in {element.tag for element in ET.fromstring(svg).iter()}
        assert "<script" not in svg
        assert "\u202e" not in svg


@given(SHARES, st.lists(st.builds(Bin, SHARES, SHARES, st.integers(0, 10**6)), max_size=5))
def test_every_picture_is_well_formed_and_has_words(share, bins):
    for svg in (
        probability_bar(share),
        share_bar(share),
        interval(share, share / 2, share),
        reliability([("a", bins), ("b", bins)], title="x"),
        risk_coverage([("a", [(b.probability, b.right) for b in bins])], title="x"),
    ):
        picture = ET.fromstring(svg)
        assert picture.get("role") == "img"
        assert picture.get("aria-label")
        assert "nan" not in svg


@given(SHARES)
def test_a_share_that_is_neither_none_nor_all_never_reads_so(share):
    assert (percent(share) == "0%") == (share == 0)
    assert (percent(share) == "100%") == (share == 1)
