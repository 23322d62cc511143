import re

import pytest

from personae.errors import BadInput
from personae.report.figures import draw_reliability, draw_risk_coverage, draw_shots
from personae.report.plots import Bin

pytest.importorskip("matplotlib")


def test_a_reliability_diagram_has_a_line_a_series(tmp_path):
    path = tmp_path / "picture.svg"
    draw_reliability(
        [("token", [Bin(0.2, 0.1, 5), Bin(0.8, 0.9, 20)]), ("stated", [Bin(0.9, 0.5, 9)])], path, title="T"
    )
    text = path.read_text()
    assert [name for name in ("token", "stated", "claimed", "right") if f"<!-- {name} -->" not in text] == []
    assert list(tmp_path.iterdir()) == [path]


def test_a_risk_coverage_curve_is_written_as_its_ending_says(tmp_path):
    for form, start in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")):
        path = tmp_path / f"picture.{form}"
        draw_risk_coverage([("judge", [(0.5, 0.1), (1.0, 0.3)])], path, title="T")
        assert path.read_bytes().startswith(start)


def test_another_ending_and_a_missing_folder_are_named(tmp_path):
    with pytest.raises(BadInput, match=re.escape(".png, .svg, .pdf")):
        draw_reliability([], tmp_path / "picture.gif", title="T")
    with pytest.raises(BadInput, match="cannot be written"):
        draw_risk_coverage([], tmp_path / "none" / "picture.png", title="T")


def test_shot_curves_fill_the_space_between_their_ends(tmp_path):
    path = tmp_path / "curves.svg"
    draw_shots(
        [("taste", [(0, 0.6, 0.55, 0.65), (5, 0.7, 0.66, 0.74)]), ("pal", [(0, 0.6, 0.5, 0.7)])],
        path,
        title="Met anew",
    )
    text = path.read_text()
    assert text.lstrip().startswith("<?xml")
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(BadInput, match=r"\.gif"):
        draw_shots([], tmp_path / "curves.gif", title="")
