"""Names to places: prominence, exonyms, qualifiers, names inside a text; on the shipped table and on a small invented one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.models.places import HOME, Place, Places, fold, home_places

SMALL = Places(
    [
        "country\tAA\t\t9000000\t\t\tAland\taland|alandia",
        "country\tBB\t\t9000000\t\t\tBland\tbland",
        "region\tAA\t01\t\t\t\tNorthshire\tnorthshire|ns",
        "city\tAA\t01\t900000\t10.00\t20.00\tGreat Mill\tgreat mill|grande moulin",
        "city\tBB\t07\t800000\t11.00\t21.00\tTwin\ttwin",
        "city\tAA\t02\t700000\t12.00\t22.00\tTwin\ttwin",
        "city\tBB\t07\t600000\t13.00\t23.00\tLone\tlone",
        "city\tAA\t02\t90000\t14.00\t24.00\tLone\tlone",
        "city\tAA\t02\t20000\t15.00\t25.00\tHamlet\thamlet",
    ]
)


def test_a_prominent_name_is_its_largest_city_and_a_shared_one_has_no_country():
    assert SMALL.find("lone").label == "Lone, Bland"
    twin = SMALL.find("TWIN")
    assert (twin.label, twin.country, twin.code) == ("Twin", "", "")
    assert [place.label for place in SMALL.named("twin")] == ["Twin, Bland", "Twin, Aland"]


def test_a_qualifier_decides():
    assert SMALL.find("Twin", inside="Aland").label == "Twin, Aland"
    assert SMALL.find("Lone", inside="alandia").population == 90_000
    assert SMALL.find("Great Mill", inside="NS").region == "01"
    assert SMALL.find("Great Mill", inside="Bland") is None


def test_other_names_are_found_and_unknown_ones_are_not():
    assert SMALL.find("Grande-Moulin").name == "Great Mill"
    assert SMALL.find("Nowhere") is None
    assert SMALL.named("") == ()


def test_within():
    aland, north, mill = SMALL.find("Aland"), SMALL.find("Northshire"), SMALL.find("Great Mill")
    assert mill.within(north)
    assert mill.within(aland)
    assert north.within(aland)
    assert not aland.within(mill)
    assert not SMALL.find("Lone").within(aland)
    assert SMALL.find("Twin").within(SMALL.find("Twin", inside="Bland"))


@pytest.mark.parametrize(
    ("text", "label", "words"),
    [
        ("Great Mill is nice", "Great Mill, Aland", "Great Mill"),
        ("great mill.", "Great Mill, Aland", "great mill"),
        ("Twin, Aland.", "Twin, Aland", "Twin, Aland"),
        ("Twin (Bland)", "Twin, Bland", "Twin (Bland"),
        ("Great Mill, NS and", "Great Mill, Aland", "Great Mill, NS"),
        ("Hamlet", "Hamlet, Aland", "Hamlet"),
        ("Alandia, a land", "Aland", "Alandia"),
    ],
)
def test_names_inside_a_text(text, label, words):
    found = SMALL.at(text, 0)
    assert found.place.label == label
    assert text[found.start : found.end] == words


@pytest.mark.parametrize("text", ["hamlet", "nowhere", "", "ns", " Great Mill"])
def test_small_cities_in_lower_case_codes_and_spaces_are_no_names(text):
    assert SMALL.at(text, 0) is None


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Lissabon", "Lisbon, Portugal"), ("Londres", "London, United Kingdom"), ("Köln", "Cologne, Germany"),
        ("Mailand", "Milan, Italy"), ("Genf", "Geneva, Switzerland"), ("Parigi", "Paris, France"), ("NYC", "New York, United States"),
        ("LA", "Los Angeles, United States"), ("Bombay", "Mumbai, India"), ("sao paulo", "São Paulo, Brazil"),
        ("Deutschland", "Germany"), ("Estados Unidos", "United States"), ("Royaume-Uni", "United Kingdom"), ("the UK", "United Kingdom"),
        ("Brasile", "Brazil"), ("Czechia", "Czech Republic"), ("Nederland", "Netherlands"), ("Texas", "Texas, United States"),
        ("Georgia", "Georgia"), ("Cambridge", "Cambridge"),
    ],
)  # fmt: skip
def test_the_shipped_table_knows_exonyms_and_countries(name, label):
    assert home_places().find(name).label == label


@pytest.mark.parametrize(
    "text", ["nice flats", "reading", "us", "own place", "la", "ca", "many", "home", "mobile homes", "in"]
)
def test_common_words_are_no_places(text):
    assert home_places().at(text, 0) is None


def test_the_shipped_table_has_coordinates_and_its_licence():
    porto = home_places().find("Porto")
    assert (round(porto.latitude), round(porto.longitude)) == (41, -9)
    assert porto.population > 200_000
    assert math.isnan(home_places().find("Portugal").latitude)
    assert (HOME / "places.tsv.zst").stat().st_size < 1_500_000
    assert "CC BY 4.0" in (HOME / "PLACES_LICENSE.txt").read_text(encoding="utf-8")


def test_fold_makes_one_key_of_many_spellings():
    assert fold("Saint-Étienne") == fold("st. etienne") == "saint etienne"
    assert fold("St. John’s") == "saint johns"
    assert fold("Malmø") == "malmo"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.integers(0, 60))
def test_any_text_is_searched_without_a_fall(text, start):
    found = home_places().at(text, start)
    assert found is None or (start == found.start < found.end <= len(text) and isinstance(found.place, Place))
