"""The data sets that tables are measured on: where each comes from, its licence, and readers for its files.

`datasets.yaml` names them; `PERSONAE_DATA` names the folder that holds one sub-folder a data set.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import hashlib
import io
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, Literal, cast

from personae.errors import BadInput, DamagedData, MissingData, UnknownName

FOLDER_VARIABLE = "PERSONAE_DATA"
State = Literal["ok", "missing", "changed"]


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a data set. `rows` is None where the file is not a table."""

    name: str
    bytes: int
    sha256: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class DataSource:
    """A public repository at one commit, with the licence stated there for the data ("none stated" where it says none)."""

    repository: str
    commit: str
    licence: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """One converted data set: what it is, the sources it was made from, and its files."""

    name: str
    title: str
    sources: tuple[DataSource, ...]
    files: tuple[DataFile, ...]


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What `verify` found for one file: "ok", "missing", or "changed" (another checksum than the registry's)."""

    dataset: str
    file: str
    state: State


@lru_cache(maxsize=1)
def datasets() -> dict[str, Dataset]:
    """Return the registry, by name."""
    import yaml

    text = files("personae.people").joinpath("datasets.yaml").read_text(encoding="utf-8")
    registry = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {name: _dataset(name, entry) for name, entry in registry.items()}


def dataset(name: str) -> Dataset:
    """Return one data set.

    Raises
    ------
    UnknownName
        With the nearest names.
    """
    if name not in datasets():
        close = difflib.get_close_matches(name, datasets(), n=3, cutoff=0.4) or sorted(datasets())
        raise UnknownName(
            f"No data set named {name!r}. Nearest: {', '.join(close)}. List them with `personae data list`."
        )
    return datasets()[name]


def data_dir() -> Path:
    """Return the folder that `PERSONAE_DATA` names.

    Raises
    ------
    MissingData
        When it is not set, or no such folder exists.
    """
    named = os.environ.get(FOLDER_VARIABLE, "")
    if not named:
        raise MissingData(
            f"{FOLDER_VARIABLE} is not set: it names the folder that holds one sub-folder a data set. "
            "`personae data list` says which data sets there are and where each comes from."
        )
    folder = Path(named)
    if not folder.is_dir():
        raise MissingData(
            f"{FOLDER_VARIABLE} names {named}, which is not a folder. Set it to the data folder."
        )
    return folder


def dataset_path(name: str, file: str, folder: Path | None = None) -> Path:
    """Return the path of one file of a data set, for readers that want a path (Parquet, npz).

    Raises
    ------
    MissingData
        When the file is not there; names the repository, the commit and the files that are expected.
    """
    chosen = dataset(name)
    if file not in {known.name for known in chosen.files}:
        known = ", ".join(entry.name for entry in chosen.files)
        raise UnknownName(f"The data set {name} has no file {file!r}. It has: {known}.")
    path = (folder or data_dir()) / name / file
    if not path.is_file():
        raise MissingData(f"{path} is missing. {how_to_get(chosen, path.parents[len(Path(file).parts)])}")
    return path


def open_dataset(name: str, file: str, folder: Path | None = None) -> IO[bytes]:
    """Open one file of a data set for reading, decompressed where its name ends in .zst or .gz.

    Raises
    ------
    DamagedData
        While reading, when a compressed file is damaged or cut off; names it.
    """
    path = dataset_path(name, file, folder)
    if path.suffix == ".zst":
        return _whole(_Frames(path), name, file)
    if path.suffix == ".gz":
        return _whole(gzip.open(path, "rb"), name, file)
    return path.open("rb")


def read_rows(name: str, file: str, folder: Path | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a .jsonl or .csv file, compressed or not; CSV values are strings.

    Raises
    ------
    DamagedData
        With the file and the line, when a line is not a JSON object or not a row of the table; when the file is cut off or
        empty.
    BadInput
        When the file is not a table of rows.
    """
    kind = _kind(file)
    if kind not in {".jsonl", ".csv"}:
        raise BadInput(
            f"{name}/{file} is not a table of rows; open it with `dataset_path` or `open_dataset`."
        )
    with io.TextIOWrapper(open_dataset(name, file, folder), encoding="utf-8-sig", newline="") as lines:
        try:
            yield from (_csv_rows if kind == ".csv" else _json_rows)(lines, name, file)
        except UnicodeDecodeError:
            raise _damaged(name, file, "is not UTF-8") from None


def read_json(name: str, file: str, folder: Path | None = None) -> Any:
    """Return the content of a .json file, compressed or not.

    Raises
    ------
    DamagedData
        With the file, and the line where it is known, when it is not JSON or is cut off.
    """
    with open_dataset(name, file, folder) as stream:
        try:
            return json.load(stream)
        except json.JSONDecodeError as error:
            raise _damaged(name, file, "not JSON", line=error.lineno) from None
        except UnicodeDecodeError:
            raise _damaged(name, file, "is not UTF-8") from None


def verify(name: str, folder: Path | None = None) -> Iterator[FileCheck]:
    """Yield the state of each file of a data set, by checksum."""
    base = (folder or data_dir()) / name
    for entry in dataset(name).files:
        path = base / entry.name
        if not path.is_file():
            yield FileCheck(name, entry.name, "missing")
        else:
            yield FileCheck(name, entry.name, "ok" if checksum(path) == entry.sha256 else "changed")


def altered(name: str, folder: Path | None = None) -> list[str]:
    """Return the files of a data set that are of another size than the registry's, which is told at once; see `verify`."""
    base = (folder or data_dir()) / name
    return [
        each.name
        for each in dataset(name).files
        if (base / each.name).is_file() and (base / each.name).stat().st_size != each.bytes
    ]


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def how_to_get(chosen: Dataset, folder: Path) -> str:
    """Return where a data set comes from and which files are expected under the data folder.

    There is no download: the converted files are not published, and each source's licence stays with its authors.
    """
    sources = "; ".join(f"{s.repository} at commit {s.commit} ({s.licence})" for s in chosen.sources)
    expected = ", ".join(file.name for file in chosen.files)
    return (
        f"The data set {chosen.name} is not shipped. It was converted from {sources}. "
        f"Put the converted files into {folder / chosen.name}: {expected}; "
        f"`personae data verify {chosen.name}` then checks them."
    )


def _dataset(name: str, entry: dict[str, Any]) -> Dataset:
    return Dataset(
        name,
        entry["title"],
        tuple(DataSource(**source) for source in entry["sources"]),
        tuple(DataFile(**file) for file in entry["files"]),
    )


def _kind(file: str) -> str:
    return Path(file.removesuffix(".zst").removesuffix(".gz")).suffix


def _json_rows(lines: Iterable[str], name: str, file: str) -> Iterator[dict[str, Any]]:
    is_empty = True
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                row = None
            if not isinstance(row, dict):
                raise _damaged(name, file, "not a JSON object", line=number)
            is_empty = False
            yield row
    if is_empty:
        raise _damaged(name, file, "is empty")


def _csv_rows(lines: Iterable[str], name: str, file: str) -> Iterator[dict[str, Any]]:
    table = csv.DictReader(lines, strict=True)
    try:
        for row in table:
            if None in row or None in row.values():
                columns = len(table.fieldnames or ())
                raise _damaged(name, file, f"not a row of {columns} columns", line=table.line_num)
            yield row
    except csv.Error:
        raise _damaged(name, file, "a quote that is not closed", line=table.line_num + 1) from None
    if not table.fieldnames:
        raise _damaged(name, file, "is empty")


def _damaged(name: str, file: str, fault: str, line: int | None = None) -> DamagedData:
    what = f"{name}/{file} {fault}" if line is None else f"{name}/{file}, line {line}: {fault}"
    return DamagedData(
        f"{what}. Compare it by `personae data verify {name}`, and put a whole copy in its place."
    )


def _whole(unpacked: Any, name: str, file: str) -> IO[bytes]:
    return cast("IO[bytes]", io.BufferedReader(_Whole(unpacked, name, file), 1 << 16))


class _Whole(io.RawIOBase):
    """A decompressed file that names itself where it is damaged or ends too soon."""

    def __init__(self, unpacked: IO[bytes], name: str, file: str) -> None:
        self._unpacked, self._name, self._file = unpacked, name, file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._unpacked.read(len(buffer))
        except EOFError:
            raise _damaged(self._name, self._file, "is cut off") from None
        except (OSError, zlib.error):
            raise _damaged(self._name, self._file, "cannot be decompressed") from None
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._unpacked.close()
        super().close()


class _Frames:
    """The content of a Zstandard file; EOFError where its last frame does not end."""

    def __init__(self, path: Path) -> None:
        import zstandard

        self._error, self._unpacker = zstandard.ZstdError, zstandard.ZstdDecompressor()
        self._frame = self._unpacker.decompressobj()
        self._packed, self._ready = path.open("rb"), io.BytesIO()

    def read(self, size: int) -> bytes:
        while not (data := self._ready.read(size)):
            packed = (self._frame.unused_data if self._frame.eof else b"") or self._packed.read(1 << 14)
            if not packed:
                break
            if self._frame.eof:
                self._frame = self._unpacker.decompressobj()
            try:
                self._ready = io.BytesIO(self._frame.decompress(packed))
            except self._error as error:
                raise OSError("damaged Zstandard data") from error
        if not data and not self._frame.eof:
            raise EOFError
        return data

    def close(self) -> None:
        self._packed.close()
