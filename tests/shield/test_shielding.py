"""Attack, rewrite, attack again: with an attacker that can be computed by hand, and with the one that ships."""

import json
import logging
from dataclasses import replace

import pytest

from personae.errors import BadInput, ModelFailed
from personae.infer.stated import StatedReader
from personae.metrics.overlap import rouge_l
from personae.models.strings import chat_model
from personae.people.records import Claim, Evidence, Guess, Person, Trace
from personae.report.shield import ShieldReport, render_shield
from personae.shield import LEVELS, Edit, shield
from personae.shield._state import State
from personae.shield.attacker import home_attacker
from personae.shield.drafts import Rewrites, edited, rendered
from personae.shield.exposure import Exposure
from personae.shield.generalize import wider
from personae.shield.pseudonyms import Pseudonyms, is_pseudonym
from personae.shield.reported import reported


class Counter:
    """Sure of the job by .1 and .3 for each line that says "ward": .1, .4, .7, 1.0; counts how often it is asked."""

    name = "counter"

    def __init__(self, word="ward"):
        self.word, self.asked = word, 0

    def prepare(self, people):
        """Nothing."""

    def read(self, person, attributes):
        self.asked += 1
        hits = [trace for trace in person.own if self.word in trace.text]
        evidence = tuple(
            Evidence(
                t.id,
                t.where,
                ((t.text.index(self.word), t.text.index(self.word) + len(self.word)),),
                1 / len(hits),
            )
            for t in hits
        )
        guess = Guess("nurse", min(1.0, 0.1 + 0.3 * len(hits)))
        return [Claim(person.id, a.name, (guess,), "inferred", False, "count", evidence) for a in attributes]


def lines(*texts, person="p", role="self"):
    return tuple(
        Trace(person, "table", str(k), role=role, text=text, where=f"a.csv:{k + 2}")
        for k, text in enumerate(texts)
    )


WARD = lines(
    "Long night on my ward again.", "The ward was full.", "I bake rye bread.", "My ward has a new bed."
)


def test_words_are_cut_until_the_target_is_met_and_every_step_is_measured():
    attacker = Counter()
    done = shield(WARD, reader=attacker, target=0.2, level="rewrite", attributes=["job"])
    (job,) = done.exposure
    assert [job.before.probability, job.after.probability, job.floor] == pytest.approx([1.0, 0.1, 0.1])
    assert job.reached
    assert [trace.text for trace in done.traces] == [
        "Long night on my … again.",
        "The … was full.",
        "I bake rye bread.",
        "My … has a new bed.",
    ]
    assert attacker.asked == len(done.curve) + 1  # once for every point, once for a person without a text
    assert done.utility.words_kept == pytest.approx(1 - 3 / 20)
    fresh = Counter().read(Person("p", done.traces), [])
    assert fresh == []
    for k, point in enumerate(done.curve):
        again = Counter().read(Person("p", done.at(k)), [replace_job()])[0].best.probability
        assert again == pytest.approx(point.exposure["occupation"])


def replace_job():
    from personae.people.attributes import attribute

    return attribute("job")


def test_as_little_is_cut_as_the_target_needs():
    done = shield(WARD, reader=Counter(), target=0.75, level="rewrite", attributes=["job"])
    assert done.reached
    assert sum(trace.text != old.text for trace, old in zip(done.traces, WARD, strict=True)) < 3
    assert shield(WARD, reader=Counter(), target=1.0, level="rewrite", attributes=["job"]).edits == ()


@pytest.mark.parametrize(
    ("cuts", "left"),
    [(0, "It was cold. "), (1, "It was cold. … "), (2, "It was cold. … after … and again it rained.")],
)
def test_a_sentence_goes_after_so_many_cuts_of_its_words(cuts, left):
    """The attacker marks one of two telling words at a time."""
    text = lines("It was cold. ward after ward and again it rained.")
    how = {"target": 0.2, "slack": 0.0, "level": "rewrite", "attributes": ["occupation"], "thorough": True}
    done = shield(text, reader=Counter(), cuts=cuts, **how)
    assert done.traces[0].text == left
    assert done.reached


class Blunt(Counter):
    """Sure of the job by .9 where any line says "ward"; names whole lines as evidence, those of bread first."""

    def read(self, person, attributes):
        hits = [trace for trace in person.own if "bread" in trace.text] or person.own
        evidence = tuple(Evidence(t.id, t.where, (), 1 / len(hits)) for t in hits)
        sure = 0.9 if any("ward" in trace.text for trace in person.own) else 0.1
        return [
            Claim(person.id, a.name, (Guess("nurse", sure),), "inferred", False, "blunt", evidence)
            for a in attributes
        ]


def test_what_need_not_have_gone_comes_back_whole_or_short_of_one_word():
    said = lines("I bake rye bread.", "My ward has a new bed.")
    how = {"reader": Blunt(), "attributes": ["job"], "level": "rewrite", "slack": 0.0}
    done = shield(said, **how)
    assert [trace.text for trace in done.traces] == ["I bake rye bread.", "My … has a new bed."]
    assert done.reached
    assert [trace.text for trace in shield(said, **how, thorough=True).traces] == ["", ""]


def test_a_share_of_the_words_is_kept_whatever_the_target():
    done = shield(WARD, reader=Counter(), target=0.0, level="rewrite", attributes=["job"], keep=0.94)
    assert done.utility.words_kept >= 0.94
    assert len(done.edits) == 1
    assert not done.reached


def test_wrong_guesses_cost_no_word_when_the_truth_is_known():
    done = shield(WARD, reader=Counter(), level="rewrite", attributes=["job"], truth={"job": "pilot"})
    assert done.edits == ()
    assert done.exposure[0].before == Guess("pilot", 0.0)
    assert shield(WARD, reader=Counter(), level="rewrite", attributes=["job"], truth={"job": "nurse"}).reached


SAID = lines(
    "I'm a nurse and I live in Porto. Mail ana@example.org!",
    "I'm 34 and my sister Tania says hi.",
    "Tania and I love rye bread, and the card 4111 1111 1111 1111 is hers.",
)


def test_levels_go_ever_further():
    done = [shield(SAID, reader=StatedReader(), level=level) for level in LEVELS]
    kept = [each.utility.words_kept for each in done]
    assert kept == sorted(kept, reverse=True)
    means = [each.curve[-1].mean_exposure for each in done]
    assert means == sorted(means, reverse=True)
    assert means[0] > means[1]
    first = done[0].traces
    assert first[0].text == "I'm a nurse and I live in Porto. Mail [e-mail]!"
    assert "[card]" in first[2].text
    wide = done[1].traces
    assert wide[0].text == "I'm someone in health care and I live in a city in Portugal. Mail [e-mail]!"
    assert wide[1].text.startswith("I'm in my 30s")


def test_one_name_one_pseudonym_in_all_lines():
    done = shield(SAID, reader=StatedReader(), level="mask", random_state=5)
    words = {word.strip(".,") for trace in done.traces for word in trace.text.split()}
    (name,) = filter(is_pseudonym, words)
    assert f"my sister {name} says" in done.traces[1].text
    assert done.traces[2].text.startswith(f"{name} and I")
    other = shield(SAID, reader=StatedReader(), level="mask", random_state=6)
    assert name not in other.traces[2].text


def test_a_country_that_still_stands_is_no_reached_target():
    said = lines("I'm a nurse and I live in Oslo.", "Rye bread.")
    done = shield(said, reader=StatedReader(), attributes=["city"], target=0.9)
    (city,) = done.exposure
    assert "a city in Norway" in done.traces[0].text
    assert (city.kept, city.state, city.reached) == ("country kept", "not reached", False)
    assert done.unmet == (city,)
    wide = shield(said, reader=StatedReader(), attributes=["city"], target=0.9, thorough=True)
    assert "Norway" not in wide.traces[0].text
    assert wide.exposure[0].state == "reached"
    other = shield(
        said, reader=StatedReader(), attributes=["city"], truth={"city": "Porto, Portugal"}, thorough=True
    )
    assert other.exposure[0].kept == ""


def test_what_stands_in_plain_words_is_not_reached_though_this_attacker_does_not_see_it():
    said = lines("We saw Oslo. Mail ana@example.org", "Rye bread, baked by a nurse.")
    how = {"reader": Counter("moon"), "attributes": ["city", "job"], "target": 0.9}
    done = shield(said, **how, level="mask")
    assert [(each.kept, each.state) for each in done.exposure] == [("plain words kept", "not reached")] * 2
    assert [each.kept for each in done.exposure_at(0)] == ["identifiers kept"] * 2
    known = shield(said, **how, level="mask", truth={"city": "Porto, Portugal", "job": "nurse"})
    assert [each.kept for each in known.exposure] == ["", "plain words kept"]
    assert shield(said, **how, level="rewrite", thorough=True).reached


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("I live in Oslo.", "I live in a city in Europe."),
        ("We moved to Canada.", "We moved to a country in North America."),
        ("I live in Lahore em Porto.", "I live in a city in Asia em a city in Europe."),
        ("I grew up in South America and in Asia.", "I grew up in South America and in Asia."),
        ("I went to Boston College and read Jack London.", "I went to a college and read Jack London."),
        ("I study at Boston University.", "I study at a university."),
        (
            "Boston University won, and Boston lost.",
            "Boston University won, and a city in North America lost.",
        ),
        ("On Monday we left Greater London.", "On Monday we left Greater a city in Europe."),
    ],
)
def test_what_a_move_wrote_is_never_taken_up_again(text, left):
    """Both attributes of places go over the same lines, twice."""
    done = shield(
        lines(text),
        reader=StatedReader(),
        attributes=["city", "birth_city_country"],
        target=0.0,
        thorough=True,
    )
    assert done.traces[0].text == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("We nurse our drinks and cook soup.", None),
        ("The doctors said so.", None),
        (
            "I work as nurse, and I'm a 34-year-old cook.",
            "I work as someone in health care, and I'm someone in food and hospitality.",
        ),
    ],
)
def test_verbs_are_no_occupations(text, left):
    done = shield(lines(text), reader=StatedReader(), attributes=["age", "job"], target=0.0, thorough=True)
    assert done.traces[0].text == (left or text)


def test_a_cut_takes_wider_words_whole_and_marks_never():
    state = State(lines("I'm a nurse, mail ana@example.org now."))
    assert state.mask((), 0) == 1
    assert state.widen("occupation", 0) == 1
    key, text = state.own[0], "I'm someone in health care, mail [e-mail] now."
    assert state.text(key) == text
    at, mail = text.index("health"), text.index("mail")
    spans = state.free(key, [(at, at + 6), (mail, len(text))])
    assert [text[a:b] for a, b in spans] == ["someone in health care", "mail ", " now."]


def test_a_first_name_goes_with_the_full_name():
    said = lines("My name is Ana Silva.", "Yes, Ana here.", "My friend May Lund may come.", "In May, Anabel.")
    now = [trace.text for trace in shield(said, reader=StatedReader(), level="mask").traces]
    name = now[0].removeprefix("My name is ").removesuffix(".")
    assert is_pseudonym(name)
    assert now[1] == f"Yes, {name} here."
    assert now[3] == "In May, Anabel."


def test_no_two_names_share_a_pseudonym():
    names = [("name", f"Name{k}") for k in range(150)]
    made = Pseudonyms(names, random_state=1)
    assert len({made.of(*name) for name in names}) == 150
    assert [made.of(*name) for name in names] == [
        Pseudonyms(reversed(names), random_state=1).of(*name) for name in names
    ]


@pytest.mark.parametrize("level", LEVELS)
def test_a_second_shield_changes_nothing(level):
    once = shield(SAID, reader=StatedReader(), level=level)
    again = shield(once.traces, reader=StatedReader(), level=level)
    assert again.edits == ()


def test_others_are_masked_and_never_attacked():
    theirs = lines("I'm a nurse, mail bo@example.org", role="other")
    done = shield((*WARD[2:3], replace(theirs[0], id="x")), reader=StatedReader(), level="rewrite")
    assert done.traces[1].text == "I'm a nurse, mail [e-mail]"
    assert done.utility.words_kept == 1.0


def test_what_was_taken_out_goes_from_the_answers_too():
    own = lines("I'm a nurse and I live in Porto. I'm 34.", "Born on 3 May 1990. It was 34 degrees.")
    answers = lines(
        "Dear Sir, as a 34-year-old nurse from Porto I bake.",
        "At 34, nurse Porto! It is 34 degrees in Lisbon; surgeons and May 3, not 3 May 1990.",
        role="assistant",
    )
    answers = tuple(replace(each, id=f"a{each.id}") for each in answers)
    done = shield((*own, *answers), reader=StatedReader(), thorough=True)
    assert done.traces[2].text == "Dear Sir, as someone in health care from a city in Europe I bake."
    assert done.traces[3].text == (
        "At 30-something, someone in health care a city in Europe! It is 34 degrees in Lisbon; surgeons and May 3, "
        "not [date of birth]."
    )
    assert done.repeated == 6
    assert done.as_json()["repeated"] == 6
    assert done.at(len(done.curve) - 1) == done.traces
    assert "6 repetitions" in render_shield(
        ShieldReport([reported(done)], "claude", "generalize", "home", "a.zip")
    )
    masked = shield((*own, *answers), reader=StatedReader(), level="mask")
    assert [masked.traces[2].text, masked.repeated] == [answers[0].text, 1]


def test_near_the_floor_is_not_reached():
    """Guessed of anybody at .5 and a margin of .1: from .6 down it is no surer than of anybody, from .2 down reached."""
    near = Exposure("sex", Guess("female", 0.9), Guess("female", 0.55), 0.5, 0.2, 0.6)
    assert (near.state, near.reached) == ("no surer than of anybody", False)
    assert near.as_json()["margin"] == 0.1
    assert replace(near, after=Guess("female", 0.2)).state == "reached"
    assert replace(near, after=Guess("female", 0.61)).state == "not reached"
    assert replace(near, after=Guess("", 0.0), kept="country kept").state == "not reached"
    assert not near.raised
    assert replace(near, after=Guess("female", 0.95)).as_json()["raised"] is True
    done = shield(WARD, reader=Counter(), target=0.05, level="rewrite", attributes=["job"])
    assert [each.state for each in done.exposure] == ["no surer than of anybody"]
    assert (done.reached, done.unmet) == (False, ())


def test_the_reader_that_ships_is_lowered():
    done = shield(SAID, reader=home_attacker(), level="rewrite", attributes=["city", "job", "age"])
    assert done.exposure[1].state != "not reached"
    assert done.curve[0].mean_exposure > 0.8
    assert done.curve[-1].mean_exposure < 0.5


def test_nothing_personal_is_logged_or_in_the_record_of_an_edit(caplog, capsys):
    with caplog.at_level(logging.DEBUG):
        done = shield(SAID, reader=StatedReader(), level="rewrite")
    printed = caplog.text + "".join(capsys.readouterr())
    record = json.dumps([edit.as_json() for edit in done.edits])
    for word in ("ana@example.org", "Tania", "Porto", "4111"):
        assert word not in printed
        assert word not in record


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"level": "hide"}, "mask, generalize, rewrite"),
        ({"target": 2.0}, "between 0 and 1"),
        ({"target": {"religion": 0.1}}, "not among"),
    ],
)
def test_bad_input_is_named(change, said):
    with pytest.raises(BadInput, match=said):
        shield(WARD, reader=Counter(), **change)
    with pytest.raises(BadInput, match="2 people"):
        shield((*WARD, replace(WARD[0], person="q")), reader=Counter())


def test_edits_of_edits_stay_in_the_offsets_of_the_first_text():
    text = "I live in Porto now."
    once = edited(text, (), (10, 15), Edit("t", "1", "", 0, 0, "a city in Portugal", "generalize"))
    assert rendered(text, once) == "I live in a city in Portugal now."
    at = rendered(text, once).index("Portugal")
    twice = edited(text, once, (at, at + 8), Edit("t", "1", "", 0, 0, "Europe", "generalize"))
    assert rendered(text, twice) == "I live in a city in Europe now."
    assert [(edit.start, edit.end) for edit in twice] == [(10, 15)]
    whole = edited(text, twice, (0, len(rendered(text, twice))), Edit("t", "1", "", 0, 0, "Gone.", "model"))
    assert (rendered(text, whole), whole[0].start, whole[0].end) == ("Gone.", 0, len(text))


@pytest.mark.parametrize(
    ("name", "text", "now"),
    [
        ("age", "I turned 41 last week", "I turned into my 40s last week"),
        ("age", "I'm 50 km away", "I'm 50 km away"),
        ("occupation", "as a software engineer here", "as someone in technology here"),
        ("relationship_status", "my ex-wife and my husband", "my former partner and my partner"),
        ("city_country", "Nice fix! Reading is fun", "Nice fix! Reading is fun"),
        ("city_country", "back from Berlin", "back from a city in Germany"),
        ("income_level", "I make $85,000 here", "I make some money here"),
    ],
)
def test_telling_values_get_wider_words(name, text, now):
    for found in reversed(wider(text, name)):
        text = text[: found.start] + found.words + text[found.end :]
    assert text == now


@pytest.mark.parametrize(
    ("text", "now"),
    [
        (
            "I worked for Google in spring",
            "I worked for a company in spring",
        ),  # a city was called so for a month
        ("I work at Acme Corp in town", "I work at a company in town"),
        ("I'm a software engineer at Acme now", "I'm a software engineer at a company now"),
        ("my sister works as a nurse at Mercy General Hospital", "my sister works as a nurse at a hospital"),
        ("I graduated from the University of Acme in 2010", "I graduated from a university in 2010"),
        ("Ich arbeite bei Acme in München", "Ich arbeite bei einer Firma in München"),
        ("ich studiere an der Universität Leipzig", "ich studiere an einer Universität"),
        ("Trabajo en Acme", "Trabajo en una empresa"),
        ("trabajo en Madrid", "trabajo en Madrid"),
        ("estudié en la Universidad de Salamanca", "estudié en una universidad"),
        ("Je travaille chez Acme", "Je travaille chez une entreprise"),
        ("j'ai étudié à l'Université de Lyon", "j'ai étudié à une université"),
        ("Trabalho na Acme", "Trabalho em uma empresa"),
        ("trabalho no Hospital São João", "trabalho em um hospital"),
        ("Lavoro alla Acme", "Lavoro a un'azienda"),
        ("ho studiato all'Università di Bologna", "ho studiato a un'università"),
        ("Ik heb bij de Acmebank gewerkt", "Ik heb bij een bedrijf gewerkt"),
        ("ik studeerde aan de Universiteit van Amsterdam", "ik studeerde aan een universiteit"),
        ("I read that Harvard University is rich", "I read that Harvard University is rich"),
        ("I work at night and at Christmas", "I work at night and at Christmas"),
    ],
)
def test_employers_and_schools_get_wider_words(text, now):
    said = lines(text, "Rye bread.")
    done = shield(said, reader=StatedReader(), attributes=["age"])
    assert done.traces[0].text == now
    assert shield(said, reader=StatedReader(), attributes=["age"], level="mask").traces == said
    assert shield(done.traces, reader=StatedReader(), attributes=["age"]).edits == ()


def test_a_language_model_rewrites_and_the_same_attacker_checks(server):
    attacker = Counter()
    shown = "\n".join(f"{k}. {t.text}" for k, t in enumerate((WARD[0], WARD[1], WARD[3]), 1))
    asked = f"A reader now tells:\n- Occupation: nurse\n\nLines:\n{shown}"
    answer = {
        "lines": [
            {"number": 1, "text": "Long night at work again."},
            {"number": 2, "text": "It was full."},
            {"number": 9, "text": "x"},
        ]
    }
    server.behave(answers={asked: json.dumps(answer)})
    done = shield(WARD, reader=attacker, attributes=["job"], rewriter=chat_model(server.model))
    assert [trace.text for trace in done.traces[:2]] == ["Long night at work again.", "It was full."]
    assert done.traces[3].text == WARD[3].text
    assert [edit.kind for edit in done.edits] == ["model", "model"]
    assert done.exposure[0].after.probability == pytest.approx(0.4)
    assert not done.reached
    assert server.n_calls == 2  # the second answer is an echo, which changes nothing
    assert done.rewrites == Rewrites(written=2, unusable=2)  # a line that was not shown, and the echo
    assert done.as_json()["rewriter"] == {"written": 2, "unusable": 2, "refused": 0}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            "Long night again, call +351 912 345 678.",
            "Long night on my … again.",
        ),  # an identifier that did not stand there
        ("A ward, my ward of wards.", "Long night on my … again."),  # the attacker tells more than before
        ("Long night at work again.", "Long night at work again."),
    ],
)
def test_a_rewritten_line_that_gives_more_away_is_refused(server, text, left):
    class Words(Counter):
        """Sure of the job by .2 for each time that a line says "ward"."""

        def read(self, person, attributes):
            (claim,) = super().read(person, attributes)
            n = sum(trace.text.count(self.word) for trace in person.own)
            return [replace(claim, guesses=(Guess("nurse", min(1.0, 0.1 + 0.2 * n)),))]

    said = WARD[:1] + WARD[2:3]
    asked = f"A reader now tells:\n- Occupation: nurse\n\nLines:\n1. {said[0].text}"
    server.behave(answers={asked: json.dumps({"lines": [{"number": 1, "text": text}]})})
    done = shield(said, reader=Words(), attributes=["job"], slack=0.0, rewriter=chat_model(server.model))
    assert done.traces[0].text == left
    assert (done.rewrites.written, done.rewrites.refused) == ((1, 0) if text == left else (0, 1))
    assert done.reached


def test_a_model_that_answers_nothing_of_use_is_told(server):
    server.behave(answers={}, text="I would rather not.")
    done = shield(WARD, reader=Counter(), attributes=["job"], rewriter=chat_model(server.model))
    assert done.rewrites.unusable == 1
    assert done.edits == ()
    page = render_shield(ShieldReport([reported(done)], "table", "generalize", "home", "a.csv"))
    assert "1 reply or line of it could not be used" in page


def test_word_overlap_by_hand():
    kept = rouge_l("a b c d", "a x c d")
    assert (kept.common, kept.recall, kept.f1) == (3, 0.75, 0.75)
    assert rouge_l("", "").f1 == 1.0
    assert rouge_l("a b", "").recall == 0.0


def test_an_attack_that_a_model_refused_is_no_safety():
    class Refusing(Counter):
        def read(self, person, attributes):
            claims = super().read(person, attributes)
            return (
                [replace(claim, method="prompted:refused") for claim in claims] if person.traces else claims
            )

    with pytest.raises(ModelFailed, match="refused"):
        shield(SAID, reader=Refusing(), attributes=["job"])


def test_an_employer_that_was_taken_out_once_goes_from_every_line():
    own = lines(
        "I have been working at Apple for six years, before that I worked at Acme Corp.",
        "Dear Acme Corp team, thank you! Acme Corp's cake was an Acme joke. I ate an apple and left Apple.",
    )
    answer = replace(lines("Dear Acme Corp team, an apple a day.", role="assistant")[0], id="a")
    done = shield((*own, answer), reader=StatedReader())
    assert [trace.text for trace in done.traces[1:]] == [
        "Dear company team, thank you! The company's cake was a company joke. I ate an apple and left the company.",
        "Dear company team, an apple a day.",
    ]


class Suspicious(Counter):
    """Surer of the job the more lines have lost a word."""

    def read(self, person, attributes):
        lost = sum("…" in trace.text for trace in person.own)
        return [
            replace(claim, guesses=(Guess("nurse", min(1.0, claim.best.probability + 0.2 * lost)),))
            for claim in super().read(person, attributes)
        ]


def test_cuts_that_make_the_attacker_surer_are_taken_back_and_a_rise_is_said():
    own = lines("The ward was full, and the ward was loud.", "A ward has a bed in every ward.", "I bake.")
    done = shield(
        own, reader=Suspicious(), target=0.2, level="rewrite", attributes=["job"], thorough=True, rounds=2
    )
    assert max(point.mean_exposure for point in done.curve) > done.curve[0].mean_exposure
    assert done.traces == own
    assert (done.is_raised, done.edits, done.at(len(done.curve) - 1)) == (False, (), own)
    raised = replace(done, curve=done.curve[:2])
    assert raised.is_raised
    page = ShieldReport([reported(raised)], "claude", "rewrite", "home", "a.zip")
    assert "On average this attacker is surer after than before" in render_shield(page)
    assert "On average" not in render_shield(replace(page, people=[reported(done)]))


def test_a_profiles_values_are_widened_whatever_the_attacker_sees():
    lines = (
        Trace("ana", "x", "1", kind="profile", text="Rye bread. Gdynia"),
        Trace("ana", "x", "2", kind="post", text="Rye bread in Gdynia"),
    )
    done = shield(lines, reader=StatedReader(), level="generalize")
    assert "Gdynia" not in done.traces[0].text
    assert done.traces[1].text == lines[1].text
    assert shield(lines, reader=StatedReader(), level="mask").traces == lines
