"""A table as the conversation holds it: named columns of numbers or texts, and what each column seems to be.

The first dialogue state, looking at the data, reads everything it says from here; nothing of a row leaves this module but by
`Look.as_prompt`, which holds counts alone and none under ten.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from personae.ask._words import words
from personae.errors import BadInput, UnknownName
from personae.models.answers import nearest
from personae.people.duck import connect, unwrapped

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Kind = Literal["number", "binary", "category", "text", "time", "id", "split", "constant"]
Values = NDArray[Any]
FEATURE_KINDS: tuple[Kind, ...] = ("number", "binary", "category", "time")
SMALL_CELL = 10  # people; a count below it is told to nobody outside
EXACT = 1 << 53  # beyond it a whole number is a name, since floats would run several together
MOST_VALUES = 60  # distinct texts that still are a category
SHOWN_VALUES = 12
_MISSING = ("", "?", "NA", "N/A", "nan", "NaN", "null", "None")
_TRUTH = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
_ID_WORDS = frozenset({"id", "row", "index", "uuid", "key", "pid", "rowid"})
_PERSON_WORDS = frozenset(
    {
        "person",
        "user",
        "participant",
        "subject",
        "patient",
        "pupil",
        "respondent",
        "author",
        "customer",
        "pid",
    }
)
_MAYBE_PEOPLE = frozenset((
    "member", "student", "client", "employee", "player", "worker", "account", "handle", "name", "email", "mail", "username",
    "login", "who", "speaker", "driver", "case", "household", "child", "teacher", "rater", "annotator", "nickname", "phone",
))  # fmt: skip  # in the names of columns that may say whose row it is
_ID_SHAPED = re.compile(r"[A-Za-z]{0,8}[-_#]?\d{1,12}|[^\s@]+@[^\s@]+\.\w+|(?!\d{4}-\d\d)[0-9a-f-]{8,40}")
_HALVES = frozenset({"train", "training", "test", "testing", "valid", "validation", "dev", "holdout"})
SENSITIVE: dict[str, str] = {  # what the law of most places protects, and how columns name it
    "sex": r"sex|gender|(?:fe)?male",
    "race or ethnicity": r"race|racial|ethnic(?:ity)?|skin",
    "age": r"age",
    "origin": r"nationality|native|foreign|citizenship|immigrant|birthplace",
    "religion": r"religio\w*|church|faith",
    "health": r"health|disab\w*|diagnosis|pregnan\w*|disease",
    "political opinion": r"party|ideology|political|vote",
    "marital status": r"marital|married|single|divorced|romantic",
    "sexual orientation": r"orientation|gay|lesbian",
}


@dataclass(frozen=True, slots=True)
class Column:
    """What one column seems to be.

    Parameters
    ----------
    name : str
    kind : Kind
    n_missing, n_distinct : int
    values : tuple of (str, int)
        The commonest values of a category with their counts, most first.
    holders : tuple of int
        How many people have each of `values`: rows, where no column says whose they are.
    range : tuple of float
        Least, median and greatest number; empty for texts.
    description : str
        From the user's data dictionary.
    sensitive : str
        A name of `SENSITIVE`, empty where none fits.
    repeats : bool
        Whether it may say whose row it is, by its values or its name.
    """

    name: str
    kind: Kind
    n_missing: int
    n_distinct: int
    values: tuple[tuple[str, int], ...] = ()
    range: tuple[float, ...] = ()
    description: str = ""
    sensitive: str = ""
    repeats: bool = False
    holders: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """A table as it is shown: how many rows, and the columns."""

    name: str
    n_rows: int
    columns: tuple[Column, ...]

    def __getitem__(self, name: str) -> Column:
        """Return the column of that name; raises `UnknownName` with the nearest."""
        for column in self.columns:
            if column.name == name:
                return column
        close = nearest(name, [column.name for column in self.columns], 0.6)
        hint = f" Nearest: {close}." if close else ""
        raise UnknownName(f"The table {self.name} has no column {name!r}.{hint}")

    def __contains__(self, name: str) -> bool:
        return any(column.name == name for column in self.columns)

    def of_kind(self, *kinds: Kind) -> tuple[Column, ...]:
        """Return the columns of these kinds, in the table's order."""
        return tuple(column for column in self.columns if column.kind in kinds)

    @property
    def person(self) -> str:
        """The column that says whose row it is, where people have several rows; empty without one."""
        for column in self.columns:
            if 1 < column.n_distinct < self.n_rows and _names_people(column):
                return column.name
        return ""

    @property
    def maybe_person(self) -> str:
        """Another column that repeats as people do: its values look like ids, or it is named so; empty without one."""
        for column in () if self.person else self.columns:
            if column.repeats and 2 * column.n_distinct <= self.n_rows - column.n_missing:
                return column.name
        return ""

    def as_prompt(self) -> str:
        """Return schema and summary statistics for a language model: no row, no text, no count under `SMALL_CELL`.

        A value is told if as many people have it, and none of a column that may name people. A number is told as its median
        rounded to two digits; extremes, which are single people's, are left out.
        """
        lines = [f"Table of {_coarse(self.n_rows)} rows."]
        for column in self.columns:
            parts = [column.kind, f"{_coarse(column.n_missing)} missing"]
            if column.kind in ("binary", "category"):
                told = [
                    f"{value} ({_coarse(count)})"
                    for (value, count), n_people in zip(column.values, column.holders, strict=True)
                    if n_people >= SMALL_CELL and not _may_name_people(column)
                ]
                parts.append("values " + ", ".join(told) if told else "values withheld")
            elif column.kind == "number" and self.n_rows - column.n_missing >= SMALL_CELL:
                parts.append(f"median {column.range[1]:.2g}")
            about = f" — {column.description}" if column.description else ""
            lines.append(f"- {column.name}: {'; '.join(parts)}{about}")
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of one length: float64 with NaN for numbers, objects (str or None) for texts, datetime64 for times."""

    name: str
    columns: Mapping[str, Values] = field(repr=False)
    descriptions: Mapping[str, str] = field(default_factory=dict, repr=False)
    path: str = ""

    def __post_init__(self) -> None:
        if len({len(values) for values in self.columns.values()}) != 1 or not self.n_rows:
            raise BadInput(f"{self.name}: a table needs at least one row, and columns of one length.")

    @property
    def n_rows(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def look(self) -> Look:
        """Return what every column seems to be."""
        return self._look

    @cached_property
    def _look(self) -> Look:
        found = (
            _column(name, values, self.descriptions.get(name, "")) for name, values in self.columns.items()
        )
        look = Look(self.name, self.n_rows, tuple(found))
        if whose := look.person or look.maybe_person:
            people = self.columns[whose].astype(str)
            counted = (replace(column, holders=self._holders(column, people)) for column in look.columns)
            look = Look(self.name, self.n_rows, tuple(counted))
        return look

    def _holders(self, column: Column, people: Values) -> tuple[int, ...]:
        """Return how many people have each of a column's listed values."""
        if not column.values:
            return ()
        cells = self.columns[column.name]
        shown = np.array([shown_value(cell) for cell in cells.tolist()])
        return tuple(len(np.unique(people[shown == value])) for value, _ in column.values)

    def with_column(self, name: str, values: Values, description: str = "") -> Table:
        """Return the table with one more column; one of that name is replaced."""
        return Table(
            self.name,
            {**self.columns, name: values},
            {**self.descriptions, name: description},
            self.path,
        )

    def take(self, rows: NDArray[Any]) -> Table:
        """Return the table with these rows, given by place or as a mask."""
        return Table(
            self.name,
            {name: values[rows] for name, values in self.columns.items()},
            self.descriptions,
            self.path,
        )


def table_of(
    columns: Mapping[str, Sequence[object] | Values],
    *,
    name: str = "table",
    descriptions: Mapping[str, str] | None = None,
    path: str = "",
) -> Table:
    """Return a table from columns of Python values or arrays; texts that are all numbers become numbers.

    >>> table_of({"age": ["31", "", "40", "50"], "city": ["Porto", "?", "Porto", "Bern"]}).look()["age"].range
    (31.0, 40.0, 50.0)
    """
    return Table(
        name,
        {str(key): _clean(np.asarray(v, dtype=object)) for key, v in columns.items()},
        descriptions or {},
        path,
    )


def read_table(
    path: Path | str, *, descriptions: Mapping[str, str] | None = None, names: Sequence[str] = ()
) -> Table:
    """Read a CSV, TSV, JSON, JSONL or Parquet file, compressed or not, with DuckDB.

    Parameters
    ----------
    path : Path or str
    descriptions : mapping of str to str, optional
        Of columns.
    names : sequence of str
        Columns, where there are such, that are read as the text that stands there: 00017 names another person than 17.

    Raises
    ------
    BadInput
        When the file is missing, or is no table.
    """
    import duckdb

    path = Path(path)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such file"
        raise BadInput(f"{path}: {what}. Name a CSV, TSV, JSON, JSONL or Parquet table.")
    ending = path.name.lower().removesuffix(".gz").removesuffix(".zst").rsplit(".", 1)[-1]
    reader = {
        "parquet": "read_parquet",
        "json": "read_json",
        "jsonl": "read_json",
        "ndjson": "read_json",
    }.get(ending, "read_csv")
    options = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    try:
        with connect(settings=options) as connection:
            kinds = _kinds(connection, reader, path) if names or reader == "read_csv" else {}
            truths = {name for name, kind in kinds.items() if (reader, kind) == ("read_csv", "BOOLEAN")}
            found = connection.execute(_query(reader, kinds, {*names, *truths}), [str(path)])
            columns = {name: str(kind) for name, kind, *_ in found.description or ()}
            arrays = found.fetchnumpy()
    except duckdb.Error as error:
        kind = type(error).__name__
    else:
        values = {
            name: _clean(
                _filled(arrays[name], is_json=kind == "JSON"), is_name=name in names, is_truth=name in truths
            )
            for name, kind in columns.items()
        }
        return Table(path.name, values, dict(descriptions or {}), str(path.resolve()))
    if reader == "read_csv" and "\ufffd" in path.read_bytes()[:1_000_000].decode("utf-8", "replace"):
        raise BadInput(f"{path}: is not written in UTF-8. Save it as UTF-8.")
    mend = "Is there one header line?" if reader == "read_csv" else "Is it whole? Write it again."
    raise BadInput(f"{path}: cannot be read as a {ending or 'csv'} table ({kind}). {mend}")


def _kinds(connection: DuckDBPyConnection, reader: str, path: Path) -> dict[str, str]:
    """Return DuckDB's type of each column."""
    found = connection.execute(f"DESCRIBE SELECT * FROM {reader}(?)", [str(path)]).fetchall()
    return {name: kind for name, kind, *_ in found}


def _query(reader: str, kinds: Mapping[str, str], names: Collection[str]) -> str:
    """Return the query that reads a table with the named columns as text."""
    if not names:
        return f"SELECT * FROM {reader}(?)"
    kinds = {name: "VARCHAR" if name in names else kind for name, kind in kinds.items()}
    if reader == "read_parquet":
        quoted = {name: '"' + name.replace('"', '""') + '"' for name in kinds}
        texts = ", ".join(
            f"CAST({quoted[each]} AS VARCHAR) AS {quoted[each]}" for each in names if each in kinds
        )
        return (
            f"SELECT * REPLACE ({texts}) FROM read_parquet(?)" if texts else "SELECT * FROM read_parquet(?)"
        )
    option = "types" if reader == "read_csv" else "columns"
    told = ", ".join(f"{_literal(name)}: {_literal(kind)}" for name, kind in kinds.items())
    return f"SELECT * FROM {reader}(?, {option} = {{{told}}})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _filled(values: Any, *, is_json: bool = False) -> Values:
    if is_json:
        return np.array([unwrapped(cell) for cell in values.tolist()], dtype=object)
    if not isinstance(values, np.ma.MaskedArray):
        return np.asarray(values)
    plain = values.data
    if plain.dtype.kind in "iufb" and not _are_names(plain[~np.ma.getmaskarray(values)]):
        return np.where(values.mask, np.nan, plain.astype(float))
    if plain.dtype.kind == "M":
        return np.where(values.mask, np.datetime64("NaT"), plain)
    gone = np.ma.getmaskarray(values)
    return np.array([None if is_gone else v for v, is_gone in zip(plain, gone, strict=True)], dtype=object)


def _clean(values: Values, *, is_name: bool = False, is_truth: bool = False) -> Values:
    """Return float64, datetime64, or objects that are str or None; a name is never a number, "t" and "f" are no truth values."""
    if values.dtype.kind in "iufb" and not _are_names(values):
        numbers = values.astype(float)
        return np.where(np.isinf(numbers), np.nan, numbers)
    if values.dtype.kind == "M":
        return values
    texts = [
        None if v is None or v != v or str(v).strip() in _MISSING else str(v).strip() for v in values.tolist()
    ]
    if not is_name and any(text is not None for text in texts):
        if is_truth and {text.lower() for text in texts if text is not None} <= _TRUTH.keys():
            return np.array([np.nan if text is None else _TRUTH[text.lower()] for text in texts])
        try:
            return np.array([np.nan if text is None else _number(text) for text in texts])
        except ValueError:
            pass
    return np.array(texts, dtype=object)


def _are_names(numbers: Values) -> bool:
    """Return whether whole numbers are too long for floats to tell them apart, as those of accounts are."""
    is_whole = numbers.dtype.kind in "iu" and len(numbers) > 0
    return is_whole and max(int(numbers.max()), -int(numbers.min())) > EXACT


def _number(text: str) -> float:
    """Return the number that a text is, NaN for an infinite one; raises `ValueError` for a name of digits."""
    number = float(text)
    if abs(number) > EXACT and text.lstrip("+-").isdigit():
        raise ValueError
    return number if np.isfinite(number) else float("nan")


def is_missing(values: Values) -> NDArray[np.bool_]:
    """Return which cells of a column are empty."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype.kind == "M":
        return np.asarray(np.isnat(values))
    return np.array([value is None for value in values], dtype=bool)


def shown_value(value: object) -> str:
    """Write a cell as the conversation shows it: whole numbers without a decimal point.

    >>> shown_value(3.0), shown_value("x")
    ('3', 'x')
    """
    return f"{value:g}" if isinstance(value, float) else str(value)


def _column(name: str, values: Values, description: str) -> Column:
    gone = is_missing(values)
    there = values[~gone]
    distinct, counts = np.unique(there.astype(str) if there.dtype == object else there, return_counts=True)
    kind = _kind(name, there, distinct)
    order = np.argsort(-counts, kind="stable")[:SHOWN_VALUES]
    is_listed = kind in ("binary", "category", "split") or (
        kind == "number" and len(distinct) <= SHOWN_VALUES
    )
    listed = tuple((shown_value(distinct[i].item()), int(counts[i])) for i in order) if is_listed else ()
    numbers = there.dtype.kind == "f" and len(there)
    ends = tuple(float(x) for x in np.quantile(there, [0, 0.5, 1])) if numbers else ()
    return Column(
        name,
        kind,
        int(gone.sum()),
        len(distinct),
        listed,
        ends,
        description,
        _sensitive(name, description, listed),
        _may_repeat_people(name, kind, distinct),
        tuple(count for _, count in listed),
    )


def _kind(name: str, there: Values, distinct: Values) -> Kind:
    named = set(words(name))
    share = len(distinct) / max(len(there), 1)
    is_text = there.dtype == object
    if len(distinct) < 2:
        return "constant"
    if is_text and {str(value).lower() for value in distinct} <= _HALVES:
        return "split"
    if there.dtype.kind == "M":
        return "time"
    is_whole = not is_text and bool((there == np.floor(there)).all())
    if (is_text or is_whole) and len(distinct) > MOST_VALUES / 2 and (named & _ID_WORDS or share > 0.97):
        long = is_text and float(np.mean([len(str(v)) for v in distinct[:200]])) > 40
        is_counter = is_text or named & _ID_WORDS or (len(there) > 1 and bool((np.diff(there) > 0).all()))
        if not long and is_counter:
            return "id"
    if len(distinct) == 2:
        return "binary"
    if is_text:
        return "category" if len(distinct) <= MOST_VALUES else "text"
    return "number"


def _names_people(column: Column) -> bool:
    """Whether a column says whose row it is: named person, user, patient id, and of ten values at least."""
    named = set(words(column.name))
    is_whole = bool(named) and named <= _PERSON_WORDS | _ID_WORDS
    return (
        bool(named & _PERSON_WORDS)
        and column.n_distinct >= SMALL_CELL
        and (is_whole or column.kind in ("id", "text"))
    )


def _may_repeat_people(name: str, kind: Kind, distinct: Values) -> bool:
    """Whether a column of ten values at least may say whose row it is, although its name does not say so outright."""
    if len(distinct) < SMALL_CELL or kind not in ("id", "text", "category", "number"):
        return False
    named = set(words(name))
    if kind == "number":
        return bool(named & (_ID_WORDS | _MAYBE_PEOPLE)) and bool((distinct == np.floor(distinct)).all())
    short = all(len(str(value)) <= 40 for value in distinct[:200])
    shaped = all(_ID_SHAPED.fullmatch(str(value)) for value in distinct[:200])
    return short and (shaped or bool(named & (_ID_WORDS | _MAYBE_PEOPLE)))


def _may_name_people(column: Column) -> bool:
    return column.repeats or bool(set(words(column.name)) & (_PERSON_WORDS | _MAYBE_PEOPLE))


def _sensitive(name: str, description: str, listed: Sequence[tuple[str, int]]) -> str:
    """Return what a column tells of a person that is protected, by its name, its values, or else its description."""
    own = " ".join(words(name))
    values = " ".join(value.lower() for value, _ in listed[:2])
    told = " ".join(words(description))
    for text in (own, values if len(listed) == 2 else "", told):
        for label, pattern in SENSITIVE.items():
            if re.search(rf"\b(?:{pattern})\b", text):
                return "" if text is told and label in ("age", "health") else label
    return ""


def _coarse(count: int) -> str:
    """Write a count so that no single person shows: none, under ten, or rounded to tens."""
    return "no" if count == 0 else f"under {SMALL_CELL}" if count < SMALL_CELL else str(round(count, -1))
