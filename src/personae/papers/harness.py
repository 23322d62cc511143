"""What every paper's experiment is, and how one is run, saved and held against its bars.

An experiment is a function from a `Context` to rows. It stands in `personae/papers/<slug>/experiment.py`; the paper's title,
year, identifier, family and data sets stand in `index.yaml`; the README beside it holds the markers of `personae.papers.table`,
between which `personae papers run SLUG --save` writes the table.

Examples
--------
The whole of a small experiment, here without a data set:

>>> from personae.papers.harness import Context, Experiment, compare
>>> def rows(context):
...     scores = [1.0, 0.0, 1.0, 1.0][: context.limit]
...     yield compare("four people", "accuracy", "majority class", sum(scores) / len(scores), n=len(scores),
...                   paper=0.74, source="table 2", bar=">= .7")
>>> EXPERIMENT = Experiment("synthpai", rows)
>>> result = run(EXPERIMENT, Context(seed=0))
>>> result.rows[0].value, result.rows[0].met
(0.75, True)

With data, people and intervals it reads::

    def rows(context):
        answers = context.rows("personaljudge", "runs.jsonl.zst")
        right = np.array([row["acc"] for row in answers], dtype=float)
        people = [row["user_info"] for row in answers]
        interval = bootstrap_mean(right, clusters=people, draws=context.draws, random_state=context.seed)
        yield compare("PRISM", "accuracy", "recorded judge", interval, paper=0.621, source="card", bar="within .001")
"""

from __future__ import annotations

import difflib
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import lru_cache
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from personae import __version__
from personae.errors import BadInput, DamagedData, MissingData, PersonaeError, UnknownName
from personae.metrics.intervals import Interval
from personae.models.chat import ChatModel
from personae.models.cost import Ledger
from personae.models.encoder import WEIGHTS, CachedEncoder, Encoder, home_encoder
from personae.models.kept import KeptEncoder, cache_folder
from personae.people.datasets import altered, data_dir, dataset_path, read_json, read_rows

REPLAY = "replay:"
_BAR = re.compile(r"(?:(low|high) )?(>=|<=|>|<|within) ([-+]?\d*\.?\d+(?:e-?\d+)?)")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row of a results table: what was measured here, beside what the paper or its authors' files say.

    Parameters
    ----------
    setting, metric, method : str
        Together unique in a table.
    value : float
        NaN where it cannot be measured; a bar on it is then missed.
    low, high : float or None
        95% interval.
    n : int or None
        People, items or guesses that the value rests on.
    paper : float or None
        The published or expected number; `source` says where it stands.
    bar : str
        A threshold: ">= .68", "< .03", "within .01" (of `paper`), or on an end of the interval, "low > 0".
    """

    setting: str
    metric: str
    method: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    paper: float | None = None
    source: str = ""
    bar: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is no bar."""
        return _meets(self) if self.bar else None


@dataclass(frozen=True, slots=True)
class Unheld(Comparison):
    """A row of a run on fewer rows than the saved one: its bar says what the whole must meet, and is not held."""

    @property
    def met(self) -> None:
        return None


def compare(
    setting: str,
    metric: str,
    method: str,
    value: float | Interval,
    *,
    n: int | None = None,
    paper: float | None = None,
    source: str = "",
    bar: str = "",
) -> Comparison:
    """Return a row from a number, or from an `Interval` with its ends and its n.

    Raises
    ------
    BadInput
        When the bar cannot be read, or needs a published number that is not given.
    """
    if isinstance(value, Interval):
        low, high = (None if math.isnan(end) else end for end in (value.low, value.high))
        row = Comparison(setting, metric, method, value.value, low, high, n or value.n, paper, source, bar)
    else:
        row = Comparison(setting, metric, method, float(value), None, None, n, paper, source, bar)
    _ = row.met
    return row


def _meets(row: Comparison) -> bool:
    parsed = _BAR.fullmatch(row.bar)
    if parsed is None:
        raise BadInput(
            f"The bar {row.bar!r} cannot be read. Write '>= .68', '< .03', 'within .01' or 'low > 0'."
        )
    end, sign, threshold = parsed[1], parsed[2], float(parsed[3])
    value = {"low": row.low, "high": row.high}.get(end, row.value)
    if sign == "within":
        if row.paper is None:
            raise BadInput(f"The bar {row.bar!r} of {row.method}, {row.metric} needs `paper=`.")
        value, sign = abs(row.value - row.paper) - 1e-9, "<="
    if value is None or math.isnan(value):
        return False
    return {">=": value >= threshold, "<=": value <= threshold, ">": value > threshold}.get(
        sign, value < threshold
    )


@dataclass(frozen=True, slots=True)
class Context:
    """What the caller decides about one run.

    `quick` asks for under half a minute: fewer models, folds or draws, never another method. `model` is a model string;
    the default replays the authors' recorded answers. `limit` keeps the first so many people or items. `track` wraps an
    iterable to show progress: `for model in context.track(models, "models")`. `folder` stands in for PERSONAE_DATA;
    `recording` is the file that keeps a live model's answers, `vectors` the folder that keeps the vectors of the papers' texts
    (the user's cache folder without it); `ledger` counts what a live model costs, and stops it before a budget is exceeded.
    """

    seed: int = 0
    quick: bool = False
    model: str = REPLAY
    limit: int | None = None
    folder: Path | None = None
    recording: Path | None = None
    vectors: Path | None = None
    ledger: Ledger | None = None
    track: Callable[[Iterable[Any], str], Iterable[Any]] = field(default=lambda items, label: items)

    @property
    def draws(self) -> int:
        """Bootstrap draws."""
        return 200 if self.quick else 2000

    @property
    def replayed(self) -> bool:
        """Whether the run reads the authors' recorded answers rather than asking `chat()`."""
        return self.model == REPLAY

    def chat(self) -> ChatModel:
        """Return the chat model that `model` names; its answers are kept in `recording` and not asked for twice."""
        from personae.models.strings import chat_model

        return chat_model(self.model, recording=self.recording, ledger=self.ledger)

    def encoder(self) -> Encoder:
        """Return the encoder that ships; a text of a data set is encoded once on a machine, and its vector kept."""
        return _encoder(self.vectors or cache_folder())

    def rows(self, dataset: str, file: str) -> list[dict[str, Any]]:
        """Return the rows of a .jsonl or .csv file of a data set."""
        return list(read_rows(dataset, file, self.folder))

    def json(self, dataset: str, file: str) -> Any:
        """Return the content of a .json file of a data set."""
        return read_json(dataset, file, self.folder)

    def path(self, dataset: str, file: str) -> Path:
        """Return the path of a file of a data set, for Parquet and npz."""
        return dataset_path(dataset, file, self.folder)


@dataclass(frozen=True, slots=True)
class Experiment:
    """One paper's experiment: its slug in `index.yaml`, and the functions that measure its rows.

    `rows` recomputes the tables from recorded answers, in under twenty seconds of one core, or asks a live model; `learned`, if
    any, trains what is of this package and takes longer the first time: its rows follow, and a live model has none.
    """

    slug: str
    rows: Callable[[Context], Iterator[Comparison]]
    learned: Callable[[Context], Iterator[Comparison]] | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """One entry of `index.yaml`. `data` names data sets; `identifier` is an arXiv number or a DOI.

    `does` says in a line what it does for a user; `headline` names the (setting, metric, method) of the row that shows it.
    """

    slug: str
    title: str
    year: int
    identifier: str
    family: str
    data: tuple[str, ...] = ()
    does: str = ""
    headline: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return Path(str(files("personae.papers"))) / self.slug

    @property
    def status(self) -> str:
        """Return "measured" with saved results, "runnable" with an experiment, "planned" otherwise."""
        if (self.folder / "results.json").is_file():
            return "measured"
        return "runnable" if (self.folder / "experiment.py").is_file() else "planned"


@dataclass(frozen=True, slots=True)
class Result:
    """One run of an experiment; `model` is empty where recorded answers were read."""

    paper: str
    command: str
    date: str
    version: str
    seed: int
    seconds: float
    rows: tuple[Comparison, ...]
    model: str = ""


@lru_cache(maxsize=1)
def _encoder(folder: Path) -> CachedEncoder:
    return CachedEncoder(KeptEncoder(home_encoder(), folder, weights=WEIGHTS))


@lru_cache(maxsize=1)
def papers() -> dict[str, Paper]:
    """Return every paper of `index.yaml`, by slug."""
    import yaml

    text = files("personae.papers").joinpath("index.yaml").read_text(encoding="utf-8")
    return {
        slug: Paper(
            slug,
            **{
                **entry,
                "identifier": str(entry["identifier"]),
                **{name: tuple(entry.get(name, ())) for name in ("data", "headline")},
            },
        )
        for slug, entry in yaml.safe_load(text).items()
    }


def paper(slug: str) -> Paper:
    """Return one paper; raises `UnknownName` with the nearest slugs."""
    if slug not in papers():
        close = difflib.get_close_matches(slug.lower(), papers(), n=3, cutoff=0.4)
        nearest = f" Nearest: {', '.join(close)}." if close else ""
        raise UnknownName(f"No paper {slug!r}.{nearest} List them with `personae papers list --all`.")
    return papers()[slug]


def experiment(slug: str) -> Experiment:
    """Import and return one paper's experiment.

    Raises
    ------
    UnknownName
        When there is no such paper, or it has no experiment yet.
    """
    name = f"personae.papers.{paper(slug).slug}"
    if find_spec(name) is None or find_spec(f"{name}.experiment") is None:
        runnable = ", ".join(each.slug for each in papers().values() if each.status != "planned")
        raise UnknownName(f"The paper {slug} has no experiment yet. These have: {runnable}.")
    found = import_module(f"{name}.experiment").EXPERIMENT
    assert isinstance(found, Experiment)
    return found


def run(
    chosen: Experiment,
    context: Context,
    *,
    command: str = "",
    today: date | None = None,
    recomputed: Callable[[Sequence[Comparison], float], None] | None = None,
) -> Result:
    """Run an experiment and return its rows.

    Parameters
    ----------
    chosen : Experiment
    context : Context
    command : str
        How to run it again.
    today : date, optional
    recomputed : callable, optional
        Takes the rows of the recorded answers and the seconds they took, where something is learned after them.

    Raises
    ------
    BadInput
        When two rows have the same setting, metric and method, or there is none; when too few are left under a limit.
    """
    start = time.perf_counter()
    rows = _measured(chosen.slug, chosen.rows, context)
    if chosen.learned is not None and context.replayed:
        if recomputed is not None:
            recomputed(rows, time.perf_counter() - start)
        rows += _measured(chosen.slug, chosen.learned, context)
    seconds = time.perf_counter() - start
    names = {(row.setting, row.metric, row.method) for row in rows}
    if len(names) != len(rows) or not rows:
        raise BadInput(
            f"{chosen.slug}: {len(rows)} rows, {len(names)} of them different by setting, metric and method; "
            f"yield at least one, and each only once."
        )
    day = today or date.today()
    return Result(
        chosen.slug, command, day.isoformat(), __version__, context.seed, round(seconds, 1), rows,
        "" if context.replayed else context.model,
    )  # fmt: skip


def _measured(
    slug: str, rows: Callable[[Context], Iterator[Comparison]], context: Context
) -> tuple[Comparison, ...]:
    """Return the rows; what cannot be measured is the fault of data that were altered, or of a limit that leaves too few."""
    try:
        return tuple(rows(context))
    except (ArithmeticError, LookupError, ValueError) as error:
        is_ours = isinstance(error, PersonaeError)
        if not is_ours and (files := altered_files(slug, context)):
            raise DamagedData(
                f"{slug} cannot be measured on {', '.join(files)}: not as long as the files that were measured. Compare them by "
                "`personae data verify`, and bring them anew."
            ) from error
        is_told = isinstance(error, DamagedData | UnknownName) or (is_ours and "--limit" in str(error))
        if context.limit is None or not context.replayed or is_told:
            raise
        why = f": {error}" if is_ours else "."
        raise BadInput(
            f"Too few rows are left of {slug} under --limit {context.limit}{why} Raise the limit, or leave it out."
        ) from error


def altered_files(slug: str, context: Context) -> list[str]:
    """Return the files of a paper's data sets, as "dataset/file", that are not as long as those its saved table rests on."""
    try:
        folder = context.folder or data_dir()
    except MissingData:
        return []
    return [f"{name}/{file}" for name in paper(slug).data for file in altered(name, folder)]


def as_held(slug: str, rows: Sequence[Comparison], context: Context) -> tuple[Comparison, ...]:
    """Return the rows, `Unheld` where a limited or quick run rests on fewer rows than the saved results of the paper."""
    if context.limit is None and not context.quick:
        return tuple(rows)
    return tuple(_unheld(row) if row.bar and _is_less(slug, row, context) else row for row in rows)


def _unheld(row: Comparison) -> Unheld:
    return Unheld(**{each.name: getattr(row, each.name) for each in fields(row)})


def _is_less(slug: str, row: Comparison, context: Context) -> bool:
    """Whether a row rests on fewer rows than the saved one; under a limit, also where that cannot be told."""
    whole = _saved_sizes(slug).get((row.setting, row.metric, row.method))
    if row.n is None or whole is None:
        return context.limit is not None
    return row.n < whole


@lru_cache(maxsize=8)
def _saved_sizes(slug: str) -> dict[tuple[str, str, str], int | None]:
    from personae.papers.table import load

    if slug not in papers() or papers()[slug].status != "measured":
        return {}
    return {(row.setting, row.metric, row.method): row.n for row in load(papers()[slug]).rows}
