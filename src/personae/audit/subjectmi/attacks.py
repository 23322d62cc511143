"""Was this subject's data used? Attacks that hold other samples of the subject, and none of the training records.

Source: Suri, Kanani, Marathe, Peterson (2022-23), "Subject Membership Inference Attacks in Federated Learning", arXiv 2206.03317
v3: the two attacks of that version (v1 names three). Their code was never published; attack 2 is built from its description.
Difficulty calibration: Watson et al. (2022), "On the Importance of Difficulty Calibration in Membership Inference Attacks",
arXiv 2111.08440.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput

Array = NDArray[np.float64]
Way = Literal["count", "drop", "slope"]
Aim = Literal["f1", "accuracy", "midway"]


def final_loss(losses: ArrayLike) -> Array:
    """Return attack 1's scores: the subject's mean loss under the last model, less being a sign of a member.

    Parameters
    ----------
    losses : array-like of shape (..., n_rounds + 1, n_subjects)
        Mean loss of each subject's samples at each round, first round last but one axis.

    Returns
    -------
    ndarray of shape (..., n_subjects), higher speaks for a member
    """
    return -np.asarray(losses, dtype=float)[..., -1, :]


def across_rounds(losses: ArrayLike, *, way: Way = "count") -> Array:
    """Return attack 2's scores: how the subject's loss moved over all rounds.

    Parameters
    ----------
    losses
        As in `final_loss`.
    way : {"count", "drop", "slope"}
        Rounds in which the loss fell; how far it fell from the first round to the last; the slope of a line,
        turned round.

    Examples
    --------
    >>> losses = [[4.0, 4.0], [3.0, 3.0], [2.0, 3.5], [1.0, 4.5]]
    >>> across_rounds(losses), across_rounds(losses, way="drop"), across_rounds(losses, way="slope")
    (array([3., 1.]), array([ 3. , -0.5]), array([ 1. , -0.2]))
    """
    _one_of(way, Way)
    table = np.asarray(losses, dtype=float)
    if table.shape[-2] < 2:
        raise BadInput("Attack 2 needs the losses before and after one round at least.")
    if way == "count":
        return np.asarray((np.diff(table, axis=-2) < 0).sum(axis=-2), dtype=float)
    if way == "drop":
        return np.asarray(table[..., 0, :] - table[..., -1, :])
    time = np.arange(table.shape[-2]) - (table.shape[-2] - 1) / 2
    return np.asarray(-np.einsum("t,...ts->...s", time, table) / (time**2).sum())


def calibrated(losses: ArrayLike, references: ArrayLike, is_in: ArrayLike) -> Array:
    """Return losses less what reference models without the subject have: how hard the subject is for anyone.

    Parameters
    ----------
    losses : array-like of shape (..., n_rounds + 1, n_subjects)
    references : array-like of shape (n_references, n_rounds + 1, n_subjects)
    is_in : array-like of shape (n_references, n_subjects)
        Whether the reference was trained with samples of the subject.

    Raises
    ------
    BadInput
        When a subject is in every reference, or the shapes are not of the same rounds and subjects.
    """
    table, usual = np.asarray(losses, dtype=float), np.asarray(references, dtype=float)
    without = ~np.asarray(is_in, dtype=bool)
    if usual.ndim != 3 or without.shape != usual[:, 0].shape or table.shape[-2:] != usual.shape[1:]:
        raise BadInput(
            f"Losses {table.shape}, references {usual.shape}, who is in {without.shape}: give (..., n_rounds + 1, n_subjects), "
            "the same with references first, and (n_references, n_subjects)."
        )
    if not without.any(axis=0).all():
        raise BadInput("A subject is in every reference model: train one without it.")
    weight = without / without.sum(axis=0)
    return np.asarray(table - np.einsum("rs,rts->ts", weight, usual))


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where scores of known subjects are cut: a score at or above `value` speaks for a member."""

    value: float

    def decide(self, scores: ArrayLike) -> NDArray[np.bool_]:
        return np.asarray(scores, dtype=float) >= self.value


def choose_threshold(scores: ArrayLike, is_member: ArrayLike, *, aim: Aim = "f1") -> Threshold:
    """Return the threshold that does best on known subjects: half way between two of their scores, or below all.

    Of equally good cuts the one in the middle of the widest gap is taken: with ten known subjects many are as good. "midway" lies
    half way between the mean scores of members and others, which varies less.

    Examples
    --------
    >>> choose_threshold([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])
    Threshold(value=0.5)
    """
    _one_of(aim, Aim)
    score, member = np.asarray(scores, dtype=float), np.asarray(is_member, dtype=bool)
    if not np.isfinite(score).all():
        raise BadInput("A score of a known subject is no number: leave the subject out, or measure it anew.")
    if score.ndim != 1 or score.shape != member.shape or member.all() or not member.any():
        raise BadInput("Known subjects: give one score each, of members and of others.")
    if aim == "midway":
        return Threshold(float(score[member].mean() + score[~member].mean()) / 2)
    ranked = np.unique(score)
    cuts = np.concatenate([[ranked[0] - 1], (ranked[1:] + ranked[:-1]) / 2])
    gaps = np.concatenate([[0.0], np.diff(ranked)])
    said = score[None, :] >= cuts[:, None]
    hit = (said & member).sum(axis=1)
    worth = 2 * hit / (said.sum(axis=1) + member.sum()) if aim == "f1" else (said == member).mean(axis=1)
    best = np.flatnonzero(worth >= worth.max() - 1e-12)
    return Threshold(float(cuts[best[gaps[best].argmax()]]))


def vote(losses: ArrayLike, subjects: ArrayLike, n_subjects: int, threshold: float) -> Array:
    """Return the share of each subject's samples whose loss is at or below a sample-level threshold: the vote variant.

    Parameters
    ----------
    losses : array-like of shape (..., n_samples)
    subjects : array-like of shape (n_samples,), places below n_subjects
    """
    below = np.asarray(losses) <= threshold
    codes = np.asarray(subjects)
    onto = (codes[:, None] == np.arange(n_subjects)) / np.maximum(np.bincount(codes, minlength=n_subjects), 1)
    return np.asarray(below @ onto)


def _one_of(given: str, words: Any) -> None:
    if given not in get_args(words):
        raise BadInput(f"No {given!r} here: there are {', '.join(get_args(words))}.")
