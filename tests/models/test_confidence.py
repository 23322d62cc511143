import pytest

from personae.errors import BadInput
from personae.models.confidence import Confidence, one_source, stated_confidence


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Confidence: 95%", 0.95),
        ("I am 60 percent sure, no, 70 % sure", 0.7),
        ("confidence 0.85", 0.85),
        ("Certainty: [[80]]", 0.8),
        ("[[65]]", 0.65),
        ("9 out of 10", 0.9),
        ("Confidence: 150%", 1.0),
        ("my confidence is: 1.0", 1.0),
        ("**Confidence**: 72", 0.72),
        ("Confidence: <b>95</b>", 0.95),
        ("<confidence>85</confidence>", 0.85),
        ('{"answer": "7", "confidence": 60}', 0.6),
        ("There were 12 apples", None),
    ],
)
def test_numbers_are_read_however_they_are_written(text, value):
    assert stated_confidence(text).value == value


def test_a_missing_confidence_is_none_and_never_one():
    assert stated_confidence("").source == "none"
    with pytest.raises(BadInput, match="none"):
        Confidence(None, "token")


@pytest.mark.parametrize("value", [-0.1, 1.1, 95])
def test_a_value_outside_zero_and_one_is_refused(value):
    with pytest.raises(BadInput, match=r"\[0, 1\]"):
        Confidence(value, "stated")


def test_sources_are_not_mixed():
    assert one_source([Confidence(0.1, "token"), Confidence(0.2, "token")]) == "token"
    with pytest.raises(BadInput, match="each source apart"):
        one_source([Confidence(0.1, "token"), Confidence(0.2, "stated")])
