"""FairCircle: made people of ordered domains on a half circle, each with the twin they would truly be.

Source: the data set of that name in arXiv 2309.13005, section 5, which builds on the Circle of Wang, He, Katabi (2020),
"Continuously Indexed Domain Adaptation", arXiv 2007.01807. Deviations are listed under Notes of `fair_circle`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.intervals import RandomState

RADIUS, SPREAD, SHIFT = 3.0, 0.6, 0.5


@dataclass(frozen=True, slots=True)
class FairCircle:
    """Made people: x and the true twins (n_people, 2); a, y, the twins' y and the domain (n_people,)."""

    x: NDArray[np.float64]
    a: NDArray[np.intp]
    y: NDArray[np.intp]
    domain: NDArray[np.intp]
    twins: NDArray[np.float64]
    twin_y: NDArray[np.intp]
    n_domains: int

    def labels(self, x: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the y that the true rule gives to people at x in these domains."""
        return _sides(x, self.domain, self.n_domains)


def fair_circle(
    n_domains: int = 12, people_each: int = 400, *, shift: float = SHIFT, random_state: RandomState = 0
) -> FairCircle:
    """Make people whose counterfactuals are known.

    Parameters
    ----------
    n_domains, people_each : int
    shift : float
        What a = 1 adds to the first axis.

    Raises
    ------
    BadInput
        When fewer than two domains or people are asked for.

    Notes
    -----
    In domain t of T the centre lies at angle pi t / T on a half circle of radius 3; a person is the centre plus normal noise (0.6
    on each axis), a ~ Bernoulli(.5 + .3 (2 s - 1)) where s is the side of the line from the origin through the centre that the
    person lies on, x is the person with `shift` a added to the first axis, and y is the side that x lies on. The twin has the
    same noise and 1 - a. The paper draws a from y itself, which leaves y as it is in every twin; here a moves y as well, for some
    people, so that a twin's label can be wrong.

    Examples
    --------
    >>> made = fair_circle(2, 100)
    >>> (made.twins - made.x)[made.a == 1][0].round(6).tolist(), bool((made.labels(made.twins) == made.twin_y).all())
    ([-0.5, 0.0], True)
    """
    if n_domains < 2 or people_each < 2:
        raise BadInput(f"{n_domains} domains of {people_each} people: ask for two of each at least.")
    random = np.random.default_rng(random_state)
    domain = np.repeat(np.arange(n_domains), people_each)
    angle = np.pi * domain / n_domains
    inside = RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1) + SPREAD * random.normal(
        size=(len(domain), 2)
    )
    side = _sides(inside, domain, n_domains)
    a = (random.random(len(domain)) < 0.5 + 0.3 * (2 * side - 1)).astype(int)
    axis = np.array([shift, 0.0])
    x, twins = inside + a[:, None] * axis, inside + (1 - a)[:, None] * axis
    return FairCircle(
        x, a, _sides(x, domain, n_domains), domain, twins, _sides(twins, domain, n_domains), n_domains
    )


def _sides(x: NDArray[np.float64], domain: NDArray[np.intp], n_domains: int) -> NDArray[np.intp]:
    angle = np.pi * domain / n_domains
    return (np.cos(angle) * x[:, 1] - np.sin(angle) * x[:, 0] > 0).astype(int)
