"""What an inferred claim rests on: the exact share of each trace, and the words that carry it.

The score of a claim is the log-odds of its best value. A trace's weight is the share of the score's rise over the score of an
empty text that falls away without that trace. A line's score is linear in its words: in the lexical weights directly, and in
the encoder's token states because a text's vector is their mean at unit length.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.infer._home_model import HomeModel
from personae.infer._lines import Lexicon, terms
from personae.infer._scorer import Array, log_odds

TRACES = 8  # evidence kept for one claim
SPANS = 4  # marked runs of words in one trace
LEAST_SHARE = 0.01
LEAST_RARITY = 4.0  # of a word that may be marked: it stands in at most one line of twenty


def trace_shares(whole: Array, silent: Array, without: Array, value: int) -> Array:
    """Return each trace's share of the claim's score, shape (n_traces,), in [0, 1]; 0 where it speaks against the claim.

    Parameters
    ----------
    whole, silent : ndarray of shape (n_values,)
        Probabilities with all lines of the person, and with none.
    without : ndarray of shape (n_traces, n_values)
        Probabilities without each trace.
    """
    score = float(log_odds(whole, value))
    rise = score - float(log_odds(silent, value))
    falls = score - log_odds(without, value)
    if rise <= 1e-6:
        rise = max(float(falls.max(initial=0.0)), 1e-6)
    shares: Array = np.clip(falls / rise, 0.0, 1.0)
    return shares


def word_spans(
    model: HomeModel, name: str, value: int, text: str, encoder: Any = None
) -> tuple[tuple[int, int], ...]:
    """Return (start, end) of the words of a line that speak most for a value, in order.

    With an encoder that gives `token_states` the tokens' parts of the vector count too; else the lexical part alone.
    """
    weight = _word_scores(model, name, value, text)
    read = getattr(encoder, "token_states", None)
    states = read(text) if read else None
    if states is not None:
        scores = states.states @ _direction(model, name, value, model.vectors) * states.scale
        told = [
            (start, end, float(score)) for (start, end), score in zip(states.offsets, scores, strict=True)
        ]
        weight += _spread(told, len(text))
    return _runs(text, weight, model.lexicon)


def _direction(model: HomeModel, name: str, value: int, rows: Array) -> Array:
    """Return what one unit of each feature adds to the value's line score, over the mean of the other outcomes."""
    part = model.parts[name]
    columns = rows[..., part.columns]
    if part.candidates is None:
        chosen: Array = columns[..., value + 1] - columns.mean(axis=-1)
        return chosen
    telling: Array = columns[..., 1] - columns[..., 0]
    if rows is model.vectors:
        telling = telling + part.candidates.vectors[:, value] - part.candidates.vectors.mean(axis=1)
    return telling


def _word_scores(model: HomeModel, name: str, value: int, text: str) -> NDArray[Any]:
    """Return the lexical score of each character: a term's score is spread over its characters."""
    places, weights = model.lexicon.weights(text)
    directed = (weights * _direction(model, name, value, model.words[places])).tolist()
    scores = dict(zip(places.tolist(), directed, strict=True))
    known = model.lexicon.places
    found = [(known[term], start, end) for term, start, end in terms(text) if term in known]
    times = Counter([place for place, _, _ in found])
    told = [(start, end, scores[place] / times[place]) for place, start, end in found]
    return _spread([*_cue_scores(model, name, value, text), *told], len(text))


def _cue_scores(model: HomeModel, name: str, value: int, text: str) -> list[tuple[int, int, float]]:
    """Return what the cues of a candidate add, each with its (start, end)."""
    candidates = model.parts[name].candidates
    if candidates is None:
        return []
    said = [
        (candidates.cues[term], start, end) for term, start, end in terms(text) if term in candidates.cues
    ]
    return [(start, end, float(weights[values == value].sum())) for (values, weights), start, end in said]


def _spread(told: list[tuple[int, int, float]], length: int) -> NDArray[Any]:
    """Return for each of so many characters the sum of its parts of the scores that cover it."""
    if not told:
        return np.zeros(length)
    starts, ends, scores = zip(*told, strict=True)
    sizes = np.subtract(ends, starts)
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    shares: NDArray[Any] = np.repeat(np.divide(scores, np.maximum(sizes, 1)), sizes)
    return np.bincount(np.repeat(starts, sizes) + within, weights=shares, minlength=length)


def _runs(text: str, weight: NDArray[Any], lexicon: Lexicon) -> tuple[tuple[int, int], ...]:
    """Return the words with the most weight, neighbors joined; words that every text is full of are never marked."""
    words = [
        (start, end)
        for term, start, end in terms(text)
        if " " not in term
        and text[start:end].strip("'").isalnum()
        and lexicon.rarity_of(term) >= LEAST_RARITY
    ]
    if not words:
        return ()
    sums = np.add.reduceat(np.append(weight, 0.0), [edge for word in words for edge in word])[::2].tolist()
    scored = sorted(((total, a, b) for total, (a, b) in zip(sums, words, strict=True)), reverse=True)
    if scored[0][0] <= 0:
        return ()
    kept = sorted((a, b) for score, a, b in scored[: 2 * SPANS] if score >= 0.25 * scored[0][0])
    runs: list[tuple[int, int]] = []
    for start, end in kept:
        if runs and start - runs[-1][1] <= 1:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return tuple(runs[:SPANS])
