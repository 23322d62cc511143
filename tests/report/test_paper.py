"""A results table shows what was measured beside what was published, misses in words."""

from __future__ import annotations

from personae.papers.harness import Comparison
from personae.report import results_table


def test_a_row_stands_with_interval_paper_difference_and_bar():
    row = Comparison("masked", "accuracy", "rules", 0.5, 0.4, 0.6, 1200, 0.6, "table 2", ">= .68")
    html = results_table([row], caption="Ten models")
    for cell in (
        "<caption>Ten models</caption>",
        '<th scope="row">masked</th>',
        "0.400 to 0.600",
        "1,200",
        "0.600 (table 2)",
        "-0.100",
        "&gt;= .68: missed",
    ):
        assert cell in html


def test_a_met_bar_is_not_called_missed_and_no_number_is_a_dash():
    html = results_table(
        [
            Comparison("a", "b", "c", 0.7, bar=">= .68"),
            Comparison("a", "b", "d", float("nan"), low=float("nan")),
        ]
    )
    assert "missed" not in html
    assert "–" in html
    assert "nan" not in html


def test_cells_are_escaped():
    html = results_table(
        [Comparison("<script>", "b\u202e", '"', 0.7, source="<img>", paper=0.1)], caption="<b>"
    )
    assert "<script>" not in html
    assert "<img>" not in html
    assert "b⟨U+202E⟩" in html
