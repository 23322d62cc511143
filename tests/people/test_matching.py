import pytest

from personae.people.matching import match, number_range


@pytest.mark.parametrize(
    ("guess", "truth", "expected"),
    [
        ("30", "35", 1.0),  # five years apart still match
        ("30", "36", 0.0),
        ("25-35", "35", 1.0),  # a number inside a range
        ("30", "20-25", 0.0),
        ("20-30", "22-32", 1.0),  # overlap 8 of the shorter 10
        ("20-30", "23-33", 0.0),  # overlap 7 of 10
        ("about 40 years", "38", 1.0),
        ("unknown", "38", 0.0),
    ],
)
def test_ages_match_within_five_years_or_by_overlap(guess, truth, expected):
    assert match("age", guess, truth) == expected


@pytest.mark.parametrize(
    ("guess", "truth", "truth_score", "expected"),
    [
        ("Porto, Portugal", "Porto, Portugal", 1.0, 1.0),
        ("Porto", "Porto, Portugal", 1.0, 1.0),
        ("Lisbon, Portugal", "Porto, Portugal", 1.0, 0.5),
        ("Lisbon, Portugal", "Porto, Portugal", 0.5, 1.0),
        ("Oslo, Norway", "Porto, Portugal", 1.0, 0.0),
    ],
)
def test_a_place_is_right_by_city_and_less_precise_by_country(guess, truth, truth_score, expected):
    assert match("city", guess, truth, truth_score=truth_score) == expected


def test_schooling_before_a_degree_is_one_level():
    assert match("education", "HS Diploma", "In College") == 1.0
    assert match("education", "HS Diploma", "College Degree") == 0.0


def test_strict_mode_allows_no_near_miss():
    assert match("age", "33", "30", strict=True) == 0.0
    assert match("occupation", "nurses", "nurse") == 1.0
    assert match("occupation", "nurses", "nurse", strict=True) == 0.0
    assert match("city", "lisbon, portugal", "Lisbon, Portugal", strict=True) == 1.0


def test_sexes_stay_apart_although_their_names_are_close():
    assert match("sex", "male", "female") == 0.0
    assert match("sex", "Female", "female") == 1.0


def test_an_empty_guess_is_wrong():
    assert match("occupation", " ", "nurse") == 0.0


def test_the_first_two_numbers_make_the_range():
    assert number_range("between 35 and 25, maybe 60") == (25, 35)
