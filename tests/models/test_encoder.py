import pickle

import numpy as np
import pytest

from personae.models import encoder as encoder_module
from personae.models.encoder import DIMENSIONS, CachedEncoder, HomeEncoder, home_encoder

TEXTS = ["I walk my dog every morning.", "", "Tax law bores me.", "I walk my dog every morning."]


class Counting:
    name = "counting"

    def __init__(self):
        self.seen = []

    def encode(self, texts):
        self.seen += texts
        return np.array([[len(text)] * DIMENSIONS for text in texts], dtype=np.float32)


def test_vectors_have_unit_length_and_empty_texts_are_zero():
    vectors = home_encoder().encode(TEXTS)
    assert vectors.shape == (4, DIMENSIONS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1], atol=1e-5)


def test_a_vector_does_not_depend_on_its_neighbours_or_threads():
    alone = HomeEncoder(threads=1).encode([TEXTS[2]])[0]
    among = HomeEncoder(threads=2).encode(TEXTS)[2]
    np.testing.assert_array_equal(alone, among)


def test_nearer_meaning_gives_higher_similarity():
    a, b, c = home_encoder().encode(
        ["I am a nurse", "She works in a hospital ward", "The car needs new tyres"]
    )
    assert a @ b > a @ c + 0.2


def test_token_states_sum_to_any_linear_score_of_the_vector():
    text = "My rent in Porto is too high"
    direction = np.random.default_rng(0).normal(size=DIMENSIONS).astype(np.float32)
    tokens = home_encoder().token_states(text)
    inner = float((tokens.states @ direction).sum() * tokens.scale)
    whole = float(home_encoder().encode([text])[0] @ direction)
    edges = home_encoder()._run(text, "tokens")[1][0][[0, -1]] @ direction * tokens.scale
    assert inner + float(edges.sum()) == pytest.approx(whole, abs=1e-4)
    assert [text[a:b] for a, b in tokens.offsets] == text.split()


def test_lone_surrogates_and_very_long_texts_are_taken():
    vectors = home_encoder().encode(["\ud800 broken", "word " * 20_000])
    assert np.isfinite(vectors).all()


def test_the_cache_encodes_each_text_once_and_forgets_the_oldest():
    counting = Counting()
    cached = CachedEncoder(counting, size=2)
    np.testing.assert_array_equal(cached.encode(["a", "bb", "a"])[:, 0], [1, 2, 1])
    cached.encode(["bb", "ccc"])
    assert counting.seen == ["a", "bb", "ccc"]
    cached.encode(["a"])
    assert counting.seen == ["a", "bb", "ccc", "a"]
    assert cached.encode([]).shape == (0, DIMENSIONS)


def test_an_encoder_travels_to_another_process():
    copy = pickle.loads(pickle.dumps(CachedEncoder(home_encoder())))
    np.testing.assert_array_equal(copy.encode(["hi"]), home_encoder().encode(["hi"]))


def test_a_cache_gives_the_token_states_of_what_is_behind_it_once():
    class Counted:
        name = "counted"
        read = 0

        def encode(self, texts):
            return home_encoder().encode(texts)

        def token_states(self, text):
            self.read += 1
            return home_encoder().token_states(text)

    class Vectors:
        name = "vectors"

        def encode(self, texts):
            return home_encoder().encode(texts)

    behind = Counted()
    cached = CachedEncoder(behind)
    first, again = cached.token_states("A boat at dusk."), cached.token_states("A boat at dusk.")
    assert first is again
    assert behind.read == 1
    assert CachedEncoder(Vectors()).token_states("A boat at dusk.") is None


def test_token_states_of_encoded_texts_are_those_of_the_text_alone_and_are_bounded(monkeypatch):
    texts = ["A boat at dusk.", "", "My rent in Porto is too high", "Rice again."]
    cached = CachedEncoder(home_encoder())
    np.testing.assert_array_equal(cached.encode(texts), home_encoder().encode(texts))
    monkeypatch.setattr(HomeEncoder, "_run", None)  # nothing is run again
    kept = cached.token_states(texts[2])
    monkeypatch.undo()
    alone = home_encoder().token_states(texts[2])
    np.testing.assert_array_equal(kept.states, alone.states)
    assert (kept.offsets, kept.scale) == (alone.offsets, alone.scale)
    monkeypatch.setattr(encoder_module, "STATES", kept.states.nbytes + 1)
    cached.encode(["One more text of some length."])
    assert sum(each.states.nbytes for each in cached._states.values()) <= kept.states.nbytes + 1
    np.testing.assert_array_equal(
        cached.token_states(texts[0]).states, home_encoder().token_states(texts[0]).states
    )
