"""The attention of the preference model: a query chooses among attributes at either pole, and the value is their mix.

Source: Li et al. (2025), "PrefPalette", arXiv 2507.13541, section 3.2: e_a = w' tanh(W_q h + W_k v_a), alpha = softmax(e),
h' = h + lambda sum_a alpha_a v_a, reward = u'h'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personae.preference.comparisons import Array

SHARPNESS = 4.0  # w: how far a query can raise one attribute over "nothing", in log-odds of attention


@dataclass(frozen=True, slots=True)
class Weights:
    """What is learned of the net; n_attributes readers with n_hidden numbers each, over n_content directions of the text.

    Parameters
    ----------
    content : ndarray of shape (n_content,)
        u on the text itself.
    turn : ndarray of shape (n_content, n_attributes)
        W_q: how what the text is about moves the query.
    key : ndarray of shape (n_attributes, n_hidden)
        W_k: how an attribute's vector draws attention to itself.
    value : ndarray of shape (n_attributes, n_hidden)
        u on an attribute's vector; all ones make it the reader's score.
    """

    content: Array
    turn: Array
    key: Array
    value: Array

    def flat(self) -> Array:
        """Return all weights in one row."""
        return np.concatenate([part.ravel() for part in self.parts()])

    def parts(self) -> tuple[Array, ...]:
        return self.content, self.turn, self.key, self.value

    def like(self, flat: Array) -> Weights:
        """Return the weights that a row of these shapes holds."""
        places = np.cumsum([part.size for part in self.parts()])[:-1]
        return Weights(
            *(
                piece.reshape(part.shape)
                for piece, part in zip(np.split(flat, places), self.parts(), strict=True)
            )
        )


def first_weights(n_content: int, n_attributes: int, n_hidden: int) -> Weights:
    """Return the weights to begin with: no text moves the query, and an attribute's value is its score."""
    return Weights(
        np.zeros(n_content),
        np.zeros((n_content, n_attributes)),
        np.zeros((n_attributes, n_hidden)),
        np.ones((n_attributes, n_hidden)),
    )


@dataclass(frozen=True, slots=True)
class Read:
    """What a reward was made of, for n rows of one text and one query each.

    Parameters
    ----------
    content, attributes : ndarray of shape (n,)
        The two parts of the reward: u'h and lambda u'v.
    high, low : ndarray of shape (n, n_attributes)
        Attention to each attribute's high and low pole; with the attention to nothing they sum to one.
    scores : ndarray of shape (n, n_attributes)
        u'v_a, of the high pole; the low pole's is the negative.
    slopes_high, slopes_low : ndarray of shape (n, n_attributes)
        Of e by what stands in the tanh.
    """

    content: Array
    attributes: Array
    high: Array
    low: Array
    scores: Array
    slopes_high: Array
    slopes_low: Array

    @property
    def signed(self) -> Array:
        """Return lambda times attention to the high pole less that to the low one, shape (n, n_attributes)."""
        return np.asarray(2 * self.high.shape[1] * (self.high - self.low))


def read(weights: Weights, queries: Array, content: Array, vectors: Array) -> Read:
    """Return rewards and their parts.

    Parameters
    ----------
    weights : Weights
    queries : ndarray of shape (n, n_attributes)
    content : ndarray of shape (n, n_content)
    vectors : ndarray of shape (n, n_attributes, n_hidden)

    Notes
    -----
    Each attribute stands at two poles with values v_a and -v_a, and reads its own coordinate of the query, which the poles see
    with opposite sign: e_a+ = w tanh((q_a + (W_q h)_a + k_a'v_a) / w), e_a- = w tanh((-q_a - (W_q h)_a + k_a'v_a) / w), both less
    log(2 n), beside a pole "nothing" with e = 0 and no value. So a query can dislike an attribute, which softmax attention over
    v_a alone cannot say; q_a = 0 is indifference. lambda is 2 n, where a small q_a is about the log-odds for one more unit of the
    attribute's score; the paper learns it, but a longer query says the same as a larger lambda.
    """
    n_attributes = queries.shape[1]
    scores, drawn = (np.einsum("nad,ad->na", vectors, part) for part in (weights.value, weights.key))
    query = queries + content @ weights.turn
    high, low = np.tanh((query + drawn) / SHARPNESS), np.tanh((drawn - query) / SHARPNESS)
    even = np.log(2 * n_attributes) if n_attributes else 0.0
    powers = np.exp(SHARPNESS * np.stack([high, low]) - even)  # (2, n, n_attributes), at most e^4 / (2 n)
    attention = powers / (1 + powers.sum(axis=(0, 2), keepdims=True))
    mixed = ((attention[0] - attention[1]) * scores).sum(axis=1)
    return Read(
        content @ weights.content, 2 * n_attributes * mixed, attention[0], attention[1], scores,
        1 - high**2, 1 - low**2,
    )  # fmt: skip


def slopes(weights: Weights, found: Read) -> tuple[Array, Array]:
    """Return the slope of `found.attributes` by each coordinate of the query and of k'v, both of shape (n, n_attributes)."""
    scale = max(2 * found.high.shape[1], 1)
    mixed = found.attributes[:, None] / scale
    by_high = scale * found.high * (found.scores - mixed) * found.slopes_high
    by_low = scale * found.low * (-found.scores - mixed) * found.slopes_low
    return by_high - by_low, by_high + by_low


def slope_of_weights(
    weights: Weights, found: Read, content: Array, vectors: Array, pull: Array, attribute_pull: Array
) -> tuple[Weights, Array]:
    """Return the slope of sum(pull * content part + attribute_pull * attribute part) by weights and by each row's query."""
    by_query, by_drawn = slopes(weights, found)
    by_query, by_drawn = by_query * attribute_pull[:, None], by_drawn * attribute_pull[:, None]
    signed = found.signed * attribute_pull[:, None]
    slope = Weights(
        pull @ content,
        content.T @ by_query,
        np.einsum("na,nad->ad", by_drawn, vectors),
        np.einsum("na,nad->ad", signed, vectors),
    )
    return slope, by_query
