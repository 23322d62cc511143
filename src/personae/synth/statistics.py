"""A joint distribution from public statistics: margins and conditionals of a YAML file, each with its source and date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from personae.errors import BadInput
from personae.synth._streams import Array, Codes
from personae.synth.joint import Joint, Points, neighbors
from personae.synth.raking import Margin, rake
from personae.synth.variables import Variable

MOST_CELLS = 2_000_000
HOME = "us-adults.yaml"
_CONTRADICTION = 0.005


def home_spec() -> Joint:
    """Return the population that ships: adults of the United States, by age, sex, education, relationship and income."""
    text = files(__package__).joinpath(HOME).read_text(encoding="utf-8")
    return spec_of(_parsed(text, HOME), HOME)


def read_spec(file: Path) -> Joint:
    """Return the joint distribution that a YAML file of statistics describes.

    Raises
    ------
    BadInput
        Naming the file, the table and the mend: no source, a level that is not declared, shares that do not sum to one,
        tables that contradict each other.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{file}: not text in UTF-8. Name a YAML file of statistics.") from None
    return spec_of(_parsed(text, file.name), file.name)


def spec_of(document: Mapping[str, Any], name: str) -> Joint:
    """Return the joint distribution of a parsed file; `name` is what errors call it.

    Notes
    -----
    Cells are all combinations of levels that `never` does not forbid, all alike at first; they are raked to the tables. A table
    `of: [b], given: [a]` is P(b | a), and `where: {a: [...]}` keeps to people of these levels: how many those are is
    as the earlier tables give it.

    Examples
    --------
    >>> coin = {"levels": ["heads", "tails"]}
    >>> table = {"of": ["toss"], "shares": [1, 3], "source": "invented", "date": 2024}
    >>> spec_of({"title": "Coins", "variables": {"toss": coin}, "tables": [table]}, "coins.yaml").weights.tolist()
    [0.25, 0.75]
    """
    variables = tuple(_variable(name, *entry) for entry in _mapping(document, "variables", name).items())
    n_cells = int(np.prod([len(variable.levels) for variable in variables], dtype=float))
    if n_cells > MOST_CELLS:
        raise BadInput(
            f"{name}: {n_cells:,} combinations of levels, at most {MOST_CELLS:,}. Use fewer or coarser levels."
        )
    cells = np.indices([len(variable.levels) for variable in variables]).reshape(len(variables), -1).T
    cells = cells[_allowed(cells, variables, document.get("never") or [], name)]
    weights, margins = np.full(len(cells), 1 / len(cells)), []
    for table in _list(document, "tables", name):
        margins.append(_margin(table, cells, weights, variables, name))
        raked = rake(weights, margins)
        weights = raked.weights
        if raked.largest_error > _CONTRADICTION:
            raise BadInput(
                f"{name}: {margins[-1].name} contradicts the tables above it by {100 * raked.largest_error:.1f} points of "
                "people. Take tables of one year and one population, or leave one out."
            )
    order = neighbors(cells, weights, variables)
    points = {
        variable.name: _points(variable, document["variables"][variable.name])
        for variable in variables
        if variable.edges
    }
    return Joint(
        variables, cells[order], weights[order], _provenance(document, name), points, raked.largest_error
    )


def _parsed(text: str, name: str) -> dict[str, Any]:
    import yaml

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise BadInput(f"{name}, line {line}: not valid YAML. Mend the line.") from None
    if not isinstance(document, dict):
        raise BadInput(f"{name}: expected title, variables and tables at the top of the file.")
    return document


def _variable(file: str, name: str, entry: Any) -> Variable:
    if isinstance(entry, dict) and "bands" in entry:
        bands = entry["bands"]
        if not all(isinstance(band, list) and len(band) == 2 and band[0] <= band[1] for band in bands):
            raise BadInput(f"{file}: the bands of {name} must be pairs [lowest, highest].")
        return Variable(
            name, tuple(f"{low}-{high}" for low, high in bands), tuple(float(low) for low, _ in bands)
        )
    if isinstance(entry, dict) and isinstance(entry.get("levels"), list):
        return Variable(name, tuple(map(str, entry["levels"])))
    raise BadInput(
        f"{file}: the variable {name} needs `levels:` (a list) or `bands:` (pairs of whole numbers)."
    )


def _points(variable: Variable, entry: Mapping[str, Any]) -> tuple[Points, ...]:
    """Return the whole numbers of each band, all alike."""
    return tuple((np.arange(low, high + 1), np.ones(high + 1 - low)) for low, high in entry["bands"])


def _allowed(cells: Codes, variables: tuple[Variable, ...], never: list[Any], file: str) -> Codes:
    """Return the cells that are allowed: `never` lists combinations, each variable with the levels that cannot meet."""
    forbidden = [_met(cells, variables, rule, file) for rule in never]
    return np.setdiff1d(np.arange(len(cells)), np.concatenate([np.zeros(0, dtype=np.intp), *forbidden]))


def _met(cells: Codes, variables: tuple[Variable, ...], rule: Any, file: str) -> Codes:
    """Return the cells that have one of the levels named, for every variable named."""
    if not isinstance(rule, dict) or not all(isinstance(levels, list) for levels in rule.values()):
        raise BadInput(f"{file}: `never` and `where` name variables, each with a list of levels.")
    met = np.ones(len(cells), dtype=bool)
    for name, levels in rule.items():
        place, variable = _find(name, variables, file)
        met &= np.isin(cells[:, place], [_level(level, variable, file) for level in levels])
    return np.flatnonzero(met)


def _margin(
    table: Mapping[str, Any], cells: Codes, weights: Array, variables: tuple[Variable, ...], file: str
) -> Margin:
    of = [_find(each, variables, file) for each in table.get("of", [])]
    title = f"the table of {', '.join(map(str, table.get('of', [])))}"
    if not of or not str(table.get("source", "")).strip() or not str(table.get("date", "")).strip():
        raise BadInput(f"{file}: {title} needs `of`, `source`, `date` and `shares`.")
    given = [_find(each, variables, file) for each in table.get("given", [])]
    axes = [*given, *of]
    shape = [len(variable.levels) for _, variable in axes]
    shares = np.array(
        list(_cells(table.get("shares"), [variable for _, variable in axes], title, file))
    ).reshape(shape)
    summed = tuple(range(len(given), len(axes)))
    total = shares.sum(axis=summed, keepdims=True)
    if (shares < 0).any() or (total <= 0).any():
        raise BadInput(f"{file}: {title} has a share below 0, or a row without people.")
    within = np.isin(np.arange(len(cells)), _met(cells, variables, table.get("where") or {}, file))
    places = np.where(
        within, np.ravel_multi_index(tuple(cells[:, place] for place, _ in axes), shape), shares.size
    )
    present = np.bincount(places, weights, minlength=shares.size + 1)
    rows = present[:-1].reshape(shape).sum(axis=summed, keepdims=True) if given else present[:-1].sum()
    return Margin(title, places, np.append(shares / total * rows, present[-1]))


def _cells(shares: Any, axes: list[Variable], title: str, file: str) -> Iterator[float]:
    """Yield the shares in the order of the levels: nested lists, or nested mappings by level."""
    if not axes:
        if isinstance(shares, bool) or not isinstance(shares, int | float):
            raise BadInput(f"{file}: {title} has a share that is not a number.")
        yield float(shares)
        return
    first, *rest = axes
    if isinstance(shares, dict):
        by_level = {str(level): share for level, share in shares.items()}
        if set(by_level) != set(first.levels):
            raise BadInput(f"{file}: {title} must give {first.name} for each of: {', '.join(first.levels)}.")
        shares = [by_level[level] for level in first.levels]
    if not isinstance(shares, list) or len(shares) != len(first.levels):
        raise BadInput(f"{file}: {title} needs {len(first.levels)} entries of {first.name}, one a level.")
    for share in shares:
        yield from _cells(share, rest, title, file)


def _find(name: Any, variables: tuple[Variable, ...], file: str) -> tuple[int, Variable]:
    for place, variable in enumerate(variables):
        if variable.name == name:
            return place, variable
    raise BadInput(
        f"{file}: no variable is named {name!r}. Variables: {', '.join(each.name for each in variables)}."
    )


def _level(level: Any, variable: Variable, file: str) -> int:
    if str(level) not in variable.levels:
        raise BadInput(
            f"{file}: {variable.name} has no level {level!r}. Levels: {', '.join(variable.levels)}."
        )
    return variable.levels.index(str(level))


def _mapping(document: Mapping[str, Any], key: str, file: str) -> dict[str, Any]:
    if not isinstance(document.get(key), dict) or not document[key]:
        raise BadInput(f"{file}: {key} is missing or empty.")
    return dict(document[key])


def _list(document: Mapping[str, Any], key: str, file: str) -> list[Any]:
    if not isinstance(document.get(key), list) or not document[key]:
        raise BadInput(f"{file}: {key} is missing or empty.")
    return list(document[key])


def _provenance(document: Mapping[str, Any], file: str) -> str:
    sources = dict.fromkeys(f"{table['source']} ({table['date']})" for table in document["tables"])
    return f"{document.get('title', file)}: raked to {'; '.join(sources)}"
