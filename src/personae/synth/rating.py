"""A study with people: who can tell made comments from real ones? A local page, the ratings it keeps, and their analysis.

Source: Yukhymenko, Staab, Vero, Vechev (2024), arXiv 2406.07217, section 5.4 (1,000 comments, half of them real).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.intervals import (
    DRAWS,
    Interval,
    RandomState,
    cluster_codes,
    percentile_interval,
    resample_counts,
)
from personae.synth.population import written_whole

LONGEST = 2000  # characters of a comment that are shown
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shown:
    """One comment to be judged."""

    id: str
    text: str
    is_real: bool


@dataclass(frozen=True, slots=True)
class Rating:
    """One judgment: what one rater said about one comment."""

    rater: str
    item: str
    is_real: bool
    said_real: bool


@dataclass(frozen=True, slots=True)
class RatingReport:
    """What the ratings say, with intervals over raters and comments alike.

    Parameters
    ----------
    accuracy : Interval
        Share of right judgments; .5 is what guessing gives where half of the comments are real.
    real_judged_real, made_judged_real : Interval
        Share of the real and of the made comments said to be real.
    bias : Interval
        Share said to be real, of all judgments.
    agreement : Interval
        Chance that two raters of one comment say the same; NaN where no comment has two.
    kappa : float
        Agreement beyond what the shares alone give (Fleiss's kappa for ratings of unequal number).
    by_rater : dict of str to float
        Accuracy of each rater.
    """

    accuracy: Interval
    real_judged_real: Interval
    made_judged_real: Interval
    bias: Interval
    agreement: Interval
    kappa: float
    by_rater: dict[str, float]


def sampled(real: Sequence[str], made: Sequence[str], n_each: int, *, random_state: int = 0) -> list[Shown]:
    """Return as many real as made comments, drawn under the seed; their ids tell nothing.

    >>> [shown.is_real for shown in sampled(["a", "b"], ["c", "d"], 1)].count(True)
    1
    """
    if min(len(real), len(made)) < n_each or n_each < 1:
        raise BadInput(f"{len(real)} real and {len(made)} made comments; {n_each} of each were asked for.")
    random = np.random.default_rng(random_state)
    chosen = [
        (texts[i], is_real)
        for texts, is_real in ((real, True), (made, False))
        for i in random.permutation(len(texts))[:n_each]
    ]
    order = random.permutation(len(chosen))
    return [Shown(_id(*chosen[i]), chosen[i][0][:LONGEST], chosen[i][1]) for i in order]


def _id(text: str, is_real: bool) -> str:
    """Name a comment by its content, so that ratings of another draw never count for it."""
    return hashlib.blake2b(f"{is_real}|{text}".encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def order_for(items: Sequence[Shown], rater: str, seed: int) -> list[Shown]:
    """Return the comments in the order that this rater sees them: another for each rater, the same each time."""
    random = np.random.default_rng([seed, crc32(rater.encode("utf-8", "replace"))])
    return [items[i] for i in random.permutation(len(items))]


class Ratings:
    """Ratings in one JSONL file that is always whole; a comment is judged once a rater, the last word counts."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.rows: dict[tuple[str, str], Rating] = {}
        if file.is_file():
            self.rows = {(row.rater, row.item): row for row in read_ratings(file)}

    def add(self, rating: Rating) -> None:
        """Keep one rating; the file is replaced in one step."""
        self.rows[rating.rater, rating.item] = rating
        lines = (json.dumps(asdict(row), ensure_ascii=False) for row in self.rows.values())
        with written_whole(self.file) as part:
            part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def done_by(self, rater: str) -> set[str]:
        return {item for name, item in self.rows if name == rater}


def read_ratings(file: Path) -> list[Rating]:
    """Return the ratings of a file.

    Raises
    ------
    BadInput
        With the file and the line that cannot be read.
    """
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row: dict[str, Any] = json.loads(line)
            rating = Rating(row["rater"], row["item"], row["is_real"], row["said_real"])
            if not all(isinstance(value, bool) for value in (rating.is_real, rating.said_real)):
                raise TypeError
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"{file.name}:{number}: not a rating. Each line needs rater, item, is_real and said_real (true or false)."
            ) from error
        found.append(rating)
    return found


def analyze(ratings: Sequence[Rating], *, draws: int = DRAWS, random_state: RandomState = 0) -> RatingReport:
    """Return shares with intervals over raters and comments.

    Notes
    -----
    A draw takes raters with replacement and comments with replacement and weighs a judgment by the product of both counts
    (Owen 2007, "The pigeonhole bootstrap"), so that the interval holds for other raters and other comments. With one rater
    only comments are drawn.

    Examples
    --------
    >>> report = analyze([Rating(rater, item, item < "c", item < "d") for rater in "xy" for item in "abcd"])
    >>> report.accuracy.value, report.made_judged_real.value, report.agreement.value
    (0.75, 0.5, 1.0)
    """
    if not ratings:
        raise BadInput("There are no ratings yet.")
    real = np.array([row.is_real for row in ratings], dtype=float)
    said = np.array([row.said_real for row in ratings], dtype=float)
    right = np.asarray(real == said, dtype=float)
    raters, n_raters = cluster_codes([row.rater for row in ratings], len(ratings))
    items, n_items = cluster_codes([row.item for row in ratings], len(ratings))
    random = np.random.default_rng(random_state)
    by_rater = (
        resample_counts(n_raters, draws=draws, random_state=random)
        if n_raters > 1
        else np.ones((draws, 1), dtype=np.int64)
    )
    weights = (
        by_rater[:, raters] * resample_counts(n_items, draws=draws, random_state=random)[:, items]
    ).astype(float)

    def share(values: Array, among: Array) -> Interval:
        n, n_judged = int(among.sum()), len(set(items[among > 0].tolist()))
        return _interval(lambda w: _ratio(w @ (values * among), w @ among), weights, n, n_judged)

    every = np.ones_like(said)
    return RatingReport(
        share(right, every),
        share(said, real),
        share(said, 1 - real),
        share(said, every),
        _agreement(said, items, n_items, draws, random),
        _kappa(said, items, n_items),
        {
            name: float(right[raters == code].mean())
            for code, name in enumerate(dict.fromkeys(r.rater for r in ratings))
        },
    )


def _interval(statistic: Callable[[Array], Array], weights: Array, n: int, n_items: int) -> Interval:
    whole = float(statistic(np.ones((1, weights.shape[1])))[0])
    return percentile_interval(whole, statistic(weights), 0.95, n, n_items)


def _pairs(said: Array, items: NDArray[np.intp], n_items: int) -> tuple[Array, Array]:
    """Return how many pairs of raters agree on each comment, and how many pairs there are."""
    n = np.bincount(items, minlength=n_items).astype(float)
    yes = np.bincount(items, said, n_items)
    no = n - yes
    return (yes * (yes - 1) + no * (no - 1)) / 2, n * (n - 1) / 2


def _agreement(
    said: Array, items: NDArray[np.intp], n_items: int, draws: int, random: np.random.Generator
) -> Interval:
    same, pairs = _pairs(said, items, n_items)
    counts = resample_counts(n_items, draws=draws, random_state=random).astype(float)
    value = float(_ratio(same.sum(keepdims=True), pairs.sum(keepdims=True))[0])
    return percentile_interval(value, _ratio(counts @ same, counts @ pairs), 0.95, int(pairs.sum()), n_items)


def _kappa(said: Array, items: NDArray[np.intp], n_items: int) -> float:
    """(agreement - expected) / (1 - expected), expected p^2 + (1 - p)^2 with p the share said to be real."""
    same, pairs = _pairs(said, items, n_items)
    p = float(said.mean())
    expected = p * p + (1 - p) * (1 - p)
    if not pairs.sum() or expected == 1:
        return float("nan")
    return (float(same.sum() / pairs.sum()) - expected) / (1 - expected)


def _ratio(top: Array, bottom: Array) -> Array:
    return np.asarray(np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom > 0))
