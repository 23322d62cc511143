import numpy as np
import pytest

from personae.errors import BadInput, UnknownName
from personae.metrics.logistic import log_odds, sigmoid
from personae.models.strings import chat_model
from personae.people.attributes import Attribute
from personae.people.records import Preference
from personae.preference import PrefPalette
from personae.preference.prefpalette import (
    LEVELS,
    MANNERS,
    amount,
    column_reader,
    counterfactual,
    fit_reader,
    pole_reader,
    reader_accuracy,
    rewrite,
)
from personae.preference.prefpalette.attention import Weights, first_weights, read, slopes

TEXTS = (
    "You could rest. It might help, but the kids don't care. Perhaps it's fine.",
    "Drink water.\n\nThen walk a lot, so you get home early. You should not run!",
    "No idea what that is",
)


def items(n=60, seed=0):
    """Items with three hidden amounts as features: warm, loud and plain."""
    return np.random.default_rng(seed).normal(size=(n, 3))


TABLE = items()
PLACE = {("", f"text {i}"): i for i in range(len(TABLE))}
READERS = [column_reader(name, TABLE, i) for i, name in enumerate(("warm", "loud"))]


def features(asked):
    return TABLE[[PLACE[item] for item in asked]]


def choices(weights, n_rows=60, seed=1):
    """Choices of people with planted weights on the three columns."""
    random, made = np.random.default_rng(seed), []
    for person, weight in weights.items():
        for a, b in random.integers(len(TABLE), size=(n_rows, 2)):
            likes_a = random.random() < sigmoid((TABLE[a] - TABLE[b]) @ np.array(weight))
            made.append(Preference(person, "", f"text {a}", f"text {b}", "a" if likes_a else "b"))
    return made


PLANTED = {f"p{i}": (2.0 * (-1) ** i, 1.0 * (-1) ** (i // 2), 0.0) for i in range(8)}


@pytest.fixture(scope="module")
def palette():
    method = PrefPalette(features=features, readers=READERS, n_directions=0, attention_penalty=1.0)
    return method.fit(choices(PLANTED))


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("seed", range(5))
def test_levels_rise_in_their_own_measure(manner, text, seed):
    measured = [amount(counterfactual(text, manner, level, random_state=seed), manner) for level in LEVELS]
    assert (np.diff(measured) > 0).all()
    assert counterfactual(text, manner, 0) == text


def test_an_edit_keeps_the_lines_of_a_text():
    assert counterfactual(TEXTS[1], "humor", 2).count("\n\n") == 1


def test_unknown_manners_and_levels_are_told():
    with pytest.raises(UnknownName, match="verbosity"):
        counterfactual("a b c", "loudness", 1)
    with pytest.raises(UnknownName):
        amount("a", "loudness")
    with pytest.raises(BadInput, match="-2, -1, 0, 1, 2"):
        counterfactual("a b c", "humor", 3)


def test_a_model_rewrites_at_four_levels_and_leaves_the_middle():
    model = chat_model(
        "scripted", script=lambda messages: messages[-1]["content"].split("tone is ")[1].split(".")[0]
    )
    tone = Attribute("tone", "Tone", "number", poles=("cold", "warm"))
    assert rewrite(model, ["Hi."], tone) == [
        [
            "extremely like this: cold",
            "somewhat like this: cold",
            "Hi.",
            "somewhat like this: warm",
            "extremely like this: warm",
        ]
    ]
    with pytest.raises(BadInput, match="poles"):
        rewrite(model, ["Hi."], Attribute("tone", "Tone", "number"))


def test_a_reader_orders_pairs_that_it_never_saw():
    seen = items(200)
    higher, lower = np.arange(0, 200, 2), np.arange(1, 200, 2)
    swap = seen[higher, 1] < seen[lower, 1]
    higher, lower = np.where(swap, lower, higher), np.where(swap, higher, lower)
    reader = fit_reader("loud", seen, higher[:80], lower[:80])
    assert reader_accuracy(reader, seen, higher[80:], lower[80:]).mean() > 0.9
    blind = fit_reader("loud", seen, higher[:80], lower[:80], n_columns=1)
    assert reader_accuracy(blind, seen, higher[80:], lower[80:]).mean() < 0.8
    unit = reader.in_units_of(seen)
    assert np.allclose([unit.scores(seen).mean(), unit.scores(seen).std()], [0, 1])
    assert np.allclose(unit.vectors(seen).sum(axis=1), unit.scores(seen))


def test_readers_need_pairs_and_poles():
    with pytest.raises(BadInput, match="pairs"):
        fit_reader("loud", TABLE, np.zeros(0, dtype=int), np.zeros(0, dtype=int))
    for poles in (None, ("", "warm"), ("cold", " ; ")):
        with pytest.raises(BadInput, match="two poles"):
            pole_reader(Attribute("tone", "Tone", "number", poles=poles), features)


def test_one_attribute_by_hand():
    """q = w atanh(1/2) / ... : with e+ = 2, e- = -2 less log 2, attention is e^2/2 : e^-2/2 : 1."""
    query = 4 * np.arctanh(0.5)
    found = read(first_weights(0, 1, 1), np.array([[query]]), np.zeros((1, 0)), np.array([[[0.3]]]))
    high, low = np.exp(2) / 2, np.exp(-2) / 2
    assert found.high[0, 0] == pytest.approx(high / (1 + high + low))
    assert found.attributes[0] == pytest.approx(2 * 0.3 * (high - low) / (1 + high + low))


def test_slopes_are_those_of_finite_differences():
    random = np.random.default_rng(0)
    weights = Weights(*(random.normal(size=shape) for shape in ((2,), (2, 3), (3, 2), (3, 2))))
    queries, content, vectors = (random.normal(size=shape) for shape in ((1, 3), (1, 2), (1, 3, 2)))
    by_query, _ = slopes(weights, read(weights, queries, content, vectors))
    for place in range(3):
        step = np.eye(3)[[place]] * 1e-6
        ends = [read(weights, queries + sign * step, content, vectors).attributes[0] for sign in (1, -1)]
        assert by_query[0, place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5)


def test_planted_signs_are_recovered_and_told_in_order(palette):
    for person, planted in PLANTED.items():
        told = {reason.name: reason.weight for reason in palette.explain(person)}
        assert np.sign([told["warm"], told["loud"]]).tolist() == np.sign(planted[:2]).tolist()
        assert palette.explain(person)[0].name == "warm"
    found = palette.signed_weights(palette.states_)
    truth = np.array([[planted[:2] for planted in PLANTED.values()]])[0]
    assert np.corrcoef(found.ravel(), truth.ravel())[0, 1] > 0.95


def test_attention_sums_to_one_and_has_no_sign(palette):
    for person in (*PLANTED, "unknown"):
        heed = palette.attention(person)
        assert sum(heed.values()) == pytest.approx(1)
        assert min(heed.values()) >= 0


def test_contributions_sum_to_the_log_odds(palette):
    parts = palette.contributions("p1", "", "text 3", "text 9")
    chance = palette.prob("p1", "", "text 3", "text 9")
    assert sum(part.weight for part in parts) == pytest.approx(float(log_odds(chance.probability)))
    same = palette.contributions("p1", "", "text 3", "text 3")
    assert {part.weight for part in same} == {0.0}
    assert {part.name for part in parts} == {"warm", "loud", "the text itself"}


def test_an_attribute_that_says_nothing_changes_nothing():
    rows = choices(PLANTED, 20)
    nothing = column_reader("nothing", np.ones((2, 3)), 0)
    silent = type(nothing)(
        **{**{f: getattr(nothing, f) for f in nothing.__slots__}, "outward": 0 * nothing.outward}
    )
    plain, more = (
        PrefPalette(features=features, readers=readers, n_directions=2).fit(rows).probs(rows).probability
        for readers in (READERS, [*READERS, silent])
    )
    assert np.array_equal(plain, more)


def test_without_attributes_the_text_alone_decides():
    rows = choices(PLANTED, 20)
    bare = PrefPalette(features=features, readers=[], n_directions=2).fit(rows)
    assert np.allclose(bare.probs(rows).probability, bare.content_probs(rows))
    assert bare.explain("p1") == []


def test_attributes_dropped_in_learning_may_be_left_out_after_it():
    alike = {f"p{i}": (2.0, 1.0, 0.0) for i in range(4)}
    rows, test = choices(alike, 150), choices(alike, 150, seed=2)
    right = {}
    for drop in (0.0, 0.5):
        fitted = PrefPalette(
            features=features, readers=READERS, n_directions=3, attention_penalty=1.0, drop=drop
        ).fit(rows)
        alone = fitted.content_probs(test)
        right[drop] = np.mean((alone > 0.5) == np.array([row.choice == "a" for row in test]))
        whole = np.mean(
            (fitted.probs(test).probability > 0.5) == np.array([row.choice == "a" for row in test])
        )
    assert right[0.5] >= whole - 0.02
    assert right[0.5] >= right[0.0]
