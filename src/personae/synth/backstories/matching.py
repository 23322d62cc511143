"""Match stories to the people a survey wants: how likely each story is each person, then an assignment or weights.

Sources: Moon, Abdulhai, Kang et al. (2024), "Virtual Personas for Language Models via an Anthology of Backstories", arXiv
2407.06576, section 3.3 (edge weights, maximum weight and greedy matching); Kang et al. (2025), arXiv 2504.11673, section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.intervals import RandomState
from personae.synth.raking import Margin, Raked, rake

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
How = Literal["hungarian", "greedy", "greedy without reuse", "random"]
FLOOR = 1e-3  # of a trait's probability: one improbable trait must not rule a story out


@dataclass(frozen=True, slots=True)
class Matching:
    """Which story stands for each respondent.

    Parameters
    ----------
    stories : ndarray of shape (n_respondents,)
        Positions.
    total : float
        Summed log weight, in nats.
    n_unique : int
        Stories used: few where a greedy choice takes the same ones again.
    """

    stories: Codes
    total: float
    n_unique: int


def log_weights(
    respondents: Mapping[str, Codes], stories: Mapping[str, Array], *, floor: float = FLOOR
) -> Array:
    """Return how likely each story has each respondent's traits, shape (n_respondents, n_stories), in nats.

    Parameters
    ----------
    respondents : mapping of trait to ndarray of shape (n_respondents,)
        Category of each; -1 where it is not known, which weighs nothing.
    stories : mapping of trait to ndarray of shape (n_stories, n_categories)
        Rows sum to 1.

    Notes
    -----
    sum over traits of log max(P_story(trait = respondent's), floor): a product of probabilities is 0 for rare groups.

    Examples
    --------
    >>> log_weights({"sex": np.array([0, -1])}, {"sex": np.array([[1.0, 0.0], [0.5, 0.5]])}).round(2).tolist()
    [[0.0, -0.69], [0.0, 0.0]]
    """
    if set(respondents) != set(stories) or not stories:
        raise BadInput(f"Traits differ: {sorted(respondents)} of respondents, {sorted(stories)} of stories.")
    found: Array = np.zeros((len(next(iter(respondents.values()))), len(next(iter(stories.values())))))
    for trait, codes in respondents.items():
        logs = np.log(np.maximum(stories[trait], floor)).T  # (n_categories, n_stories)
        found += np.where((codes >= 0)[:, None], logs[np.maximum(codes, 0)], 0.0)
    return found


def match_stories(weights: Array, how: How = "hungarian", *, random_state: RandomState = 0) -> Matching:
    """Return one story for each respondent.

    Parameters
    ----------
    weights : ndarray of shape (n_respondents, n_stories)
        From `log_weights`.
    how : "hungarian", "greedy", "greedy without reuse" or "random"
        "greedy" takes each respondent's best story, ties by lot, and may take a story many times; the others use each once.

    Raises
    ------
    BadInput
        With fewer stories than respondents where none may be used twice.
    """
    n_respondents, n_stories = weights.shape
    if how != "greedy" and n_stories < n_respondents:
        raise BadInput(
            f"{n_stories} stories for {n_respondents} respondents; make more, or match with 'greedy'."
        )
    random = np.random.default_rng(random_state)
    if how == "hungarian":
        from scipy.optimize import linear_sum_assignment

        stories = linear_sum_assignment(-weights)[1]
    elif how == "greedy":
        stories = (weights + 1e-9 * random.random(weights.shape)).argmax(axis=1)
    elif how == "greedy without reuse":
        stories = _greedy_once(weights, random)
    else:
        stories = random.permutation(n_stories)[:n_respondents]
    total = float(weights[np.arange(n_respondents), stories].sum())
    return Matching(np.asarray(stories, dtype=np.intp), total, len(np.unique(stories)))


def _greedy_once(weights: Array, random: np.random.Generator) -> Codes:
    left = weights.astype(float)
    chosen = np.zeros(len(weights), dtype=np.intp)
    for respondent in random.permutation(len(weights)):
        chosen[respondent] = left[respondent].argmax()
        left[:, chosen[respondent]] = -np.inf
    return chosen


def trait_shares(counts: Array) -> Array:
    """Return distributions from how often a story named each category; evenly spread where it named none.

    Parameters
    ----------
    counts : ndarray of shape (n_stories, n_categories)
        "Prefer not to answer" left out.
    """
    total = counts.sum(axis=1, keepdims=True)
    even = np.full(counts.shape, 1 / counts.shape[1])
    return np.asarray(np.divide(counts, total, out=even, where=total > 0))


def read_targets(file: Path) -> dict[str, tuple[dict[str, int], Array]]:
    """Return wanted shares from a file of the Anthology layout: for each trait the persona's answers by category, and shares.

    Several survey categories may share one number; their shares are added and brought to a sum of 1.
    """
    import yaml

    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    try:
        tables = document["target_distribution"]
        return {trait: (table["map_source"], _merged(table)) for trait, table in tables.items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{file.name}: not a target file; it needs target_distribution with map_source, map_survey and survey_distribution."
        ) from error


def _merged(table: Mapping[str, Any]) -> Array:
    places = {str(answer): int(number) for answer, number in table["map_survey"].items()}
    size = 1 + max(*places.values(), *table["map_source"].values())
    wanted = np.zeros(size)
    for answer, share in table["survey_distribution"].items():
        wanted[places[str(answer)]] += float(share)
    return np.asarray(wanted / wanted.sum())


def rake_to(traits: Mapping[str, Codes], targets: Mapping[str, Array]) -> Raked:
    """Return weights of people whose shares of every trait are those wanted; people with an unknown trait weigh nothing.

    A wanted category that nobody has raises `BadInput`.
    """
    known = np.all([codes >= 0 for codes in traits.values()], axis=0)
    margins = [Margin(trait, codes[known].astype(np.intp), targets[trait]) for trait, codes in traits.items()]
    raked = rake(np.ones(int(known.sum())), margins)
    weights = np.zeros(len(known))
    weights[known] = raked.weights
    return Raked(weights, raked.largest_error, raked.rounds)


def draw_by_weight(weights: Array, n: int, *, random_state: RandomState = 0) -> Codes:
    """Draw n positions such that each comes up n times its weight, rounded up or down (systematic sampling).

    >>> draw_by_weight(np.array([0.5, 0.25, 0.25]), 4).tolist()
    [0, 0, 1, 2]
    """
    start = np.random.default_rng(random_state).random()
    edges = np.cumsum(weights / weights.sum())
    edges[-1] = 1.0
    return np.asarray(np.searchsorted(edges, (np.arange(n) + start) / n, side="right"), dtype=np.intp)
