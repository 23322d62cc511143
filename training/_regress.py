"""The regressions behind the home reader, each by L-BFGS: of lines, of mean vectors, of heads, and of a map to candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse as sparse
from scipy.optimize import minimize

from personae.infer._lines import Lexicon, terms
from personae.infer._scorer import softmax

Array = np.ndarray
NOTHING = "nothing"
LOW = -8.0  # the bias of a class that no row has


@dataclass(frozen=True, slots=True)
class LineModel:
    """Multinomial logistic regression of a line over NOTHING and the values."""

    vectors: Array  # (384, 1 + n_values)
    words: Array  # (n_words, 1 + n_values)
    bias: Array  # (1 + n_values,)

    def told(self, vectors: Array, words: sparse.csr_matrix) -> Array:
        """Return probabilities of the values, shape (n_lines, n_values)."""
        return softmax(np.asarray(vectors @ self.vectors + words @ self.words + self.bias))[:, 1:]


def lexicon(texts: Iterable[str], least: int = 2) -> Lexicon:
    """Return the words and pairs that at least `least` lines have."""
    counts: Counter[str] = Counter()
    n_texts = 0
    for text in texts:
        counts.update({term for term, _, _ in terms(text)})
        n_texts += 1
    words = sorted(word for word, n in counts.items() if n >= least)
    rarity = np.array([np.log((1 + n_texts) / (1 + counts[word])) + 1 for word in words], dtype=np.float32)
    return Lexicon(words, rarity)


def word_matrix(words: Lexicon, texts: Sequence[str]) -> sparse.csr_matrix:
    """Return lexical weights of shape (n_texts, n_words)."""
    rows = [words.weights(text) for text in texts]
    starts = np.cumsum([0, *(len(places) for places, _ in rows)])
    places = np.concatenate([np.zeros(0, int), *(places for places, _ in rows)])
    weights = np.concatenate([np.zeros(0, np.float32), *(weights for _, weights in rows)])
    return sparse.csr_matrix(
        (weights, places, starts), shape=(len(texts), len(words.places)), dtype=np.float32
    )


def fit_lines(
    vectors: Array,
    words: sparse.csr_matrix,
    labels: Sequence[str],
    weights: Array,
    values: Sequence[str],
    strength: float,
) -> LineModel:
    """Fit the line classifier; `strength` is the inverse of the L2 penalty, as in scikit-learn's C."""
    classes = (NOTHING, *values)
    y = np.array([classes.index(label) for label in labels])
    used = np.flatnonzero(
        np.asarray((words[y > 0] > 0).sum(0)).ravel() >= 2
    )  # words of at least two telling lines
    coef, bias = softmax_regression((vectors, words[:, used]), y, weights, len(classes), strength)
    spread = np.zeros((words.shape[1], len(classes)), dtype=np.float32)
    spread[used] = coef[1]
    return LineModel(coef[0], spread, bias)


def softmax_regression(
    blocks: tuple[Array | sparse.csr_matrix, ...], y: Array, weights: Array, n_classes: int, strength: float
) -> tuple[list[Array], Array]:
    """Minimise weighted cross-entropy + |coef|^2 / (2 strength); the bias of a class without rows is held low."""
    edges = np.cumsum([0, *(block.shape[1] for block in blocks)]) * n_classes
    target = np.zeros((len(y), n_classes), dtype=np.float32)
    target[np.arange(len(y)), y] = 1.0
    absent = np.bincount(y, minlength=n_classes) == 0
    column = weights.astype(np.float32)[:, None]
    backs = [block.T.tocsr() if sparse.issparse(block) else block.T for block in blocks]

    def loss(flat: Array) -> tuple[float, Array]:
        coefs = [flat[a:b].reshape(-1, n_classes).astype(np.float32) for a, b in pairwise(edges)]
        bias = np.where(absent, LOW, flat[edges[-1] :]).astype(np.float32)
        chance = softmax(sum(block @ coef for block, coef in zip(blocks, coefs, strict=True)) + bias)
        value = -float((column[:, 0] * np.log(np.maximum(chance[np.arange(len(y)), y], 1e-12))).sum())
        slope = (chance - target) * column
        inner = flat[: edges[-1]]
        gradient = np.concatenate([np.asarray(back @ slope).ravel() for back in backs]) + inner / strength
        rest = np.where(absent, 0.0, slope.sum(0))
        return value + float(inner @ inner) / (2 * strength), np.concatenate([gradient, rest]).astype(float)

    found = minimize(
        loss, np.zeros(edges[-1] + n_classes), jac=True, method="L-BFGS-B", options={"maxiter": 80}
    )
    coefs = [found.x[a:b].reshape(-1, n_classes).astype(np.float32) for a, b in pairwise(edges)]
    return coefs, np.where(absent, LOW, found.x[edges[-1] :]).astype(np.float32)


def fit_map(
    vectors: Array, offset: Array, targets: Array, candidates: Array, sharpness: float, penalty: float
) -> Array:
    """Fit A in logits = sharpness * vectors (I + A) candidates + offset, with penalty |A|^2; returns (384, 384)."""
    width = vectors.shape[1]

    def loss(flat: Array) -> tuple[float, Array]:
        change = flat.reshape(width, width).astype(np.float32)
        chance = softmax(sharpness * ((vectors + vectors @ change) @ candidates) + offset)
        value = -float((targets * np.log(chance + 1e-9)).sum()) + penalty * float((change**2).sum())
        slope = vectors.T @ ((chance - targets) * sharpness @ candidates.T) + 2 * penalty * change
        return value, slope.ravel().astype(float)

    found = minimize(loss, np.zeros(width * width), jac=True, method="L-BFGS-B", options={"maxiter": 30})
    return found.x.reshape(width, width).astype(np.float32)


@dataclass(frozen=True, slots=True)
class HeadRows:
    """What a head is fitted on: `table` (n_rows, n_values, 3), `targets` (n_rows, n_values), `weights` (n_rows,)."""

    table: Array
    targets: Array
    weights: Array


def fit_head(
    rows: HeadRows, prior: Array, *, pull: float = 1.0, hold: float = 1.0
) -> tuple[Array, Array, float]:
    """Fit one head's weights (not negative) and bias by weighted log-loss; returns weights, bias, loss.

    The bias is pulled to `prior` by `pull` |bias - prior|^2, the weights to .3 by `hold`.
    """
    scaled = HeadRows(rows.table, rows.targets, rows.weights / rows.weights.mean())
    weights, biases, loss = fit_heads([scaled], [prior], pull=pull, hold=hold)
    return weights, biases[0], loss


def fit_heads(
    tables: Sequence[HeadRows], priors: Sequence[Array], *, pull: float = 1.0, hold: float = 1.0
) -> tuple[Array, list[Array], float]:
    """Fit weights that several attributes share, and a bias for each; `pull` of infinity holds the biases at the priors."""
    n_features = tables[0].table.shape[2]
    edges = n_features + np.cumsum([0, *(len(prior) for prior in priors)])
    free = np.isfinite(pull)

    def loss(flat: Array) -> tuple[float, Array]:
        slopes = flat[:n_features]
        value = hold * float(((slopes - 0.3) ** 2).sum())
        gradient = np.zeros_like(flat)
        gradient[:n_features] = 2 * hold * (slopes - 0.3)
        for rows, prior, (first, last) in zip(tables, priors, pairwise(edges), strict=True):
            bias = flat[first:last] if free else prior
            chance = softmax(rows.table @ slopes + bias)
            value -= float((rows.weights * (rows.targets * np.log(chance + 1e-12)).sum(1)).sum())
            miss = (chance * rows.targets.sum(1, keepdims=True) - rows.targets) * rows.weights[:, None]
            gradient[:n_features] += np.einsum("nv,nvf->f", miss, rows.table)
            if free:
                value += pull * float(((bias - prior) ** 2).sum())
                gradient[first:last] += miss.sum(0) + 2 * pull * (bias - prior)
        return value, gradient

    bounds = [(0.0, None)] * n_features + [(None, None)] * int(edges[-1] - n_features)
    start = np.concatenate([np.full(n_features, 0.3), *priors])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    biases = [found.x[a:b].astype(np.float32) for a, b in pairwise(edges)]
    return found.x[:n_features].astype(np.float32), biases, float(found.fun)
