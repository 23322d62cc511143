"""What the page says: every claim in its place, stated and guessed apart, nothing hidden, nothing half written."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.errors import BadInput
from personae.people.archives.rows import RowError, Tally
from personae.people.attributes import Attribute
from personae.people.records import Claim, Evidence, Guess, Item, Person, Trace
from personae.report import Quality, Report, Subject, person, render, write
from personae.report._crowd import DETAILED, LISTED, Crowd
from personae.report._exposure import exposure_of
from personae.report._views import Desk, cards_of, cost_words, measured, split
from personae.report._words import did, period

WHEN = datetime(2024, 5, 1, tzinfo=UTC)


def say(text: str, k: int = 0, **more) -> Trace:
    return Trace("p", "table", f"t{k}", WHEN, text=text, where=f"a.csv:{k + 2}", **more)


def claim(
    attribute="age", value="34", probability=0.9, status="inferred", *evidence: Evidence, **more
) -> Claim:
    settings = {"abstained": False, "method": "test", **more}
    return Claim("p", attribute, (Guess(value, probability),), status, evidence=evidence, **settings)


def page(*claims: Claim, traces: tuple[Trace, ...] = (), **more) -> str:
    return render(Report([Subject.of(Person("p", traces), claims)], Tally(), **more))


def words(html: str) -> str:
    body = html.partition("</style>")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body)).replace(" .", ".")


def desk(**more) -> Desk:
    return Desk.of(Report((), Tally(), **more), True, 5)


def test_the_opening_keeps_what_was_said_and_what_is_guessed_apart(report):
    text = words(render(report))
    assert (
        "From 41 lines, these six things can be told about you. In your own words: you live in Porto, Portugal;"
        in text
    )
    assert "As a guess: you are female; you have a college degree." in text
    assert "Cannot be told: Income and Born in." in text
    assert text.count("You said so") == 5  # four findings and the place of before
    assert text.count("Guessed from how and what you write") == 3


def test_the_page_asks_for_nothing_and_runs_nothing(report):
    html = render(report)
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in html
    assert not re.search(r"<(script|iframe|img|object|embed|form|base)\b", html)
    assert not re.search(r"\s(src|on\w+|style)=", html)
    assert set(re.findall(r'href="([^"#]*)', html)) == {"", "data:,"}
    assert not re.search(r"url\(|@import", html)


def test_every_link_inside_the_page_has_its_target(report):
    for html in (render(report), page(), page(claim(abstained=True)), page(claim())):
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_an_abstaining_claim_is_shown_as_such_with_what_it_would_have_said():
    text = words(page(claim("income_level", "low", 0.4, abstained=True), traces=(say("x"),)))
    assert "From 1 line, nothing can be told about you with enough certainty. Cannot be told: Income." in text
    assert "What it would have guessed" in text
    assert "Low (under 30,000 US dollars a year) 40%" in text


def test_a_claim_with_no_guess_at_all_points_nowhere():
    bare = Claim("p", "age", (), "inferred", True, "test")
    assert "Nothing points to any value." in words(page(bare))


def test_evidence_stands_strongest_first_and_the_rest_is_counted():
    traces = tuple(say(f"line {k}", k) for k in range(8))
    weak_first = [Evidence(f"t{k}", f"a.csv:{k + 2}", ((0, 4),), k / 10) for k in range(8)]
    text = words(page(claim("sex", "male", 0.8, "inferred", *weak_first), traces=traces)).partition(
        "What can be told"
    )[2]
    shown = re.findall(r"line (\d)", text.partition("The lines that cost most")[0])
    assert shown == ["7", "6", "5", "4", "3"]
    assert "3 weaker lines not shown." in text


def test_what_was_said_wins_over_what_was_guessed_and_the_guess_stands_beside():
    said, guessed = claim("sex", "female", 0.9, "stated"), claim("sex", "male", 0.99)
    (card,) = cards_of(Subject("p", (guessed, said)), "a", desk())
    assert (card.main.status, card.main.value) == ("stated", "Female")
    assert [view.status for view in card.besides] == ["inferred"]
    assert "Had you not said it: Male, guessed with 99%" in words(page(guessed, said))


def test_what_was_entered_wins_over_what_was_said_and_guessed_and_both_keep_their_names():
    entered, said = claim("sex", "female", 1.0, "given"), claim("sex", "male", 0.9, "stated")
    text = words(page(claim("sex", "male", 0.7), said, entered))
    assert "You entered this" in text
    assert "In your own words: Male, 90%" in text
    assert "Had you not entered it: Male, guessed with 70%" in text


def test_without_what_was_said_a_withheld_guess_is_not_shown_beside():
    said, withheld = claim("sex", "female", 0.9, "stated"), claim("sex", "male", 0.5, abstained=True)
    text = words(page(said, withheld))
    assert "Without what you said, this could not be told." in text
    assert "Male, guessed" not in text
    assert "could not be told" not in words(page(claim("sex", "male", 0.9), replace(said, abstained=True)))


def test_a_superseded_place_becomes_history():
    new = claim("city", "Porto, Portugal", 0.9, "stated", valid_from=WHEN)
    old = claim("city", "Lisbon, Portugal", 0.9, "stated", valid_to=WHEN, superseded_by=new.id)
    text = words(page(old, new))
    assert "Earlier: Lisbon, Portugal" in text
    assert "Lisbon, Portugal, until 1 May 2024" in re.sub(r" ,", ",", text)
    assert split([old, new]) == ([new], [old])


def test_only_what_can_begin_has_a_beginning():
    said = {name: claim(name, value, 0.9, "stated", valid_from=WHEN) for name, value in (("age", "34"), ("sex", "female"), ("birth_city_country", "Braga, Portugal"), ("occupation", "nurse"))}  # fmt: skip
    assert {name: period(each) for name, each in said.items()} == {
        "age": "on 1 May 2024",
        "sex": "",
        "birth_city_country": "",
        "occupation": "as of 1 May 2024",
    }
    told_again = replace(said["occupation"], time=WHEN + timedelta(days=30))
    assert period(told_again) == "since 1 May 2024"
    assert period(replace(told_again, time=WHEN)) == "as of 1 May 2024"


def test_the_newer_of_two_current_claims_holds():
    newer = claim("age", "40", 0.9, "stated", valid_from=WHEN)
    older = claim("age", "30", 0.9, "stated", valid_from=datetime(2014, 1, 1, tzinfo=UTC))
    assert split([older, newer]) == ([newer], [older])


def test_a_line_costs_what_its_claims_would_lose():
    traces = (say("my wife says I snore", 0), say("as a nurse", 1))
    both = Evidence("t0", "a.csv:2", ((0, 7),), 0.5)
    subject = Subject.of(
        Person("p", traces),
        (
            claim("relationship_status", "married", 0.9, "stated", replace(both, weight=1.0)),
            claim("sex", "male", 0.8, "inferred", both, Evidence("t1", "a.csv:3", ((5, 10),), 0.25)),
            claim("age", "50", 0.4, "inferred", Evidence("t1", "a.csv:3", (), 0.9), abstained=True),
        ),
    )
    first, second = exposure_of(subject, desk()).costly
    assert first.gives == (("Relationship", "by itself"), ("Sex", "50%"))
    assert second.gives == (("Sex", "25%"),)


def test_an_attribute_counts_from_the_line_that_brings_half_of_its_support():
    times = [datetime(2020 + k, 3, 1, tzinfo=UTC) for k in range(3)]
    traces = tuple(replace(say("x", k), time=at) for k, at in enumerate(times))
    ways = [Evidence(f"t{k}", f"a.csv:{k + 2}", (), weight) for k, weight in enumerate((0.1, 0.3, 0.2))]
    said = Evidence("t2", "a.csv:4", (), 1.0)
    subject = Subject.of(
        Person("p", traces),
        (claim("sex", "male", 0.8, "inferred", *ways), claim("age", "30", 0.9, "stated", said)),
    )
    found = exposure_of(subject, desk())
    assert [(m.when, m.labels, m.total) for m in found.months] == [
        ("March 2021", ("Sex",), 1),
        ("March 2022", ("Age",), 2),
    ]
    assert [(s.name, s.lines, s.telling, s.percent) for s in found.sources] == [("table", 3, 3, "100%")]


def test_lines_without_dates_are_said_to_have_none():
    trace = replace(say("x"), time=None)
    html = page(claim("sex", "male", 0.8, "inferred", Evidence("t0", "a.csv:2")), traces=(trace,))
    assert "carry no dates" in html
    assert "plot stair" not in html


def test_the_same_id_in_two_files_keeps_its_two_lines():
    traces = (say("one"), replace(say("two"), where="b.csv:2"))
    text = words(
        page(claim("sex", "male", 0.8, "inferred", Evidence("t0", "b.csv:2", ((0, 3),))), traces=traces)
    )
    assert "two" in text
    assert "one" not in text.partition("What can be told")[2].partition("What was read")[0].split()


def test_a_line_that_was_not_kept_is_named_by_its_place():
    text = words(page(claim("sex", "male", 0.8, "inferred", Evidence("gone", "a.csv:9"))))
    assert "The text of this line was not kept" in text
    assert "a.csv:9" in text


def test_a_trace_without_text_says_what_was_done():
    assert did(say("", kind="listen", item=Item("1", "Rain", "Somebody"))) == "Listened to: Rain, Somebody"
    assert did(say("", kind="vote")) == "Voted on"


def test_a_users_own_attribute_reads_by_its_label():
    mine = Attribute("night_owl", "Up at night", "nominal")
    text = words(page(claim("night_owl", "often", 0.9), claim("shoe_size", "41", 0.9), attributes=(mine,)))
    assert "your up at night is often" in text
    assert "Shoe size" in text


def test_special_category_data_is_called_so():
    assert "special-category data" in page(claim("religion", "none", 0.9))
    assert "special-category data" not in page(claim("sex", "male", 0.9))


def test_unmeasured_probabilities_are_called_unchecked_and_measured_ones_counted():
    assert "the reader puts it at about 8 in 10, unchecked" in page(claim("sex", "male", 0.8))
    rows = (
        Quality(
            "sex", "forum", "inferred", 100, 0.7, 0.6, 0.8, 0.72, 0.9, 40, shown_low=0.77, shown_high=0.96
        ),
    )
    text = words(page(claim("sex", "male", 0.8), quality=rows))
    assert "about 8 in 10 such guesses are right" in text
    assert "Measured: 90% of 40 right on forum (likely 77 to 96 in 100)" in text
    assert "no better than the commonest answer" in text
    assert measured(rows) == "90% of 40 right on forum (likely 77 to 96 in 100)"


def test_an_age_is_told_for_its_day_and_for_today():
    told = claim("age", "35", status="stated", valid_from=datetime(2022, 5, 13, tzinfo=UTC))
    assert "on 13 May 2022, so now about 38" in words(page(told, made=date(2025, 11, 1)))
    assert "so now about" not in words(page(told, made=date(2022, 11, 1)))


def test_rules_of_another_language_are_said_to_be_measured_on_english():
    rows = (Quality("sex", "forum", "stated", 100, 0.97, 0.92, 0.99),)
    told = claim("sex", "male", 0.97, status="stated", method="stated:de")
    assert "measured on English, and this was read in German" in words(page(told, quality=rows))
    assert "measured on English" not in words(page(replace(told, method="stated"), quality=rows))


def test_a_language_models_own_numbers_are_called_uncalibrated():
    text = words(page(claim("sex", "male", 0.8, method="prompted:stated:uncalibrated")))
    assert "the model puts it at about 8 in 10: its own number, uncalibrated and unchecked" in text


def test_a_refusal_and_an_unreadable_answer_are_not_said_to_be_nothing_to_tell():
    silent = {
        why: replace(claim("sex", "male", 0.5, abstained=True), method=f"prompted:{why}")
        for why in ("refused", "unparsed")
    }
    told = {why: words(page(each)) for why, each in silent.items()}
    assert "The model refused to answer about 1 person: that nothing is told about them" in told["refused"]
    assert "s answer about 1 person could not be read" in told["unparsed"]
    for text in told.values():
        assert "it gave no answer." in text
        assert "Cannot be told" not in text
        assert "Nothing points to any value" not in text
        assert "What it would have guessed" not in text
    assert "gave no answer" not in words(page(claim("sex", "male", 0.5, abstained=True)))


def test_a_file_of_somebody_else_is_not_written_over(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("<!doctype html><title>My holidays</title>")
    report = Report([Subject.of(Person("p", ()), (claim(),))], Tally())
    with pytest.raises(BadInput, match="was not written by personae"):
        write(report, path)
    assert "holidays" in path.read_text()
    path.unlink()
    write(report, path)
    assert write(report, path) == path


def test_what_is_only_implied_is_measured_by_itself_and_called_so():
    rows = (
        Quality("sex", "forum", "inferred", 100, 0.7, 0.6, 0.8, 0.72),
        Quality("sex", "couples", "inferred", 40, 0.95, 0.84, 0.99, method="implied"),
    )
    text = words(page(claim("sex", "male", 0.95, method="implied"), quality=rows))
    assert "Follows for most people from what you said, not for all" in text
    assert "Measured: 95% of 40 right on couples (likely 84 to 99 in 100)." in text
    assert "on couples" not in measured(
        Desk.of(Report([], Tally(), quality=rows), True, 5).measured(claim("sex"))
    )


def test_three_of_three_is_too_few_to_say():
    rows = (Quality("sex", "forum", "stated", 3, 1.0, None, None, 0.5, 1.0, 3),)
    assert measured(rows) == "too few to say on forum (3 checked)"
    text = words(page(claim("sex", "male", 0.98, status="stated"), quality=rows))
    assert "the reader puts it at about 98 in 100, unchecked" in text
    assert "100% of 3" not in text
    assert "too few to say (3)" in text


def test_rows_of_another_reader_stand_apart():
    rows = (Quality("sex", "forum", "inferred", 100, 0.9, 0.8, 0.95, model="big model"),)
    text = words(page(claim("sex", "male", 0.8), quality=rows))
    assert "For comparison: big model" in text
    assert "No measurement came with the reader" in text


def test_a_quality_row_outside_its_interval_is_refused():
    with pytest.raises(BadInput, match="low <= accuracy <= high"):
        Quality("sex", "forum", "inferred", 100, 0.5, 0.6, 0.8)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("home", "It ran on this computer; no line left it."),
        ("http://localhost:11434/v1#small", "It ran on this computer; no line left it."),
        ("http://[::1]:8000/v1#small", "It ran on this computer; no line left it."),
        ("https://api.example.org/v1#big", "the lines were sent to api.example.org"),
        ("http://localhost.example.org/v1#big", "the lines were sent to localhost.example.org"),
        ("http://[broken/v1#big", "the lines were sent to http://[broken/v1#big"),
    ],
)
def test_the_page_says_where_the_reader_ran(model, said):
    assert said in words(page(model=model))


def test_the_purpose_and_its_rule_are_named():
    text = words(page(claim("sex", "male", 0.9, decision="research-2"), purpose="research"))
    assert "for the purpose research." in text
    assert "Rule research-2 allows it" in text
    assert "about this person. As a guess: they are male." in text
    assert "No rule was recorded" in page(claim("sex", "male", 0.9))


def test_skipped_rows_are_counted_by_reason_with_file_and_row(report):
    text = words(render(report))
    assert "the date cannot be read 2" in text
    assert "comments.csv:57 the date cannot be read: give it as 2024-03-01" in text


def test_people_are_read_once_and_the_tally_after_them():
    tally = Tally()

    def people():
        for trace in tally.traces([say("hello"), RowError("a.csv:3", "no text")]):
            yield Subject.of(Person("p", (trace,)), ())

    text = words(render(Report(people(), tally)))
    assert "rows read 2 kept 1 skipped 1 of them your own lines 1" in text
    assert "no text 1" in text


def test_no_people_at_all_is_said_plainly():
    assert "No line of any person was read" in render(Report((), Tally()))


def test_a_crowd_is_summed_up_and_the_page_stays_small(demo):
    few, many = (render(demo.make(people=demo.crowd(k * LISTED), purpose="research")) for k in (4, 5))
    assert abs(len(many) - len(few)) < 100
    text = words(many)
    assert f"{4 * LISTED} less exposed people left out of this page" in text
    assert f"{LISTED - DETAILED} more people, without their lines" in text
    assert "They said so" in text
    assert "You said so" not in text


def test_a_crowd_keeps_the_most_exposed_in_order(demo):
    crowd = Crowd.of(demo.crowd(2 * LISTED))
    told = [sum(not c.abstained for c in subject.claims) for subject in crowd.listed]
    assert len(told) == LISTED
    assert told == sorted(told, reverse=True)
    assert crowd.n_people == 2 * LISTED


def test_writing_replaces_the_file_in_one_step_for_its_owner_only(report, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    old = '<meta charset="utf-8"><meta name="generator" content="personae">'
    path.write_text(old)
    monkeypatch.setattr(person, "render", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write(report, path)
    assert path.read_text() == old
    monkeypatch.undo()
    assert write(report, path) == path
    assert path.read_text(encoding="utf-8") == render(report)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named_with_the_mend(report, tmp_path):
    with pytest.raises(BadInput, match=r"report\.html: cannot be written .*--out"):
        write(report, tmp_path / "none" / "report.html")
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput, match="cannot be written"):
        write(report, tmp_path / "folder")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def test_the_same_report_gives_the_same_page(demo):
    assert render(demo.make()) == render(demo.make())


ANY = st.text(max_size=12)


@settings(max_examples=40, deadline=None)
@given(
    ANY,
    ANY,
    ANY,
    st.floats(0, 1),
    st.floats(0, 1),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=3),
)
def test_any_text_makes_a_page(text, value, name, probability, weight, spans):
    trace = Trace("p" + name, value, name, WHEN, text=text, where=value, item=Item(name, text, value))
    rests = Evidence(name, value, tuple(spans), weight)
    one = Claim(
        "p",
        name,
        (Guess(value, probability), Guess(text, 1 - probability)),
        "inferred",
        False,
        text,
        (rests,),
        name,
    )
    tally = Tally()
    tally.skip(RowError(text, value, name))
    report = Report([Subject.of(Person("p", (trace,)), (one,))], tally, text, name, purpose=value)
    render(report).encode("utf-8")


def test_cost_is_said_in_words():
    assert cost_words(1.0, "inferred") == "this line alone gives it away"
    assert cost_words(0.123, "inferred") == "12% less without this line"
    assert cost_words(-0.5, "inferred") == "0% less without this line"
