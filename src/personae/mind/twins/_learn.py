"""What both twins learn: a prior over features shared by all outcomes, and one penalty an outcome, chosen within the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.folds import deal_folds
from personae.mind.twins._ridge import Array, Panel, Paths, moments, panels, paths, prior_root

PRIOR_ALPHA = 3000.0  # penalty of the fits that the shared prior is read from; between 400 and 6,000 it changes r by .002


@dataclass(frozen=True, slots=True)
class Settings:
    """How a twin is fitted; the names are those of `StatisticalTwin`."""

    alphas: tuple[float, ...]
    shares: tuple[float, ...]
    borrow: float
    own_penalty: float
    n_folds: int
    random_state: int


@dataclass(frozen=True, slots=True)
class Learned:
    """A fitted twin: weights in the units of features and answers, and what it got wrong on people left out.

    Parameters
    ----------
    coef : ndarray of shape (n_features, n_outcomes)
    own_weight, intercept : ndarray of shape (n_outcomes,)
    alphas : ndarray of shape (n_outcomes,)
        The chosen penalties.
    share : float
        The chosen share of the shared prior.
    residuals : ndarray of shape (n_people, n_outcomes)
        Answer minus prediction by fits that had not seen the person; NaN where not asked.
    reliability : ndarray of shape (n_outcomes,)
        Pearson r of those predictions with the answers; 0 where either is constant.
    """

    coef: Array
    own_weight: Array
    intercept: Array
    alphas: Array
    share: float
    residuals: Array
    reliability: Array

    def predict(self, features: Array, own: Array | None = None) -> Array:
        """Return predictions of shape (n_people, n_outcomes)."""
        by_features = features @ self.coef + self.intercept
        return by_features if own is None else by_features + own * self.own_weight

    def half_width(self, level: float) -> Array:
        """Return each outcome's half width of an interval that holds this share of new people's answers.

        The quantile of absolute residuals at ceil((n + 1) level) / n (Lei et al. 2018, arXiv 1604.04173, section 2.2), over
        people left out fold by fold.
        """
        widths = np.empty(self.residuals.shape[1])
        for outcome, column in enumerate(np.abs(self.residuals).T):
            known = np.sort(column[~np.isnan(column)])
            place = int(np.ceil((len(known) + 1) * level)) - 1
            widths[outcome] = known[min(place, len(known) - 1)]
        return widths


def learn(features: Array, answers: Array, own: Array | None, settings: Settings) -> Learned:
    """Fit every outcome; see `StatisticalTwin` and `HybridTwin`."""
    _check(features, answers, own, settings)
    if own is not None:
        answers = np.where(np.isnan(own), np.nan, answers)
    x, center, scale = _standard(features)
    y, mean_y, scale_y = _standard(answers)
    t, mean_t, scale_t = _standard(np.zeros_like(answers) if own is None else own)
    folds = deal_folds(range(len(x)), n_folds=settings.n_folds, random_state=settings.random_state)
    groups = list(panels(answers))
    fitted = _fits(x, y, t, folds, groups, settings)
    left_out = np.stack(
        [_left_out(x, t, folds, groups, each, y) for each in fitted]
    )  # (shares, alphas, n, m)
    share, penalties = _chosen(left_out, y, settings)
    coef, weight = np.zeros((x.shape[1], y.shape[1])), np.zeros(y.shape[1])
    intercept = np.zeros(y.shape[1])
    for panel, path in zip(groups, fitted[share], strict=True):
        at, local = panel.outcomes, np.arange(len(panel.outcomes))
        coef[:, at] = path.coef[-1][penalties[at], :, local].T
        weight[at] = path.weight[-1][penalties[at], local]
        given = path.moments
        intercept[at] = given.mean_y[-1] - given.mean_x[-1] @ coef[:, at] - given.mean_t[-1] * weight[at]
    known = np.take_along_axis(left_out[share], penalties[None, None, :], axis=0)[0]
    coef = coef * scale_y / scale[:, None]
    weight = weight * scale_y / scale_t
    intercept = mean_y + intercept * scale_y - center @ coef - mean_t * weight
    return Learned(
        coef, weight, intercept, np.asarray(settings.alphas)[penalties], settings.shares[share],
        (y - known) * scale_y, _correlations(y, known),
    )  # fmt: skip


def _fits(
    x: Array, y: Array, t: Array, folds: NDArray[np.intp], groups: Sequence[Panel], settings: Settings
) -> list[list[Paths]]:
    """Return, for each share of the prior, the paths of every panel."""
    given = []
    for panel in groups:
        cells = np.ix_(panel.people, panel.outcomes)
        mine = folds[panel.people]
        given.append(moments(x[panel.people], y[cells], t[cells], mine, settings.n_folds))
    plain = [paths(each, (*settings.alphas, PRIOR_ALPHA), settings.own_penalty) for each in given]
    shared = np.concatenate([path.coef[:, -1] for path in plain], axis=2)  # (folds + 1, p, outcomes)
    fitted = []
    for share in settings.shares:
        if share:
            root = prior_root(shared, share)
            fitted.append([paths(each, settings.alphas, settings.own_penalty, root) for each in given])
        else:
            fitted.append([Paths(path.moments, path.coef[:, :-1], path.weight[:, :-1]) for path in plain])
    return fitted


def _left_out(
    x: Array, t: Array, folds: NDArray[np.intp], groups: Sequence[Panel], fitted: Sequence[Paths], y: Array
) -> Array:
    """Return every person's predictions by the fits without their fold, shape (alphas, n_people, n_outcomes)."""
    found = np.full((fitted[0].coef.shape[1], *y.shape), np.nan)
    for panel, path in zip(groups, fitted, strict=True):
        for k in range(len(path.coef) - 1):
            people = panel.people[folds[panel.people] == k]
            cells = np.ix_(people, panel.outcomes)
            found[:, cells[0], cells[1]] = path.predict(x[people], t[cells], k)
    return found


def _chosen(left_out: Array, y: Array, settings: Settings) -> tuple[int, NDArray[np.intp]]:
    """Return the share of the prior that all outcomes do best with, and each outcome's penalty.

    An outcome's curve of errors over penalties is noisy; `borrow` times the mean curve of all outcomes is added to it.
    """
    errors = np.nansum((left_out - y) ** 2, axis=2)  # (shares, alphas, outcomes), in people: y has variance 1
    share = int(errors.sum(axis=2).min(axis=1).argmin())
    curves = errors[share] + settings.borrow * errors[share].mean(axis=1, keepdims=True)
    return share, curves.argmin(axis=0)


def _standard(table: Array) -> tuple[Array, Array, Array]:
    """Return the columns at mean 0 and variance 1 over what is known, their means and their scales (1 where constant)."""
    mean = np.nanmean(table, axis=0)
    scale = np.nanstd(table, axis=0)
    scale = np.where(scale > 1e-12 * np.maximum(1, np.abs(mean)), scale, 1.0)
    return (table - mean) / scale, mean, scale


def _correlations(first: Array, second: Array) -> Array:
    """Return Pearson r of each column over the rows known in both; 0 where either is constant."""
    known = ~(np.isnan(first) | np.isnan(second))
    a, b = np.where(known, first, 0.0), np.where(known, second, 0.0)
    n = np.maximum(known.sum(0), 1)
    a, b = np.where(known, a - a.sum(0) / n, 0.0), np.where(known, b - b.sum(0) / n, 0.0)
    size = np.sqrt((a**2).sum(0) * (b**2).sum(0))
    r: Array = np.divide((a * b).sum(0), size, out=np.zeros(len(size)), where=size > 1e-12)
    return r


def _check(features: Array, answers: Array, own: Array | None, settings: Settings) -> None:
    if features.ndim != 2 or answers.ndim != 2 or len(features) != len(answers):
        raise BadInput(
            f"Features of shape {features.shape} for answers of shape {answers.shape}; give one row a person in both."
        )
    if not answers.shape[1]:
        raise BadInput("There is no outcome to learn: the table of answers has no column.")
    if own is not None and own.shape != answers.shape:
        raise BadInput(
            f"The language model's answers have shape {own.shape}, the people's {answers.shape}; give one for one."
        )
    if np.isnan(features).any():
        raise BadInput("Features may not be missing; `SurveyFeatures` fills and marks what is.")
    if not settings.alphas or min(settings.alphas) <= 0 or settings.own_penalty <= 0:
        raise BadInput("Penalties must be above 0, and at least one must be given.")
    if not settings.shares or not all(0 <= share < 1 for share in settings.shares):
        raise BadInput(f"Shares of the shared prior lie in [0, 1); {settings.shares} was given.")
    if settings.n_folds < 2:
        raise BadInput(f"Choosing needs at least 2 folds; {settings.n_folds} was given.")
