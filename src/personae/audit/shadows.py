"""What a model's answers tell of the share of a group among its training people, by copies trained anew at known shares.

Source: Suri, Evans (2022), "Formalizing and Estimating Distribution Inference Risks", arXiv 2109.06024, sections 3 and 5: the
game and its samples. The attack, `OutputRegression`, is ours and asks the model only.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.distinfer.black_box import OutputRegression
from personae.audit.distinfer.ratios import Cells, resample
from personae.audit.game import Trial, outcome
from personae.audit.handle import Columns, ModelHandle, is_many_valued
from personae.errors import BadInput, MissingExtra
from personae.metrics.intervals import Interval, bootstrap_mean, cluster_codes

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
Track = Callable[[Iterable[Any], str], Iterable[Any]]
RATIOS = (0.1, 0.3, 0.5, 0.7, 0.9)
LEAST_COPIES = 2 * len(RATIOS)
N_COPIES = 40
MOST_ROWS = 500  # of one copy
MOST_ASKED = 300
LEAST = 10  # rows of each answer in a copy's sample
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class ShareLeak:
    """How well the share of a group among training people is told from a model's answers.

    Parameters
    ----------
    column, group : str
        The share is that of the group among people whose group is known.
    n_learned, n_told : int
        Copies that the attacker learned from, and copies of other people that were attacked.
    n_rows : int
        Rows behind each copy.
    error : Interval
        Mean absolute error of the share, over attacked copies.
    saved : Interval
        How much less that is than the error of always guessing one half.
    side : Interval
        Share of copies told to be on the right side of one half, among those not trained on one half.
    estimate : float
        What the attacker would say of the model itself.
    """

    column: str
    group: str
    n_learned: int
    n_told: int
    n_rows: int
    error: Interval
    saved: Interval
    side: Interval
    estimate: float


def share_leakage(
    handle: ModelHandle,
    columns: Columns,
    answers: NDArray[Any],
    names: Sequence[str | None],
    *,
    column: str,
    group: str,
    people: Sequence[Hashable] | None = None,
    n_copies: int = N_COPIES,
    track: Track = lambda items, label: items,
    random_state: int = 0,
) -> ShareLeak:
    """Train copies of a model at known shares of a group, and tell from their answers which.

    Parameters
    ----------
    handle : ModelHandle
    columns : mapping of str to ndarray of shape (n_rows,)
        People that the model has not learned from.
    answers : ndarray of shape (n_rows,)
        Their true answers, as labels of the model.
    names : sequence of shape (n_rows,)
        Their groups; None where not known, and then left out.
    column, group : str
    people : sequence of shape (n_rows,), optional
        Whose row it is: nobody's rows are both the attacker's and an attacked copy's.
    n_copies : int
        Half are the attacker's.
    track : callable
        Wraps what is iterated over, to show progress.
    random_state : int

    Raises
    ------
    BadInput
        When the model cannot be trained anew, copies are too few, or the people are.

    Notes
    -----
    A tenth of the people are asked about; of the rest one half is the attacker's and one half the attacked copies'. Every copy
    has as many rows of the wanted answer and of others, at every share, two thirds of what the scarcest share allows.
    """
    if n_copies < LEAST_COPIES:
        raise BadInput(
            f"{n_copies} copies are too few: take {LEAST_COPIES} or more, or none to leave them out."
        )
    if is_many_valued(columns[column]):
        raise BadInput(f"The column {column} is a number of many values: cut it into groups first.")
    random = np.random.default_rng(random_state)
    asked, *halves = _parts(people, np.array([name is not None for name in names]), random)
    has, is_wanted = np.array([name == group for name in names]), answers == handle.wanted
    cells = [Cells.of(has, is_wanted, half) for half in halves]
    counts = _counts(cells, random)
    shown = handle.inputs(columns, asked)

    def copies(place: int) -> tuple[Array, Array]:
        """Return what copies of one half say, shape (n, n_asked), and their shares."""
        ratios = [
            RATIOS[k % len(RATIOS)] for k in range(n_copies // 2 if place else n_copies - n_copies // 2)
        ]
        said = []
        for ratio in track(ratios, f"{column}: copies {'to tell of' if place else 'to learn from'}"):
            rows = resample(cells[place], ratio, n_positive=counts[1], n_negative=counts[0], random=random)
            copy = _trained(handle, columns, answers, rows, int(random.integers(2**31)))
            said.append(_asked(copy, handle.wanted, shown))
        return np.array(said), np.array(ratios)

    learned, known = copies(0)
    attack = OutputRegression().fit(learned, known)
    said, truth = copies(1)
    told = np.clip(attack.score(said), 0, 1)
    own = float(attack.score(_log_odds(handle.classifier, handle.wanted, shown)[None, :])[0])
    errors, halves_errors = np.abs(told - truth), np.abs(0.5 - truth)
    sides = [
        Trial(int(ratio > 0.5), int(each > 0.5), float(each))
        for each, ratio in zip(told, truth, strict=True)
        if ratio != 0.5
    ]
    return ShareLeak(
        column, group, len(known), len(truth), sum(counts),
        bootstrap_mean(errors, random_state=random_state),
        bootstrap_mean(halves_errors - errors, random_state=random_state),
        outcome(sides, random_state=random_state).accuracy, min(1.0, max(0.0, own)),
    )  # fmt: skip


def _parts(
    people: Sequence[Hashable] | None, is_known: NDArray[np.bool_], random: np.random.Generator
) -> tuple[Rows, Rows, Rows]:
    """Return rows to ask about, the attacker's and the attacked copies', by person."""
    codes, n_people = cluster_codes(people, len(is_known))
    place = random.permutation(n_people)[codes] / n_people
    asked, own, others = (
        np.flatnonzero(is_known & (place >= low) & (place < high))
        for low, high in ((0.0, 0.1), (0.1, 0.55), (0.55, 1.0))
    )
    return asked[:MOST_ASKED], own, others


def _counts(cells: Sequence[Cells], random: np.random.Generator) -> tuple[int, int]:
    """Return how many rows of other answers and of the wanted one every copy has."""
    thinned = [half.discard(ratio, random).rows for half in cells for ratio in RATIOS]
    least = [min(len(rows[0][label]) + len(rows[1][label]) for rows in thinned) * 2 // 3 for label in (0, 1)]
    if min(least) < LEAST:
        raise BadInput(
            f"Too few people of both groups and both answers to train copies on: {min(least)} rows of the scarcer answer, and "
            f"{LEAST} are needed."
        )
    share = min(1.0, MOST_ROWS / sum(least))
    return max(LEAST, int(least[0] * share)), max(LEAST, int(least[1] * share))


def _trained(handle: ModelHandle, columns: Columns, answers: NDArray[Any], rows: Rows, seed: int) -> Any:
    """Return a copy of the model, trained on these rows."""
    if not callable(getattr(handle.classifier, "fit", None)):
        raise BadInput(f"A {type(handle.classifier).__name__} cannot be trained anew: it has no `fit`.")
    try:
        from sklearn.base import clone
    except ImportError:
        raise MissingExtra("Training copies needs scikit-learn: pip install 'personae[learn]'.") from None
    try:
        copy = clone(handle.classifier)
        seeds = {name: seed for name in copy.get_params() if name.split("__")[-1] == "random_state"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a copy that has not converged is a copy all the same
            return copy.set_params(**seeds).fit(handle.inputs(columns, rows), answers[rows])
    except (TypeError, ValueError, AttributeError) as error:
        raise BadInput(
            f"The model cannot be trained anew on {len(rows)} rows ({type(error).__name__})."
        ) from error


def _asked(copy: Any, wanted: Any, shown: Any) -> Array:
    try:
        return _log_odds(copy, wanted, shown)
    except ValueError as error:
        raise BadInput(
            "A copy cannot score people of a category that it has not learned: give the model's encoder handle_unknown='ignore'."
        ) from error


def _log_odds(classifier: Any, wanted: Any, shown: Any) -> Array:
    place = [str(each) for each in classifier.classes_].index(str(wanted))
    p = np.clip(np.asarray(classifier.predict_proba(shown), dtype=float)[:, place], _TINY, 1 - _TINY)
    return np.asarray(np.log(p / (1 - p)))
