import re
from dataclasses import replace
from datetime import date

import pytest

from personae.errors import BadInput
from personae.report.recourse import Change, Lever, RecourseReport, Way, render_recourse, write_recourse

SAVE = Lever("savings", "200", 0.5, 0.5, 0.5, 2, 1, True, (
    Way((Change("savings", "200", "300"),), False),
    Way((Change("savings", "200", "400"), Change("age", "30", "31")), True),
))  # fmt: skip
HELP = Lever("guarantor", "0", 0.0, 0.0, 0.0, 1, 0, True, (Way((Change("guarantor", "0", "1"),), False),))
BOTH = Way((Change("savings", "200", "300"), Change("guarantor", "0", "1")), True)
OPEN = RecourseReport(
    "ada",
    "bad",
    "good",
    "model.joblib",
    "single",
    (SAVE, HELP),
    (),
    (("age", "30"),),
    6.0,
    made=date(2026, 1, 2),
)


def text(report):
    page = render_recourse(report)
    assert "{{" not in page
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("</style>")[1]).split())


def test_a_page_tells_what_helps_how_likely_and_what_cannot():
    said = text(OPEN)
    assert "What would change this decision" in said
    assert "Of 2 things that you can change, 1 can bring good alone: savings" in said
    assert "1 of 2 possible values, all counted" in said
    assert "savings from 200 to 400; age from 30 to 31" in said
    assert "from 200 to 300" not in said
    assert "What would not help" in said
    assert "What you cannot change" in said


def test_a_fixed_prediction_is_said_plainly_and_advises_nothing():
    said = text(replace(OPEN, state="fixed", levers=(HELP,), reachable=432.0))
    assert "This prediction is fixed" in said
    assert "nothing that you can change, alone or together, would make it say good" in said
    assert "every one of the 432 points" in said
    assert "Changes that are enough" not in said


def test_several_at_once_undecided_and_given_have_words_of_their_own():
    assert "savings from 200 to 300; guarantor from 0 to 1" in text(
        replace(OPEN, state="several", levers=(HELP,), together=(BOTH,))
    )
    undecided = text(replace(OPEN, state="undecided", levers=(HELP,), reachable=float("inf")))
    assert "no proof that none does" in undecided
    assert "is fixed" not in undecided
    assert "already says good" in text(replace(OPEN, state="given", decision="good"))


def test_drawn_shares_show_their_interval():
    drawn = replace(SAVE, exact=False, share=0.3, low=0.24, high=0.36, points=500, hits=150)
    assert "150 of 500 values drawn evenly; the true share lies between 24% and 36%" in text(
        replace(OPEN, levers=(drawn,))
    )


def test_what_was_drawn_and_did_not_help_is_no_proof():
    drawn = replace(HELP, exact=False, high=0.0607, points=500)
    assert "500 values drawn evenly: at most 6% of all could help" in text(
        replace(OPEN, levers=(SAVE, drawn))
    )
    assert "all 1 value" in text(OPEN)


def test_a_page_is_escaped_and_loads_nothing(tmp_path):
    evil = "<script>alert(1)</script>\u202e"
    report = replace(
        OPEN, person=evil, decision=evil, wanted=evil, model=evil, cannot=((evil, evil),), outside=(evil,),
        levers=(replace(SAVE, feature=evil, value=evil, ways=(Way((Change(evil, evil, evil),), True),)), replace(HELP, feature=evil)),
    )  # fmt: skip
    page = render_recourse(report)
    assert "<script" not in page
    assert "\u202e" not in page
    assert not re.search(r"(?:src|href)=[\"'](?!#|data:)", page)
    assert write_recourse(report, tmp_path / "r.html").read_text(encoding="utf-8") == page
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(BadInput, match="not written by personae"):
        write_recourse(report, tmp_path / "mine.html")
