"""A thing found by being asked, over real HTTP against the program as it is started, on a catalog that means harm."""

from __future__ import annotations

import json
import re

import pytest

HOSTILE = "</select></option><script>top.owned=1</script>"
THINGS = {
    f"1{HOSTILE}": (f"Rain {HOSTILE}", ["calm", "wet"]),
    "2": ("Drums", ["loud", "dry"]),
    "3": ("Sea", ["loud", "wet"]),
    "4": ("Sand", ["calm", f"dry {HOSTILE}"]),
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    file = tmp_path_factory.mktemp("catalog") / "things.jsonl"
    rows = [{"item": item, "title": title, "attributes": own} for item, (title, own) in THINGS.items()]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture(scope="module")
def visit(serving, enter, catalog):
    return enter(serving("--items", str(catalog)))


def tell(visit, answer: str):
    """Answer the turn that the page waits for, and return the page that follows."""
    turn = re.search(r'name="turn" value="(\d+)"', visit.get("/find").text)
    assert turn
    assert visit.form("/find", turn=turn[1], answer=answer).status_code == 303
    return visit.get("/find").text


@pytest.mark.parametrize("wanted", THINGS)
def test_whoever_answers_truly_finds_what_they_want_and_reads_why(visit, wanted):
    visit.form("/find", do="begin")
    title, own = THINGS[wanted]
    page = tell(visit, own[0])
    while "A question" in page:
        asked = re.search(r'<h2 id="now">(.*?)\?</h2>', page)
        assert asked
        page = tell(visit, "yes" if asked[1] in own else "no")
        assert "<script>top" not in page
    page = tell(visit, wanted)
    assert "found in" in page
    assert f"Because you said {own[0]}" in page
    assert title.split()[0] in page
    assert "<script>top" not in page


def test_a_turn_is_answered_once_and_can_be_taken_back(visit):
    visit.form("/find", do="begin")
    tell(visit, "calm")
    visit.form("/find", turn="0", answer="loud")  # the first page again, from another tab
    assert "begun with: calm" in visit.get("/find").text
    visit.form("/find", do="back")
    assert "begun with" not in visit.get("/find").text


@pytest.mark.parametrize("answer", ["maybe", "9", HOSTILE])
def test_an_answer_that_was_not_offered_is_told_so(visit, answer):
    visit.form("/find", do="begin")
    refused = visit.form("/find", turn="0", answer=answer)
    assert refused.status_code == 400
    assert "no answer" in refused.text
    assert "<script>top" not in refused.text


def test_a_damaged_catalog_is_named_with_its_row(serving, enter, tmp_path):
    file = tmp_path / "things.jsonl"
    file.write_text('{"item": "1", "attributes": ["calm"]}\n{"item": "2", "attributes": "calm"}\n')
    answer = enter(serving("--items", str(file))).get("/find")
    assert answer.status_code == 400
    assert "things.jsonl, row 2" in answer.text
