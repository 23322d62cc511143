"""The card's baselines on the same rows: habits of the scale, what a text says, others' ratings of it, and neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from personae.models.encoder import Encoder
from personae.papers.rpm.annotators import N_LEVELS, Annotators, Array, Codes

REFERENCE = "user mean + ridge residual x spread"
RIDGE = 3.0  # best kappa of .3, 1, 2, 3, 5 on the last ten history rows, learned from the first thirty
_NEAR, _SHARP = 5, 10.0  # neighbors, and how fast their vote falls with cosine
_LEAST_SPREAD = 0.2
PUBLISHED = {  # card, measured on the same rows: MAE and kappa
    "mode of everyone": (0.880, 0.0), "user mean": (0.857, 0.308), "ridge on the text": (0.901, 0.264),
    "dense neighbors in own history": (0.856, 0.375), "user mean + item offset of other raters": (0.770, 0.451),
    "user mean + ridge residual": (0.748, 0.480), REFERENCE: (0.733, 0.495),
}  # fmt: skip


def baseline_predictions(data: Annotators, encoder: Encoder) -> Iterator[tuple[str, Array]]:
    """Yield each baseline's name and what it predicts, clipped to the scale, shape (n_test,)."""
    vectors = encoder.encode(list(data.texts)).astype(float)
    mean, spread = _habits(data)
    own, now = mean[data.person], mean[data.test_person]
    left = data.level - own
    levels, counts = np.unique(data.level, return_counts=True)
    residual = _ridge(vectors, data.text, left)[data.test_text]
    scaled = _ridge(vectors, data.text, left / spread[data.person])[data.test_text]
    everyone = _ridge(vectors, data.text, data.level)
    bias = np.bincount(data.person, data.level - everyone[data.text]) / np.bincount(data.person)
    found = {
        "mode of everyone": np.full(len(now), levels[counts.argmax()]),
        "user mean": now,
        "item mean of other raters (reads others' ratings of the text)": _item_mean(
            data, data.level, data.level.mean()
        ),
        "ridge on the text": everyone[data.test_text],
        "ridge on the text + user bias": everyone[data.test_text] + bias[data.test_person],
        "dense neighbors in own history": _by_person(data, vectors, _neighbors),
        "kernel of own history": now + _by_person(data, vectors, _kernel),
        "user mean + item offset of other raters": now + _item_mean(data, left, 0.0),
        "user mean + ridge residual": now + residual,
        REFERENCE: now + spread[data.test_person] * scaled,
    }
    for name, predicted in found.items():
        yield name, np.clip(predicted, 1, N_LEVELS)


def _habits(data: Annotators) -> tuple[Array, Array]:
    counts = np.bincount(data.person)
    mean = np.bincount(data.person, data.level) / counts
    squares = np.bincount(data.person, (data.level - mean[data.person]) ** 2) / counts
    return mean, np.maximum(np.sqrt(squares), _LEAST_SPREAD)


def _ridge(vectors: Array, text: Codes, target: Array) -> Array:
    """Return what a ridge on the texts' vectors says of every text, shape (n_texts,)."""
    x = vectors[text]
    center, level = x.mean(axis=0), target.mean()
    z = x - center
    weights = np.linalg.solve(z.T @ z + RIDGE * np.eye(z.shape[1]), z.T @ (target - level))
    return np.asarray(level + (vectors - center) @ weights)


def _item_mean(data: Annotators, values: Array, otherwise: float) -> Array:
    """Return the mean over other raters' history rows of each test row's text; `otherwise` where nobody else rated it."""
    n = np.bincount(data.text, minlength=len(data.texts))
    sums = np.bincount(data.text, values, len(data.texts))
    return np.where(n > 0, sums / np.maximum(n, 1), otherwise)[data.test_text]


def _by_person(data: Annotators, vectors: Array, vote: Callable[[Array, Array, Array], Array]) -> Array:
    found = np.zeros(len(data.test_person))
    for person in range(len(data.people)):
        old, new = data.person == person, data.test_person == person
        if new.any():
            found[new] = vote(vectors[data.test_text[new]], vectors[data.text[old]], data.level[old])
    return found


def _neighbors(new: Array, old: Array, level: Array) -> Array:
    cosines = new @ old.T
    places = np.argsort(-cosines, axis=1)[:, :_NEAR]
    weights = np.exp(_SHARP * np.take_along_axis(cosines, places, axis=1))
    return np.asarray((weights * level[places]).sum(axis=1) / weights.sum(axis=1))


def _kernel(new: Array, old: Array, level: Array) -> Array:
    left = level - level.mean()
    return np.asarray(new @ old.T @ np.linalg.solve(old @ old.T + RIDGE * np.eye(len(old)), left))
