import numpy as np
import pytest
from typer.testing import CliRunner

from personae.cli.papers import app
from personae.errors import BadInput
from personae.papers.harness import Context
from personae.papers.pictures import confidences_of, draw

SOME = {
    "token": (np.array([0.9, 0.8, 0.3]), np.array([1.0, 1.0, 0.0])),
    "<stated>": (np.array([0.5]), np.array([0.0])),
}


def test_a_page_holds_the_picture_inline_and_names_the_series(tmp_path):
    for kind, word in (
        ("reliability", "said 90%, right 100%"),
        ("risk-coverage", "answering 100%, wrong 33%"),
    ):
        draw("knowwhatknow", SOME, tmp_path / "page.html", kind=kind)
        text = (tmp_path / "page.html").read_text()
        assert "<svg" in text
        assert word in text
        assert "<li>&lt;stated&gt;</li>" in text


def test_a_picture_file_is_drawn_by_matplotlib(tmp_path):
    pytest.importorskip("matplotlib")
    draw("knowwhatknow", SOME, tmp_path / "picture.png", kind="risk-coverage")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_paper_without_confidences_says_which_have_some():
    with pytest.raises(BadInput, match="knowwhatknow"):
        confidences_of("synthpai", Context())


@pytest.mark.data
@pytest.mark.parametrize("slug", ["knowwhatknow", "thinkingoutloud", "personaljudge"])
def test_the_command_draws_recorded_confidences(slug, tmp_path):
    found = confidences_of(slug, Context(limit=50))
    assert all(
        len(chance) == len(right) > 0 and 0 <= chance.min() <= chance.max() <= 1
        for chance, right in found.values()
    )
    result = CliRunner().invoke(app, ["plot", slug, str(tmp_path / "page.html"), "--limit", "50"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "page.html").read_text().count("<li>") == len(found)
