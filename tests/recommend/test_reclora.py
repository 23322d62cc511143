"""Personal changes of one encoder: pasts without a look ahead, mixes, a person's matrices, and what is learned."""

import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.calibration import auroc
from personae.metrics.ranking import Lists
from personae.recommend import Items, Plan, interactions

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from personae.recommend.reclora import ClickModel, RecLoRA, clicks_of, prepare, prompts  # noqa: E402

TITLES = ("Storm", "Harbor", "Waltz", "Tango", "Comet", "Orbit", "Ledger", "Tariff")
KIND = np.repeat(np.arange(4), 2)  # of each film
VECTORS = np.eye(4)[KIND]


@pytest.fixture(scope="module")
def ratings():
    """Three hundred people, each of whom likes one kind of film of four and rates all eight in some order."""
    random = np.random.default_rng(0)
    people, films, values = [], [], []
    for number in range(300):
        for film in random.permutation(8):
            people.append(f"p{number}")
            films.append(TITLES[film])
            values.append(5 if KIND[film] == number % 4 or random.random() < 0.1 else 2)
    return interactions(people, films, values=values, catalog=TITLES)


def test_pasts_are_the_earlier_ones_most_alike_in_order_of_time(ratings):
    clicks = clicks_of(ratings, VECTORS, least=4, k=3)
    for person in (0, 7):
        rows = np.flatnonzero(ratings.person == person)
        for place, row in enumerate(rows):
            earlier = ratings.item[rows[:place]].tolist()
            past = [item for item in clicks.past[row].tolist() if item >= 0]
            assert len(past) == min(3, place)
            assert [item for item in earlier if item in past] == past
            same = [item for item in earlier if KIND[item] == KIND[clicks.item[row]]]
            assert set(same) <= set(past)
    value = {(p, i): v for p, i, v in zip(ratings.person, ratings.item, ratings.value, strict=True)}
    for person, past, liked in zip(clicks.person, clicks.past, clicks.past_liked, strict=True):
        assert [bool(each) for each in liked] == [item >= 0 and value[person, item] >= 4 for item in past]


def test_a_longer_past_than_anybody_has_is_empty_on_the_left(ratings):
    clicks = clicks_of(ratings, VECTORS, least=4, k=20)
    assert clicks.past.shape == (len(ratings), 20)
    assert ((clicks.past >= 0).sum(axis=1) == np.tile(np.arange(8), 300)).all()
    with pytest.raises(BadInput, match="3 vectors for 8 items"):
        clicks_of(ratings, VECTORS[:3], least=4, k=2)


def test_a_rating_reads_as_the_film_and_what_was_liked_before():
    rows = interactions(["p"] * 3, ["Storm", "Waltz", "Harbor"], values=[5, 1, 4], catalog=TITLES)
    read = prompts(clicks_of(rows, VECTORS, least=4, k=2), TITLES)
    assert read[0] == "Storm? Liked: nothing yet. Disliked: nothing yet."
    assert read[2] == "Harbor? Liked: Storm. Disliked: Waltz."


@pytest.fixture(scope="module")
def learned(ratings):
    clicks = clicks_of(ratings, VECTORS, least=4, k=4)
    items = Items(TITLES, ("a", "b", "c", "d"), Lists.of(np.arange(8), KIND, n_people=8))
    seen = np.flatnonzero(ratings.person < 250)
    model = ClickModel(plan=Plan(n_epochs=20, batch_size=64, rate=5e-3), dropout=0.0, size=16).fit(
        clicks.take(seen), items
    )
    return clicks, items, seen, model


def test_the_click_model_learns_tastes_of_people_it_never_met(learned):
    clicks, _, _, model = learned
    late = np.flatnonzero((clicks.person >= 250) & ((clicks.past >= 0).sum(axis=1) == 4))
    assert auroc(model.chances(clicks.take(late)), clicks.is_liked[late]) > 0.75
    assert model.vectors(clicks).shape == (len(clicks), 32)


def test_personal_changes_beat_one_for_all_where_texts_say_nothing_of_the_person(learned):
    clicks, _, _, model = learned
    clicks = clicks.take(np.flatnonzero(clicks.person >= 200))
    texts, vectors = prepare(TITLES, most_tokens=8).take(clicks.item), model.vectors(clicks)
    seen, new = np.flatnonzero(clicks.person < 250), np.flatnonzero(clicks.person >= 250)
    plan = Plan(n_epochs=6, batch_size=32, rate=3e-3)
    reached = {}
    for gate in ("personal", "uniform"):
        lora = RecLoRA(n_loras=4, rank=2, tau=1.0, gate=gate, plan=plan)
        lora.fit(texts.take(seen), vectors[seen], clicks.is_liked[seen])
        reached[gate] = auroc(lora.chances(texts.take(new), vectors[new]), clicks.is_liked[new])
        mix = lora.mix(vectors[new])
        assert mix.shape == (len(new), 1, 4)
        np.testing.assert_allclose(mix.sum(axis=2), 1, rtol=1e-5)
        assert (np.ptp(mix) < 1e-6) == (gate == "uniform")
    assert reached["personal"] > reached["uniform"] + 0.05


def test_a_persons_matrices_are_the_change_that_the_network_makes(learned):
    clicks, _, seen, model = learned
    rows = seen[:64]
    texts, vectors = (
        prepare([TITLES[item] for item in clicks.item[rows]], most_tokens=8),
        model.vectors(clicks.take(rows)),
    )
    lora = RecLoRA(n_loras=3, rank=2, alpha=4, n_adapted=1, plan=Plan(n_epochs=2, batch_size=16, rate=1e-2))
    lora.fit(texts, vectors, clicks.is_liked[rows])
    own = lora.adapter(vectors[0])
    assert {name: each.shape for name, each in own.items()} == {
        "layer.5.query.A": (2, 384), "layer.5.query.B": (384, 2), "layer.5.value.A": (2, 384), "layer.5.value.B": (384, 2),
    }  # fmt: skip
    a, b = lora.net_.a.detach().numpy()[0, 1], lora.net_.b.detach().numpy()[0, 1]
    weights = lora.mix(vectors[:1])[0, 0]
    by_hand = 2.0 * np.einsum("k,kdr->dr", weights, b) @ np.einsum("k,krd->rd", weights, a)
    np.testing.assert_allclose(own["layer.5.value.B"] @ own["layer.5.value.A"], by_hand, atol=1e-6)


def test_prepared_texts_and_an_untrained_change_give_the_backbone_itself(learned):
    from personae.models.backbone import Backbone

    texts = prepare(["A storm at sea.", "No."], most_tokens=8)
    backbone = Backbone()
    tokens = backbone.tokens(["A storm at sea.", "No."], 8)
    with torch.no_grad():
        whole = backbone.layers(backbone.embed(tokens.ids), tokens.is_there, n_out=1)[:, 0]
        upper = backbone.layers(
            torch.as_tensor(texts.states.astype(np.float32)),
            torch.as_tensor(texts.is_there),
            first=5,
            n_out=1,
        )[:, 0]
    assert torch.nn.functional.cosine_similarity(whole, upper).min() > 0.9999


def test_answers_that_do_not_fit_the_texts_are_refused():
    texts = prepare(["Storm", "Waltz"], most_tokens=8)
    with pytest.raises(BadInput, match="2 texts, 1 vectors"):
        RecLoRA().fit(texts, np.zeros((1, 4)), np.array([True, False]))
    with pytest.raises(BadInput, match="All answers are the same"):
        RecLoRA().fit(texts, np.zeros((2, 4)), np.array([True, True]))
    with pytest.raises(BadInput, match="rows of finite numbers"):
        RecLoRA().fit(texts, np.array([[0.0, np.nan], [1.0, 2.0]]), np.array([True, False]))


def test_vectors_of_another_width_and_asking_before_fitting_are_refused():
    texts = prepare(["Storm", "Waltz"], most_tokens=8)
    vectors = np.array([[0.0, 1.0], [1.0, 0.0]])
    lora = RecLoRA(plan=Plan(n_epochs=1)).fit(texts, vectors, np.array([True, False]))
    for asked in (
        lambda wide: lora.chances(texts, wide),
        lambda wide: lora.mix(wide),
        lambda wide: lora.adapter(wide[0]),
    ):
        for wrong in (np.zeros((2, 3)), np.full((2, 2), np.nan)):
            with pytest.raises(BadInput, match="learned from rows of 2 finite numbers"):
                asked(wrong)
    with pytest.raises(BadInput, match="2 texts, 1 vectors"):
        lora.chances(texts, vectors[:1])
    with pytest.raises(BadInput, match="RecLoRA has learned nothing yet"):
        RecLoRA().mix(vectors)
    with pytest.raises(BadInput, match="ClickModel has learned nothing yet"):
        ClickModel().vectors(None)
