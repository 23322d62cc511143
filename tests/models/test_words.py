import numpy as np

from personae.models.words import WordEncoder, common_words


class Counted:
    name = "counted"

    def encode(self, texts):
        vectors = np.zeros((len(texts), 384), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row, len(text)] = 1.0
        return vectors


def test_a_text_is_the_mean_of_its_known_words():
    found = WordEncoder(Counted(), ["a", "bb", "ccc"]).encode(["Bb, a bb! dddd 7", "dddd", ""])
    assert (found.shape, found.dtype) == ((3, 384), np.float32)
    assert found[0, 1:3].tolist() == np.float32([1 / 5**0.5, 2 / 5**0.5]).tolist()
    assert np.linalg.norm(found[0]).round(6) == 1.0
    assert not found[1:].any()


def test_the_commonest_words_come_first_and_ties_by_the_alphabet():
    assert common_words(["b a b", "C c b 1 1 1 1"], 3) == ("b", "c", "a")
