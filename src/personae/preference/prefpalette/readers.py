"""Attribute readers: how much of one readable attribute a text has, learned from pairs of texts that differ in it.

Source: Li et al. (2025), "PrefPalette: Personalized Preference Modeling with Latent Attributes", arXiv 2507.13541, section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from personae.errors import BadInput
from personae.metrics.intervals import RandomState
from personae.metrics.logistic import sigmoid
from personae.people.attributes import Attribute
from personae.preference._core import Features
from personae.preference._extras import needs
from personae.preference.comparisons import Array, Codes

_STEPS = 150
_SLIGHT = 0.1  # slope at which a hidden unit is a line


@dataclass(frozen=True, slots=True)
class AttributeReader:
    """What reads one attribute out of an item's features.

    Parameters
    ----------
    name : str
    center, scale : ndarray of shape (n_features,)
        Features are centered and divided by these first.
    inward : ndarray of shape (n_features, n_hidden), bias : ndarray of shape (n_hidden,)
    outward : ndarray of shape (n_hidden,)
    middle : ndarray of shape (n_hidden,)
        Taken off the vectors: their mean over the items that a gauge was set on.
    """

    name: str
    center: Array
    scale: Array
    inward: Array
    bias: Array
    outward: Array
    middle: Array

    def vectors(self, features: Array) -> Array:
        """Return v of shape (n_items, n_hidden), whose sum is the score: the hidden layer, each unit in units of the score."""
        hidden = np.tanh((features - self.center) / self.scale @ self.inward + self.bias)
        return np.asarray(hidden * self.outward - self.middle)

    def scores(self, features: Array) -> Array:
        """Return how much of the attribute each item has, shape (n_items,)."""
        return np.asarray(self.vectors(features).sum(axis=1))

    def in_units_of(self, features: Array) -> AttributeReader:
        """Return the same reader, its scores of mean 0 and standard deviation 1 over these items: readers become comparable."""
        spread = float(self.scores(features).std())
        if spread < 1e-9:
            return replace(self, outward=np.zeros_like(self.outward), middle=np.zeros_like(self.middle))
        return replace(
            self,
            outward=self.outward / spread,
            middle=self.vectors(features).mean(axis=0) / spread + self.middle / spread,
        )


def fit_reader(
    name: str,
    features: Array,
    higher: Codes,
    lower: Codes,
    *,
    n_hidden: int = 8,
    n_columns: int | None = None,
    penalty: float = 0.01,
    random_state: RandomState = 0,
) -> AttributeReader:
    """Learn a reader from pairs of texts of which one has more of the attribute.

    Parameters
    ----------
    name : str
    features : ndarray of shape (n_texts, n_features)
    higher, lower : ndarray of shape (n_pairs,)
        The texts of each pair, as places in `features`.
    n_hidden : int
    n_columns : int, optional
        Read the first so many columns of the features alone.
    penalty : float
        Ridge on the weights beside the mean log loss.

    Raises
    ------
    BadInput
        When there is no pair.

    Notes
    -----
    Minimizes mean -log sigmoid(s(higher) - s(lower)) (the paper's loss) with s = outward . tanh(inward' z + bias), z the features
    in units of their spread over the pairs' texts. The paper fine-tunes a 1B language model for each attribute; here a small net
    reads frozen sentence vectors. Features that do not vary over the texts are not read.
    """
    if not len(higher) or len(higher) != len(lower):
        raise BadInput(f"Attribute {name}: {len(higher)} higher and {len(lower)} lower texts; give pairs.")
    used = features[np.unique(np.concatenate([higher, lower]))]
    center, scale = used.mean(axis=0), used.std(axis=0)
    is_read = (scale > 1e-9) & (np.arange(len(scale)) < (n_columns or len(scale)))
    scale = np.where(is_read, scale, 1.0)
    shape = (int(is_read.sum()), n_hidden)
    z = ((features - center) / scale)[:, is_read]
    solved = _solve(z, higher, lower, shape, penalty, np.random.default_rng(random_state))
    inward = np.zeros((features.shape[1], n_hidden))
    inward[is_read] = solved[: shape[0] * n_hidden].reshape(shape)
    bias, outward = solved[shape[0] * n_hidden :].reshape(2, n_hidden)
    return AttributeReader(name, center, scale, inward, bias, outward, np.zeros(n_hidden))


def pole_reader(attribute: Attribute, features: Features, *, n_hidden: int = 8) -> AttributeReader:
    """Return a reader of an attribute that a user defined by its two poles in words, from no example.

    Parameters
    ----------
    attribute : Attribute
        With `poles`: descriptions of the low and the high end; several of one end are parted by semicolons.
    features : callable from items to vectors

    Raises
    ------
    BadInput
        When the attribute has no poles, or one is empty.

    Notes
    -----
    The score is the distance along the line between the mean vectors of the two ends: the first hidden unit, in its linear range.

    Examples
    --------
    >>> from personae.models.encoder import home_encoder
    >>> from personae.preference import TextFeatures
    >>> warmth = Attribute("warmth", "Warmth", "number", poles=("cold, distant, rude", "warm, kind, caring; loving"))
    >>> features = TextFeatures(home_encoder())
    >>> scores = pole_reader(warmth, features).scores(features([("", "Get lost."), ("", "I am so happy for you, dear.")]))
    >>> bool(scores[0] < scores[1])
    True
    """
    ends = [[part.strip() for part in pole.split(";") if part.strip()] for pole in attribute.poles or ()]
    if len(ends) != 2 or not all(ends):
        raise BadInput(
            f"Attribute {attribute.name!r} has no two poles in words: "
            "Attribute(name, label, 'number', poles=('what the low end is', 'what the high end is'))."
        )
    low, high = (features([("", text) for text in end]).mean(axis=0) for end in ends)
    inward = np.zeros((len(low), n_hidden))
    inward[:, 0] = _SLIGHT * (high - low) / max(float(np.linalg.norm(high - low)), 1e-12)
    return _straight(attribute.name, (low + high) / 2, inward)


def column_reader(name: str, features: Array, column: int, *, n_hidden: int = 8) -> AttributeReader:
    """Return a reader of what one column of the features measures, such as list items: nothing is learned.

    Parameters
    ----------
    name : str
    features : ndarray of shape (n_items, n_features)
        Items that tell the column's spread.
    column : int
    """
    inward = np.zeros((features.shape[1], n_hidden))
    inward[column, 0] = _SLIGHT / max(float(features[:, column].std()), 1e-12)
    return _straight(name, features.mean(axis=0), inward)


def reader_accuracy(reader: AttributeReader, features: Array, higher: Codes, lower: Codes) -> Array:
    """Return 1 for each pair that the reader orders right, .5 where it cannot tell, 0 otherwise; shape (n_pairs,)."""
    scores = reader.scores(features)
    return np.asarray((np.sign(scores[higher] - scores[lower]) + 1) / 2)


def _straight(name: str, center: Array, inward: Array) -> AttributeReader:
    """Return a reader along a line, which its first hidden unit follows in its linear range."""
    n_features, n_hidden = inward.shape
    outward = np.zeros(n_hidden)
    outward[0] = 1 / _SLIGHT
    return AttributeReader(
        name, center, np.ones(n_features), inward, np.zeros(n_hidden), outward, np.zeros(n_hidden)
    )


def read_vectors(readers: Sequence[AttributeReader], features: Array) -> Array:
    """Return every reader's vectors, shape (n_items, n_readers, n_hidden)."""
    if not readers:
        return np.zeros((len(features), 0, 1))
    return np.stack([reader.vectors(features) for reader in readers], axis=1)


def _solve(
    z: Array, higher: Codes, lower: Codes, shape: tuple[int, int], penalty: float, random: np.random.Generator
) -> Array:
    """Return inward, bias and outward weights in one row."""
    with needs("scipy"):
        from scipy.optimize import minimize

    n_features, n_hidden = shape
    size, n_pairs = n_features * n_hidden, len(higher)
    start = np.concatenate([
        random.normal(size=size) * 0.1 / np.sqrt(max(n_features, 1)),
        np.zeros(n_hidden),
        random.choice([-1.0, 1.0], n_hidden),
    ])  # fmt: skip

    def loss(solution: Array) -> tuple[float, Array]:
        inward, (bias, outward) = solution[:size].reshape(shape), solution[size:].reshape(2, n_hidden)
        hidden = np.tanh(z @ inward + bias)
        score = hidden @ outward
        margin = score[higher] - score[lower]
        pull = -sigmoid(-margin) / n_pairs
        by_text = np.bincount(higher, pull, len(z)) - np.bincount(lower, pull, len(z))
        back = by_text[:, None] * outward * (1 - hidden**2)
        slope = np.concatenate([(z.T @ back).ravel(), back.sum(axis=0), hidden.T @ by_text])
        value = float(np.logaddexp(0, -margin).mean() + penalty / 2 * (solution @ solution))
        return value, slope + penalty * solution

    found: Any = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    return np.asarray(found.x)
