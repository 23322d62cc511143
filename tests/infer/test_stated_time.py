"""Ages that grow, places that change, and what contradicts itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from personae.infer.stated import Precision, StatedReader
from personae.infer.stated._languages import language
from personae.infer.stated._time import Born, born_at_age, decimal_year, when
from personae.people.attributes import attribute
from personae.people.records import Person, Profile, Trace

AGE, CITY, WORK, BOND = map(attribute, ("age", "city_country", "occupation", "relationship_status"))
SCHOOL, SEX, BIRTH = map(attribute, ("education", "sex", "birth_city_country"))


def day(year, month=1, day_of_month=1):
    return datetime(year, month, day_of_month, tzinfo=UTC)


def read(name, *said, now=None, least=0.0):
    """Return the claims about one attribute; `said` are texts, or (time, text)."""
    timed = [pair if isinstance(pair, tuple) else (None, pair) for pair in said]
    traces = tuple(Trace("p", "t", str(i), time, text=text) for i, (time, text) in enumerate(timed))
    return StatedReader(precision=Precision({}, {}), least=least, now=now).read(Person("p", traces), [name])


def test_a_stated_age_grows_with_the_years():
    # 34 on 1 March 2020: born between March 1985 and March 1986, so 38 or 39 on 1 September 2024, in the middle 39.0
    (claim,) = read(AGE, (day(2020, 3), "I'm 34."), (day(2024, 9), "Nice."))
    assert claim.best.value == "39"
    (claim,) = read(AGE, (day(2020, 3), "I'm 34."), now=day(2020, 3))
    assert claim.best.value == "34"


def test_an_age_holds_for_the_day_that_it_is_told_for():
    (claim,) = read(AGE, (day(2020, 3), "I'm 34."), (day(2024, 9), "Nice."))
    assert (claim.valid_from, claim.time) == (day(2024, 9), day(2020, 3))


def test_a_birthday_gives_the_age_from_its_own_day():
    # turned 34 in May 2024: born in May 1990; 33 in April 2024, 36 in June 2026
    (claim,) = read(AGE, (day(2024, 6, 15), "I turned 34 last May."), now=day(2026, 6, 15))
    assert claim.best.value == "36"
    (claim,) = read(AGE, (day(2024, 6, 15), "I turned 34 last May."), now=day(2026, 4, 1))
    assert claim.best.value == "35"


def test_a_birth_year_needs_a_clock():
    (claim,) = read(AGE, "I was born in 1989.")
    assert claim.abstained
    (claim,) = read(AGE, "I was born in 1989.", now=day(2024, 10))
    assert claim.best.value == "35"


def test_dated_ages_narrow_each_other():
    # 34 on 1 January 2020 and 35 on 1 July 2020: born in the first half of 1985
    (claim,) = read(AGE, (day(2020), "I'm 34."), (day(2020, 7), "I'm 35."), now=day(2021, 1, 2))
    assert claim.best.value == "35"
    assert len(claim.evidence) == 2


def test_ages_that_cannot_both_be_abstain():
    (claim,) = read(AGE, (day(2020), "I'm 34."), (day(2021), "I'm 52."))
    assert claim.abstained
    assert {guess.value for guess in claim.guesses} == {"35", "52"}
    (claim,) = read(AGE, "I'm 34.", "I'm 52.")
    assert claim.abstained


def test_undated_ages_a_year_apart_are_one_person_growing_older():
    (claim,) = read(AGE, "I'm 34.", "I just turned 35")
    assert (claim.best.value, claim.abstained) == ("35", False)


def test_a_range_stays_a_range():
    (claim,) = read(AGE, "I'm in my forties")
    assert claim.best.value == "40-49"
    (claim,) = read(AGE, (day(2020), "I'm in my mid-40s"), now=day(2025))
    assert claim.best.value == "49-51"


def test_the_newest_move_wins_and_the_old_home_is_history():
    said = (
        (day(2015), "I live in Porto"),
        (day(2019, 6), "I moved to Berlin in 2018"),
        (day(2022), "here in Berlin"),
    )
    current, old = read(CITY, *said)
    assert (current.best.value, current.valid_from, current.valid_to) == ("Berlin, Germany", day(2018), None)
    assert (old.best.value, old.valid_from, old.valid_to) == ("Porto, Portugal", day(2015), day(2018))
    assert old.superseded_by == current.id
    assert len(current.evidence) == 2


def test_history_fits_into_a_profile():
    claims = read(CITY, (day(2015), "I live in Porto"), (day(2020), "I live in Berlin"))
    profile = Profile("p")
    for claim in reversed(claims):
        profile = profile.add(claim)
    assert [claim.best.value for claim in profile.current] == ["Berlin, Germany"]


def test_a_move_from_and_to_is_no_contradiction():
    current, old = read(CITY, (day(2020), "I moved from Porto to Berlin"))
    assert (current.best.value, old.best.value) == ("Berlin, Germany", "Porto, Portugal")
    assert old.valid_to == day(2020)


def test_a_home_that_was_left_is_not_current():
    claims = read(CITY, (day(2015), "I live in Porto"), (day(2020), "I used to live in Porto"))
    assert claims[0].abstained
    claims = read(CITY, (day(2015), "I used to live in Porto"), (day(2020), "I live in Porto"))
    assert (claims[0].best.value, claims[0].abstained) == ("Porto, Portugal", False)


def test_undated_homes_that_differ_abstain_and_those_that_fit_do_not():
    (claim,) = read(CITY, "I live in Porto", "I live in Berlin")
    assert claim.abstained
    assert [guess.probability for guess in claim.guesses] == [0.5, 0.5]
    (claim,) = read(CITY, "I live in Portugal", "here in Porto")
    assert (claim.best.value, claim.abstained) == ("Porto, Portugal", False)


def test_a_visit_does_not_move_anyone_within_a_year():
    claims = read(CITY, (day(2020), "I live in Porto"), (day(2020, 6), "It is hot here in Rome"))
    assert [claim.best.value for claim in claims] == ["Porto, Portugal"]


def test_what_never_changes_abstains_on_one_contradiction():
    (claim,) = read(SEX, "I'm a woman", "As a man, I disagree.")
    assert claim.abstained
    (claim,) = read(BIRTH, "I was born in Porto", "I grew up in Faro")
    assert (claim.best.value, claim.abstained) == ("Porto, Portugal", False)


def test_a_bond_that_deepens_is_one_and_one_that_ends_is_history():
    (claim,) = read(BOND, "my girlfriend laughs", "my wife and I")
    assert (claim.best.value, claim.abstained) == ("married", False)
    current, old = read(BOND, (day(2015), "my wife and I"), (day(2020), "I'm divorced"))
    assert (current.best.value, old.best.value, old.valid_to) == ("divorced", "married", day(2020))
    current, old = read(BOND, (day(2015), "my wife and I"), (day(2020), "I live with my girlfriend"))
    assert (current.best.value, old.best.value) == ("in a relationship", "married")


ENDED = {
    "en": [
        (CITY, "I live in Oslo.", "I no longer live in Oslo."), (CITY, "I live in Oslo.", "I don't live in Oslo, that was a lie."),
        (CITY, "I live in Oslo.", "We left Oslo for good in May."), (WORK, "I'm a baker.", "I'm not a baker anymore."),
        (WORK, "I'm a baker.", "I haven't been a baker for years."), (WORK, "I'm a baker.", "I got fired on Friday."),
        (WORK, "I'm a teacher.", "I quit teaching."), (BOND, "I'm married.", "Sorry, I'm not married."),
        (BOND, "My wife sings.", "We're separated now."), (BOND, "My boyfriend sings.", "I broke up with my boyfriend."),
    ],
    "de": [
        (CITY, "Ich wohne in Bonn.", "Ich wohne nicht mehr in Bonn."), (WORK, "Ich bin Bäcker.", "Ich bin kein Bäcker mehr."),
        (WORK, "Ich bin Bäcker.", "Mir wurde gestern gekündigt."), (BOND, "Meine Frau singt.", "Wir haben uns im Mai getrennt."),
    ],
    "es": [
        (CITY, "Vivo en Bogotá.", "Ya no vivo en Bogotá."), (WORK, "Soy panadero.", "Ya no trabajo de panadero."),
        (WORK, "Soy panadero.", "Me han despedido."), (BOND, "Mi mujer canta.", "Mi mujer me dejó."),
    ],
    "fr": [
        (CITY, "J'habite à Lille.", "Je n'habite plus à Lille."), (WORK, "Je suis boulanger.", "Je ne suis plus boulanger."),
        (WORK, "Je suis boulanger.", "J'ai été viré hier."), (BOND, "Ma femme chante.", "Ma femme m'a quitté."),
    ],
    "it": [
        (CITY, "Vivo a Torino.", "Non vivo più a Torino."), (WORK, "Sono un cuoco.", "Non sono più un cuoco."),
        (WORK, "Faccio il cuoco.", "Mi hanno licenziato."), (BOND, "Mia moglie canta.", "Mia moglie mi ha lasciato."),
    ],
    "nl": [
        (CITY, "Ik woon in Gent.", "Ik woon niet meer in Gent."), (WORK, "Ik ben bakker.", "Ik ben geen bakker meer."),
        (WORK, "Ik ben bakker.", "Ik ben vorige week ontslagen."), (BOND, "Mijn vrouw zingt.", "Mijn vrouw en ik zijn uit elkaar."),
    ],
    "pt": [
        (CITY, "Moro em Braga.", "Já não moro em Braga."), (WORK, "Sou padeiro.", "Não sou mais padeiro."),
        (WORK, "Sou padeiro.", "Fui despedido."), (BOND, "Minha mulher canta.", "Minha mulher me deixou."),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("name", "said", "over"), [case for cases in ENDED.values() for case in cases])
def test_what_is_denied_or_lost_later_is_history_with_an_end(name, said, over):
    current, old = read(name, (day(2018), said), (day(2021), over))
    assert current.abstained
    assert (old.valid_from, old.valid_to, old.superseded_by) == (day(2018), day(2021), current.id)
    again = read(name, (day(2018), said), (day(2021), over), (day(2023), said))[0]
    assert not again.abstained
    assert again.best.value == old.best.value


@pytest.mark.parametrize(
    "died",
    ["My wife died in May.", "Meine Frau ist gestern gestorben.", "Mi mujer falleció.", "Ma femme est décédée.", "Mia moglie è morta.",
     "Mijn vrouw is in mei overleden.", "Minha mulher morreu."],
)  # fmt: skip
def test_a_partner_who_died_leaves_someone_widowed(died):
    assert read(BOND, (day(2021), died))[0].best.value == "widowed"


def test_nothing_older_comes_back_when_the_newest_ends():
    said = (
        (day(2015), "I live in Porto"),
        (day(2018), "I live in Oslo"),
        (day(2021), "I no longer live in Oslo"),
    )
    current, *old = read(CITY, *said)
    assert current.abstained
    assert [(claim.best.value, claim.valid_to) for claim in old] == [
        ("Porto, Portugal", day(2018)),
        ("Oslo, Norway", day(2021)),
    ]


def test_a_denial_of_one_value_leaves_the_others():
    said = ((day(2018), "I live in Portugal"), (day(2020), "I don't live in Porto"))
    assert read(CITY, *said)[0].best.value == "Portugal"
    said = ((day(2018), "I'm a baker"), (day(2020), "I'm not a plumber"))
    assert read(WORK, *said)[0].best.value == "baker"


def test_a_denial_within_one_text_leaves_no_history():
    (claim,) = read(BOND, (day(2020), "I'm not married. My husband is a joke of ours."))
    assert claim.abstained
    assert claim.guesses == ()


@pytest.mark.parametrize(
    ("name", "said", "later"),
    [
        (BOND, "My wife sings.", "I left my wife at home."), (BOND, "My wife sings.", "My wife left me a note."),
        (WORK, "I'm a baker.", "They let me go home early."), (WORK, "I'm a baker.", "I let go of the rope."),
        (BOND, "Mi mujer canta.", "Mi mujer me dejó el coche."), (BOND, "Mia moglie canta.", "Mia moglie mi ha lasciato le chiavi."),
    ],
)  # fmt: skip
def test_what_only_sounds_like_an_end_ends_nothing(name, said, later):
    assert read(name, (day(2018), said), (day(2021), later))[0].best is not None


def test_a_new_job_after_the_lost_one_stands():
    assert read(WORK, (day(2020), "I got fired. Now I'm a baker."))[0].best.value == "baker"


def test_a_lower_degree_does_not_replace_a_higher_one():
    (claim,) = read(SCHOOL, (day(2015), "I have a PhD in botany"), (day(2020), "I have a master's in law"))
    assert claim.best.value == "PhD"


def test_titles_that_fit_are_one_job_and_others_abstain_undated():
    (claim,) = read(WORK, "I'm a teacher", "I work as a music teacher")
    assert (claim.best.value, claim.abstained) == ("music teacher", False)
    (claim,) = read(WORK, "I'm a teacher", "I'm a plumber")
    assert claim.abstained
    current, old = read(WORK, (day(2015), "I'm a teacher"), (day(2020), "I'm a plumber"))
    assert (current.best.value, old.best.value) == ("plumber", "teacher")


@pytest.mark.parametrize(
    ("code", "words", "low", "high"),
    [
        ("en", " last may", day(2024, 5), day(2024, 5, 31)),
        ("en", " in december", day(2023, 12), day(2023, 12, 31)),
        ("en", " in 2019", day(2019), day(2019, 12, 31)),
        ("en", " in march 2019", day(2019, 3), day(2019, 3, 31)),
        ("en", " yesterday", day(2024, 6, 14), day(2024, 6, 14)),
        ("en", " two weeks ago", day(2024, 5, 28), day(2024, 6, 4)),
        ("de", " vor zwei wochen", day(2024, 5, 28), day(2024, 6, 4)),
        ("es", " hace dos semanas", day(2024, 5, 28), day(2024, 6, 4)),
        ("es", " el mes pasado", day(2024, 4, 30), day(2024, 5, 30)),
        ("fr", " il y a deux semaines", day(2024, 5, 28), day(2024, 6, 4)),
        ("it", " due settimane fa", day(2024, 5, 28), day(2024, 6, 4)),
        ("nl", " twee weken geleden", day(2024, 5, 28), day(2024, 6, 4)),
        ("pt", " há duas semanas", day(2024, 5, 28), day(2024, 6, 4)),
    ],
)
def test_times_are_read_in_every_language(code, words, low, high):
    found = when(language(code).calendar, words, 0, day(2024, 6, 15))
    assert found is not None
    assert abs((found.low - low).total_seconds()) < 86_400
    assert abs((found.high - high).total_seconds()) < 86_400
    assert found.end == len(words)


def test_what_is_no_time_is_none():
    calendar = language("en").calendar
    assert when(calendar, " in 20195", 0, day(2024)) is None
    assert when(calendar, " last May".lower(), 0, None) is None
    assert when(calendar, " 900 years ago", 0, day(2024)) is None


def test_born_by_hand():
    assert born_at_age(34, 34, 2020.0) == Born(1985.0, 1986.0)
    assert Born(1985.0, 1986.0).meet(Born(1985.5, 1987.0)) == Born(1985.5, 1986.0)
    assert Born(1985.0, 1986.0).meet(Born(1988.0, 1989.0), slack=1.0) is None
    assert Born(1985.0, 1986.0).meet(Born(1986.5, 1987.0), slack=1.0) == Born(1986.0, 1986.5)
    assert decimal_year(day(2024, 7, 2)) == pytest.approx(2024.5, abs=0.002)
