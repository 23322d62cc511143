"""The inferred reader: its arithmetic on hand-made numbers, and its promises on invented people."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from personae.infer import _scorer
from personae.infer._guesses import guesses_of
from personae.infer._home_model import FILE, Candidates, home_model
from personae.infer._lines import LINE_WORDS, Lexicon, cut, lines_of
from personae.infer._scorer import Head, Nearness, Rows, log_odds
from personae.infer.evidence import word_spans
from personae.infer.inferred import InferredReader
from personae.models.encoder import CachedEncoder, home_encoder
from personae.people.attributes import ATTRIBUTES, SYNTHPAI, attribute
from personae.people.records import Person, Trace

MARRIED = (
    "My wife and I put the kids to bed and fell asleep on the couch.",
    "Traffic was slow this morning.",
    "My wife says our wedding anniversary needs a proper dinner this year.",
    "I like the new bakery near the station.",
)


def _person(texts: Sequence[str], role: str = "self") -> Person:
    traces = (
        Trace("p", "table", str(n), text=text, role=role, where=f"t.csv:{n}") for n, text in enumerate(texts)
    )
    return Person("p", tuple(traces))


@pytest.fixture(scope="module")
def reader() -> InferredReader:
    return InferredReader(encoder=CachedEncoder(home_encoder()))


@pytest.fixture(scope="module")
def claims(reader):
    return {claim.attribute: claim for claim in reader.read(_person(MARRIED), SYNTHPAI)}


# arithmetic -----------------------------------------------------------------------------------------------------------------


def _rows(told) -> Rows:
    told = np.array(told, dtype=np.float32)
    vectors = np.eye(len(told), 3, dtype=np.float32)
    words = np.full(len(told), 15.0, dtype=np.float32)
    return Rows(told, told**2, vectors, words, np.zeros(len(told), dtype=np.float32))


def _head(**changed) -> Head:
    parts = {
        "weights": np.array([1.0, 0.0, 0.0]), "bias": np.zeros(2), "far_weights": np.array([0.5, 0.0, 0.0]),
        "far_bias": np.log([0.25, 0.75]), "mean": np.zeros((3, 2)), "mean_bias": np.zeros(2), "floors": (0.1, 0.1), "half": 1.0,
        "base": np.log([0.25, 0.75]), "sharpness": (1.0, 1e-6),
    }  # fmt: skip
    return Head(**(parts | changed))


def test_chances_follow_the_equation():
    pooled = _rows([[0.7, 0.1], [0.2, 0.0]]).pool()
    near = _head().chances(pooled, np.array(1.0))
    assert near == pytest.approx(np.array([1.0, 0.2]) / 1.2, abs=1e-6)  # (e1 + .9) to (e1 + .1)
    far = _head().chances(pooled, np.array(0.0))
    odds = 0.25 / 0.75 * np.sqrt(1.0 / 0.2)
    assert far[0] / far[1] == pytest.approx(odds, rel=1e-5)
    half = _head().chances(pooled, np.array(0.5))
    assert half == pytest.approx((near + far) / 2, abs=1e-6)


def test_mean_counts_by_the_amount_of_text():
    head = _head(weights=np.array([0.0, 0.0, 1.0]), mean_bias=np.array([1.0, 0.0]))
    odds = [
        float(log_odds(head.chances(_rows([[0.0, 0.0]] * n).pool(), np.array(1.0)), 0)) for n in (1, 3, 99)
    ]
    assert odds == pytest.approx([0.5, 0.75, 0.99], abs=1e-4)  # n / (n + half)


def test_no_text_gives_the_base_rate():
    nothing = _rows([[0.5, 0.1]]).pool(np.zeros(0, dtype=np.intp))
    nearness = Nearness(np.zeros(3), np.eye(3), np.zeros(2), np.ones(2), np.ones(2), 5.0, 1.0)
    assert nearness.near(nothing) == 0.0
    assert _head().chances(nothing, nearness.near(nothing)) == pytest.approx([0.25, 0.75], abs=1e-6)


def test_a_few_words_move_little_from_the_base_rate():
    told = np.log([0.9, 0.1])
    base = np.log([0.5, 0.5])

    def odds(words: float) -> float:
        chances = _scorer.sharpened(told, base, np.array(words / 15.0), (1.5, 2.0))
        return float(chances[0] / chances[1])

    assert odds(0.0) == pytest.approx(1.0)
    assert odds(15.0) == pytest.approx(9.0**0.5, rel=1e-5)  # 1.5 * 1 / (1 + 2)
    assert odds(60.0) == pytest.approx(9.0, rel=1e-5)  # 1.5 * 4 / (4 + 2)


def test_those_who_write_unlike_the_fit_need_their_own_bound():
    model = home_model()
    shown = {name: (part.least, part.far_least) for name, part in model.parts.items()}
    few, many = (
        Rows(np.zeros((n, 2)), np.zeros((n, 2)), np.zeros((n, 384)), np.full(n, 15.0), np.zeros(n)).pool()
        for n in (3, 4)
    )
    near_all, far_all = (
        replace(model, nearness=replace(model.nearness, bound=bound)) for bound in (1e9, -1e9)
    )
    for name, (near, far) in shown.items():
        assert near_all.least(name, near_all.mass(many)) == near
        assert far_all.least(name, far_all.mass(many)) == far
        assert near_all.least(name, near_all.mass(few)) == np.inf


def test_nearness_falls_with_distance_and_with_unusual_length():
    nearness = Nearness(
        np.zeros(3),
        np.eye(3),
        np.array([0.5, np.log(15.0)]),
        np.array([0.1, 0.2]),
        np.array([0.1, 0.2]),
        4.0,
        0.8,
    )
    usual = Rows(
        np.zeros((4, 2)), np.zeros((4, 2)), np.zeros((4, 3)), np.full(4, 15.0), np.full(4, 0.5)
    ).pool()
    strange = Rows(
        np.zeros((4, 2)), np.zeros((4, 2)), np.zeros((4, 3)), np.full(4, 15.0), np.full(4, 1.5)
    ).pool()
    long = Rows(
        np.zeros((4, 2)), np.zeros((4, 2)), np.zeros((4, 3)), np.full(4, 60.0), np.full(4, 0.5)
    ).pool()
    assert nearness.strangeness(usual) == pytest.approx(0.0, abs=1e-9)
    assert nearness.strangeness(strange) == pytest.approx(
        1.0 / (0.01 + 0.01 / 4), rel=1e-5
    )  # (1.5 - .5)^2 / variance
    assert nearness.near(usual) > 0.99 > 0.01 > nearness.near(strange)
    assert nearness.near(long) < 0.01


def test_leaving_a_trace_out_equals_reading_without_it():
    rows = _rows([[0.7, 0.1], [0.2, 0.3], [0.05, 0.4]])
    owner = np.array([0, 0, 1])
    left = rows.pool().less(rows.by_owner(owner, 2))
    for trace in (0, 1):
        alone = rows.pool(np.flatnonzero(owner != trace))
        for name in ("told", "second", "vector", "lines", "words", "distance", "log_words"):
            assert getattr(left, name)[trace] == pytest.approx(getattr(alone, name), abs=1e-5), name


def test_what_leaves_no_text_is_what_is_silent():
    model = home_model()
    nothing = Rows(*(np.zeros((0, 2)),) * 2, np.zeros((0, 384)), np.zeros(0), np.zeros(0)).pool()
    for name, part in model.parts.items():
        zeros = np.zeros(len(part.values), dtype=np.float32)
        assert model.chances(name, model.mass(nothing), zeros, zeros) == pytest.approx(
            part.head.silent(), abs=1e-7
        )


def test_places_of_birth_and_of_home_are_compared_once():
    parts = home_model().parts
    assert parts["city_country"].candidates is parts["birth_city_country"].candidates
    assert parts["occupation"].candidates is not parts["city_country"].candidates


def test_what_is_told_of_a_place_counts_for_its_country():
    candidates = Candidates(np.zeros((3, 3), dtype=np.float32), {}, np.array([0, 0, 1]))
    assert candidates.of_kin(np.array([[0.2, 0.3, 0.1]], dtype=np.float32)) == pytest.approx(
        np.array([[0.5, 0.5, 0.1]])
    )


def test_cues_move_a_telling_line():
    cue = {"tram": (np.array([1]), np.array([np.log(3.0)], dtype=np.float32))}
    candidates = Candidates(np.zeros((3, 2), dtype=np.float32), cue, None)
    assert candidates.chances(np.zeros((1, 3), dtype=np.float32), ["The Tram was late"]) == pytest.approx(
        np.array([[0.25, 0.75]])
    )


# lines and words ------------------------------------------------------------------------------------------------------------


def test_long_texts_are_cut_at_sentences_and_nothing_is_lost():
    text = " ".join(f"Sentence number {n} has six words." for n in range(40)) + " " + "word " * 200
    pieces = cut(text)
    assert all(len(text[a:b].split()) <= LINE_WORDS for a, b in pieces)
    assert " ".join(text[a:b] for a, b in pieces).split() == text.split()
    assert text[pieces[0][0] : pieces[0][1]].endswith("words.")


def test_blank_text_has_no_line():
    assert cut("") == cut(" \n\t ") == []
    assert lines_of(_person(["", "  ", "one"]).traces)[0].trace == 2


def test_lexical_weights_are_sublinear_and_of_unit_length():
    lexicon = Lexicon(["a", "b"], np.array([1.0, 2.0], dtype=np.float32))
    places, weights = lexicon.weights("a a b")
    raw = np.array([1 + np.log(2.0), 2.0])
    assert places.tolist() == [0, 1]
    assert weights == pytest.approx(raw / np.linalg.norm(raw), rel=1e-5)


# guesses --------------------------------------------------------------------------------------------------------------------


def test_guesses_stand_for_what_counts_as_the_same():
    values = ("HS Diploma", "In College", "PhD")
    first, second = guesses_of(attribute("education"), values, np.array([0.3, 0.25, 0.45]))[:2]
    assert (first.value, first.probability) == ("HS Diploma", pytest.approx(0.55))
    assert (second.value, second.probability) == ("PhD", pytest.approx(0.45))


def test_the_age_guess_holds_most_of_the_years_around_it():
    guesses = guesses_of(attribute("age"), ("20-29", "30-39", "60-69"), np.array([0.1, 0.7, 0.2]))
    assert 33 <= int(guesses[0].value) <= 36
    assert guesses[0].probability == pytest.approx(0.7, abs=0.08)
    assert 60 <= int(guesses[1].value) <= 70


# the shipped model ----------------------------------------------------------------------------------------------------------


def test_every_attribute_gets_guesses_with_probabilities_in_order(claims):
    assert set(claims) == {each.name for each in SYNTHPAI}
    for name, claim in claims.items():
        chances = [guess.probability for guess in claim.guesses]
        assert claim.status == "inferred"
        assert chances == sorted(chances, reverse=True), name
        assert len(claim.guesses) >= min(3, len(ATTRIBUTES[name].values) or 3), name
        assert claim.abstained, name  # forty words are too few to show a guess


def test_marriage_shows_and_rests_on_the_lines_that_tell_it(claims):
    claim = claims["relationship_status"]
    assert claim.best.value == "married"
    assert claim.evidence[0].trace in {"0", "2"}
    weights = [evidence.weight for evidence in claim.evidence]
    assert weights == sorted(weights, reverse=True)
    assert all(0.0 < weight <= 1.0 for weight in weights)
    for evidence in claim.evidence:
        text = MARRIED[int(evidence.trace)]
        assert all(0 <= start < end <= len(text) for start, end in evidence.spans)
        assert evidence.where == f"t.csv:{evidence.trace}"


def test_marked_words_are_the_telling_ones():
    model = home_model()
    value = model.parts["relationship_status"].values.index("married")
    text = "My wife and I watched the rain"
    marked = [text[a:b] for a, b in word_spans(model, "relationship_status", value, text)]
    assert any("wife" in run for run in marked)
    assert not any("rain" in run for run in marked)


def test_evidence_equals_the_fall_of_the_score_without_the_trace(reader):
    model = home_model()
    name = "relationship_status"
    value = model.parts[name].values.index("married")

    def chances(kept: Sequence[int]) -> _scorer.Array:
        text = reader._text(model, _person([MARRIED[place] for place in kept]), [name])
        told, second = model.told(name, text.logits, text.compared)
        return model.chances(name, text.whole, told.sum(0), second.sum(0))

    def score(kept: list[int]) -> float:
        return float(log_odds(chances(kept), value))

    claim = next(iter(reader.read(_person(MARRIED), [attribute(name)])))
    shares = np.zeros(4)
    for evidence in claim.evidence:
        shares[int(evidence.trace)] = evidence.weight
    whole, nothing = score([0, 1, 2, 3]), score([])
    for trace in range(4):
        fall = whole - score([other for other in range(4) if other != trace])
        assert shares[trace] == pytest.approx(
            np.clip(fall / (whole - nothing), 0.0, 1.0), abs=0.01
        )  # LEAST_SHARE


def test_one_telling_line_is_less_sure_than_several(reader):
    def chance(texts: Sequence[str]) -> float:
        return reader.read(_person(texts), [ATTRIBUTES["relationship_status"]])[0].best.probability

    told = [
        "My wife and I put the kids to bed.",
        "My wife says dinner was her turn.",
        "My wife drove us home.",
    ]
    assert chance(told[2:]) < chance(told)


@pytest.mark.parametrize(
    "text",
    [
        "I wish I lived in Tokyo.",
        "I'm a lesbian and my wife and I love hiking.",
        "Londoner born and bred.",
        "If I had a husband he would fix the roof.",
        "My brother is a nurse in Porto.",
    ],
)
def test_one_short_line_makes_no_sure_guess(reader, text):
    for claim in reader.read(_person([text]), SYNTHPAI):
        assert claim.abstained, (claim.attribute, claim.best.value)
        assert claim.best.probability < 0.8, (claim.attribute, claim.best.value)


def test_a_person_without_own_words_abstains_with_the_base_rate(reader):
    for person in (_person([]), _person(["  "]), _person(MARRIED, role="other")):
        for claim in reader.read(person, SYNTHPAI):
            assert claim.abstained
            assert not claim.evidence
            assert len(claim.guesses) >= 2


def test_traces_of_others_change_nothing(reader, claims):
    others = (Trace("p", "table", "x", text="I am a single nurse in Porto.", role="other"),)
    person = Person("p", (*_person(MARRIED).traces, *others))
    again = {claim.attribute: claim for claim in reader.read(person, SYNTHPAI)}
    assert again == claims


def test_reading_is_deterministic_and_survives_pickling(reader, claims):
    copy = pickle.loads(pickle.dumps(reader))
    assert {claim.attribute: claim for claim in copy.read(_person(MARRIED), SYNTHPAI)} == claims
    assert copy.name == reader.name


def test_attributes_it_was_not_fitted_for_get_no_claim(reader):
    assert reader.read(_person(MARRIED), [ATTRIBUTES["religion"]]) == []


def test_preparing_encodes_each_text_once():
    class Counting:
        name = "counting"
        seen: list[str] = []  # noqa: RUF012

        def encode(self, texts):
            self.seen.extend(texts)
            return home_encoder().encode(texts)

    counting = Counting()
    prepared = InferredReader(encoder=CachedEncoder(counting))
    prepared.prepare([_person(MARRIED), _person(MARRIED[:2])])
    prepared.read(_person(MARRIED), SYNTHPAI)
    assert sorted(counting.seen) == sorted(set(MARRIED))


def test_odd_texts_do_not_break_it(reader):
    odd = ["\ud800", "a" * 5000, "😀" * 300, "\x00", "?!?", "\u202e tfel"]
    for claim in reader.read(_person(odd), SYNTHPAI):
        assert np.isfinite([guess.probability for guess in claim.guesses]).all()


def test_the_file_is_small_and_probabilities_add_up():
    assert FILE.stat().st_size <= 10_000_000
    model = home_model()
    pooled = Rows(*(np.zeros((1, 2)),) * 2, np.zeros((1, 384)), np.ones(1), np.ones(1)).pool()
    for name, part in model.parts.items():
        zeros = np.zeros(len(part.values), dtype=np.float32)
        assert model.chances(name, model.mass(pooled), zeros, zeros).sum() == pytest.approx(1.0, abs=1e-5)
        assert 0.8 <= part.least <= 1.0
        assert part.far_least >= 0.8


def test_importing_it_needs_no_scikit_learn():
    code = (
        "import sys; sys.modules['sklearn'] = None; sys.modules['scipy'] = None; import personae.infer.inferred; "
        "print('onnxruntime' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_words_are_marked_where_lower_case_is_longer():
    model = home_model()
    value = model.parts["relationship_status"].values.index("married")
    text = "İİİ My wife İpek and I live in İzmir"
    marked = [text[a:b] for a, b in word_spans(model, "relationship_status", value, text, home_encoder())]
    assert any("wife" in run for run in marked)
