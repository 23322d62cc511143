"""PANORAMA's generator: the paper's weights, the rules (which notice what is wrong), and texts whose facts are where they say."""

from datetime import date

import numpy as np
import pytest

from personae.errors import BadInput, UnknownName
from personae.people.attributes import EDUCATION, INCOME, RELATIONSHIP
from personae.people.records import KINDS
from personae.synth import Population, home_spec, sample, spec_of
from personae.synth.panorama import CONTENT_TYPES, FIELDS, RULES, Panorama, compose, plant, probes, violations
from personae.synth.panorama._living import most_children
from personae.synth.panorama._tables import jobs

N = 20_000


@pytest.fixture(scope="module")
def everyone():
    return sample(Panorama(locale="all"), N, 11)


def share(column, value, among=slice(None)):
    return np.mean(column[among] == value)


def test_thirty_five_fields_and_the_catalogues_eight(everyone):
    assert len(FIELDS) == 35
    assert set(FIELDS) < set(everyone.columns)
    for person in list(everyone.people())[:300]:
        fields = person.fields
        assert isinstance(fields["age"], int)
        assert fields.get("sex") in {"female", "male", None}
        assert fields["education"] in EDUCATION
        assert fields["income_level"] in INCOME
        assert fields["relationship_status"] in RELATIONSHIP
        assert fields["city_country"].count(", ") == 1
        assert fields["email"].endswith(".example")
        assert fields["work_email"].endswith(".example")
        assert person.provenance == "home grammar over hand-set weights of PANORAMA"


def test_the_weights_are_the_papers(everyone):
    """The card: genders 48/48/3/1; education 5,25,15,10,5,5,5,25,10,3 of those whose age is reached; marital 35/50/10/5 from 22 to 65."""
    made = everyone.columns
    grown, middle = made["age"] >= 25, (made["age"] >= 22) & (made["age"] <= 65)
    near = {"abs": 0.012}
    assert share(made["gender"], "Non-Binary") == pytest.approx(0.03, **near)
    assert share(made["education_info"], "Bachelor's", grown) == pytest.approx(25 / 108, **near)
    assert share(made["education_info"], "PhD", grown) == pytest.approx(3 / 108, **near)
    assert share(made["marital_status"], "Married", middle) == pytest.approx(0.5, **near)
    old = made["age"] > 65
    assert share(made["marital_status"], "Widowed", old) == pytest.approx(15 / 92.5, abs=0.02)
    wives = (made["marital_status"] == "Married") & (made["gender"] == "Female") & (made["age"] > 30)
    took = np.array(
        [
            name != father.split()[-1]
            for name, father in zip(made["last_name"], made["fathers_name"], strict=True)
        ]
    )
    assert took[wives].mean() == pytest.approx(0.8, abs=0.02)
    assert not took[made["gender"] != "Female"].any()
    assert share(made["children_count"], 2, wives) == pytest.approx(0.3, abs=0.025)
    assert share(made["blood_type"], "O+") == pytest.approx(37 / 99, **near)
    assert share(made["passport_number"], "") == pytest.approx(0.4, **near)
    assert share(made["locale"], "en_PH") == pytest.approx(1 / 8, **near)


def test_a_job_weighs_less_the_more_one_is_overqualified():
    """Weight x 0.2 at three or four levels above what is required, x 0.01 from five on; none below it."""
    table = jobs()
    cashier, teacher, doctor = (table.titles.index(title) for title in ("cashier", "teacher", "doctor"))
    by_level = [table.chances(level, 30) for level in range(10)]
    assert [
        by_level[level][cashier] / table.weights[cashier] for level in (0, 2, 3, 4, 5, 9)
    ] == pytest.approx([1, 1, 0.2, 0.2, 0.01, 0.01])
    assert [by_level[level][teacher] / table.weights[teacher] for level in (2, 3, 5, 6, 8)] == pytest.approx(
        [0, 1, 1, 0.2, 0.01]
    )
    assert table.chances(9, 24)[doctor] == 0 < table.chances(9, 25)[doctor]
    assert table.weights.sum() == pytest.approx(1007)  # paper's generator


def test_no_rule_is_broken(everyone):
    assert violations(everyone) == {rule.name: 0 for rule in RULES}
    assert sum(violations(sample(Panorama(home_spec()), N, 5)).values()) == 0


@pytest.mark.parametrize(
    ("rule", "column", "change"),
    [
        ("age", "age", lambda c: np.full_like(c["age"], 17)),
        ("birth date", "birth_date", lambda c: np.full(len(c["age"]), "1950-01-01", dtype=object)),
        ("education by age", "education_info", lambda c: np.where(c["age"] < 25, "PhD", c["education_info"])),
        ("job by education", "education_info", lambda c: np.full(len(c["age"]), "High School", dtype=object)),
        ("job by age", "job_title", lambda c: np.where(c["age"] < 21, "pilot", c["job_title"])),
        ("children by age", "children_count", lambda c: np.where(c["age"] < 26, 4, c["children_count"])),
        ("children by marriage", "marital_status", lambda c: np.full(len(c["age"]), "Single", dtype=object)),
        ("spouse", "spouse_name", lambda c: np.full(len(c["age"]), "", dtype=object)),
        ("surname", "last_name", lambda c: np.roll(c["last_name"], 1)),
        ("salary", "annual_salary", lambda c: np.where(c["age"] < 21, 60_001, c["annual_salary"])),
    ],
)
def test_every_rule_notices_what_is_wrong(rule, column, change):
    people = sample(Panorama(), 2000, 3)
    wrong = Population({**people.columns, column: change(people.columns)}, "spoilt", 0, people.variables)
    assert violations(people)[rule] == 0 < violations(wrong)[rule]


def test_children_by_hand():
    assert most_children(np.array([18, 20, 21, 22, 26, 90])).tolist() == [0, 1, 1, 2, 4, 36]


def test_a_core_gives_what_it_holds_and_is_bent_where_age_forbids():
    table = {"of": ["age"], "shares": [1, 1], "source": "invented", "date": 2024}
    core = spec_of(
        {
            "title": "Students",
            "variables": {
                "age": {"bands": [[18, 18], [40, 41]]},
                "education": {"levels": ["PhD"]},
                "team": {"levels": ["red"]},
            },
            "tables": [table],
        },
        "students.yaml",
    )
    made = sample(Panorama(core), 100, 0)
    young = made.columns["age"] == 18
    assert set(made.columns["education"][young]) == {"HS Diploma"}
    assert set(made.columns["education"][~young]) == {"PhD"}
    assert set(made.columns["team"]) == {"red"}
    assert sum(violations(made).values()) == 0
    assert "invented (2024)" in made.provenance


def test_a_word_for_education_that_means_nothing_here_is_refused():
    table = {"of": ["education"], "shares": [1, 1], "source": "invented", "date": 2024}
    levels = {"education": {"levels": ["PhD", "Lycée"]}}
    core = spec_of({"title": "Pupils", "variables": levels, "tables": [table]}, "pupils.yaml")
    with pytest.raises(BadInput, match="'Lycée' is not one of the catalogue's"):
        sample(Panorama(core), 20)


def test_the_first_people_stay_and_locales_are_named(everyone):
    assert list(sample(Panorama(locale="all"), 40, 11).people()) == list(everyone.people())[:40]
    with pytest.raises(UnknownName, match="en_GB"):
        sample(Panorama(locale="xx"), 1)
    on = sample(Panorama(as_of=date(2020, 2, 1)), 50).columns
    assert all(
        2020 - int(born[:4]) - (born[5:] > "02-01") == age
        for born, age in zip(on["birth_date"], on["age"], strict=True)
    )


def test_nothing_in_a_profile_reaches_anybody(everyone):
    american = everyone.columns["locale"] == "en_US"
    assert all(" 555 01" in phone for phone in everyone.columns["phone"][american])
    ids = everyone.columns["national_id"][american]
    assert all(number[0] == "9" and 1 <= int(number[4:6]) <= 49 for number in ids)  # never issued


def test_texts_say_the_fields_where_they_say_so(everyone):
    seen = set()
    for person in list(everyone.people())[:200]:
        for text in compose(person, per_type=2, random_state=4):
            seen.add(text.content_type)
            assert text.kind in KINDS
            assert text.provenance == "home grammar"
            assert not set("[]{}|") & set(text.text)
            for fact in text.facts:
                told = text.text[fact.start : fact.end]
                if fact.field in {"phone", "email", "address", "birth_date", "employer", "last_name"}:
                    assert told == person.fields[fact.field]
                assert told
    assert seen == set(CONTENT_TYPES)
    again = compose(person, per_type=2, random_state=4)
    assert again == compose(person, per_type=2, random_state=4)
    assert again != compose(person, per_type=2, random_state=5)
    assert again[0].trace().text == again[0].text
    with pytest.raises(BadInput):
        compose(person, per_type=0)


def test_planting_repeats_each_person_at_one_rate(everyone):
    texts = [text for person in list(everyone.people())[:8] for text in compose(person)]
    planted = plant(texts, rates=(1, 3), random_state=2)
    for text in texts:
        rates = {rate for each, rate in planted if each.person == text.person}
        assert len(rates) == 1
        assert sum(each == text for each, _ in planted) == rates.pop()
    blocks = [text.id for text, _ in plant(texts, rates=(3,), in_blocks=True)]
    assert blocks[:3] == [texts[0].id] * 3
    assert [text.id for text, _ in plant(texts, rates=(3,))] != blocks


def test_probes_stop_before_the_fact(everyone):
    person = next(everyone.people())
    text = compose(person)[0]
    found = list(probes(text))
    assert found
    for probe in found:
        assert text.text.startswith(probe.prefix)
        assert probe.target not in ("", " ")
        assert text.text[len(probe.prefix) :].lstrip().startswith(probe.target)
