"""Whose data were used, told of all subjects at once, by shadow federations with and without each of them.

Source: the likelihood ratio is Carlini et al. (2022), "Membership Inference Attacks From First Principles", arXiv 2112.03570,
algorithm 1. Ours, and in no paper named here: one subject's loss also depends on who else is in, so that all are told together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.fittable import Fittable
from personae.metrics.logistic import sigmoid

Array = NDArray[np.float64]
LEAST = 2  # shadow federations with a subject, and without


class JointLikelihoodRatio(Fittable):
    """Score every subject by how much likelier its loss is for a member, given who else is likely in.

    Parameters
    ----------
    penalty : float
        Of the ridge that tells a subject's loss from the others' membership.
    n_sweeps : int
        Times that all subjects are told again from what was told of the others; 1 takes each for as likely as not.

    Notes
    -----
    A subject's loss is normal, with a mean and a spread of its own for members and for others, both moved by the sum over the
    other subjects q of b_q (m_q - usual m_q). Spreads are of leave-one-out residuals. At victims, m_q is 1 or 0 where it is
    known, else the probability that the last sweep gives.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> is_in = random.random((40, 3)) < 0.5
    >>> losses = random.normal(size=(40, 3)) / 4 - is_in
    >>> JointLikelihoodRatio().fit(losses, is_in).decide([[-1.2, 0.1, -0.9]]).tolist()
    [[True, False, True]]
    """

    def __init__(self, *, penalty: float = 5.0, n_sweeps: int = 8) -> None:
        self.penalty = penalty
        self.n_sweeps = n_sweeps

    def fit(self, losses: ArrayLike, is_in: ArrayLike) -> JointLikelihoodRatio:
        """Learn from shadow federations, on samples that none of them was trained on.

        Parameters
        ----------
        losses : array-like of shape (n_shadows, n_subjects)
        is_in : array-like of shape (n_shadows, n_subjects)

        Raises
        ------
        BadInput
            When a subject is in fewer than two shadow federations, or missing from fewer than two.
        """
        table, member = np.asarray(losses, dtype=float), np.asarray(is_in, dtype=bool)
        counts = np.stack([(~member).sum(axis=0), member.sum(axis=0)])
        if not np.isfinite(table).all():
            raise BadInput("A loss is no number: leave that federation or subject out, or measure it anew.")
        if table.ndim != 2 or table.shape != member.shape or counts.min() < LEAST:
            raise BadInput(
                f"Losses {table.shape} and members {member.shape}: give a row a shadow federation, each subject in {LEAST} of "
                "them or more and missing from as many."
            )
        sides = np.stack([~member, member])  # (2, n_shadows, n_subjects): others, members
        self.means_ = (sides * table).sum(axis=1) / counts
        self.usual_ = member.mean(axis=0)
        rest = table - np.where(member, self.means_[1], self.means_[0])
        centered = member - self.usual_
        self.pulls_ = np.zeros((table.shape[1], table.shape[1]))
        for place in range(table.shape[1]):
            others = np.delete(np.arange(table.shape[1]), place)
            shown = centered[:, others]
            solved = np.linalg.solve(shown.T @ shown + self.penalty * np.eye(len(others)), shown.T)
            self.pulls_[place, others] = solved @ rest[:, place]
            held = np.einsum("rq,qr->r", shown, solved)
            rest[:, place] = (rest[:, place] - shown @ self.pulls_[place, others]) / (1 - held)
        self.spreads_ = np.sqrt((sides * rest**2).sum(axis=1) / counts) + 1e-6
        return self

    def score(self, losses: ArrayLike, known: ArrayLike | None = None) -> Array:
        """Return log-likelihood ratios, natural, shape (n_federations, n_subjects): above 0 speaks for a member.

        Parameters
        ----------
        losses : array-like of shape (n_federations, n_subjects)
            On the samples that the shadow federations were measured on.
        known : array-like of shape (n_federations, n_subjects), optional
            1 and 0 where the adversary knows who is in, NaN elsewhere.
        """
        table = np.asarray(losses, dtype=float)
        given = np.full(table.shape, np.nan) if known is None else np.asarray(known, dtype=float)
        if table.ndim != 2 or table.shape[1:] != self.usual_.shape or given.shape != table.shape:
            raise BadInput(
                f"Losses {table.shape}, known {given.shape}, learned of {len(self.usual_)} subjects: give one of each."
            )
        if not np.isfinite(table).all():
            raise BadInput("A loss is no number: leave that federation or subject out, or measure it anew.")
        told = np.where(np.isnan(given), self.usual_, given)
        found = np.zeros_like(table)
        for _ in range(self.n_sweeps):
            moved = table - (told - self.usual_) @ self.pulls_.T
            away = (moved - self.means_[:, None]) / self.spreads_[:, None]  # (2, n_federations, n_subjects)
            likely = -(away**2) / 2 - np.log(self.spreads_)[:, None]
            found = likely[1] - likely[0]
            told = np.where(np.isnan(given), sigmoid(found), given)
        return found

    def decide(self, losses: ArrayLike, known: ArrayLike | None = None) -> NDArray[np.bool_]:
        """Return who is likelier a member than not."""
        return self.score(losses, known) > 0
