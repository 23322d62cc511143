"""One way to look into a zip, a tar, a folder or a file: safe names, bounded streams, nothing unpacked to disk."""

from __future__ import annotations

import gzip
import io
import lzma
import re
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, cast

from personae.errors import BadInput


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may make us read; past a limit the file is skipped and counted."""

    member_bytes: int = 4 << 30  # one file inside the archive
    ratio: int = 200  # unpacked to packed size of what unpacks to more than 10 MB: a zip bomb's mark
    members: int = 200_000
    row_bytes: int = 16 << 20  # one line, CSV row or JSON object

    def is_bomb(self, unpacked: int, packed: int) -> bool:
        return unpacked > 10 << 20 and unpacked > self.ratio * max(1, packed)


_DAMAGE = (
    OSError, EOFError, RuntimeError, NotImplementedError, ValueError, IndexError, KeyError, struct.error,
    zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError,
)  # fmt: skip


class Source(ABC):
    """The files of one archive, by their names inside it.

    One extra top folder is taken off; `__MACOSX/`, absolute names, names with `..`, and links are left out
    and listed in `refused` as (name, reason).
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.limits = limits
        self.refused: list[tuple[str, str]] = []
        self._members: dict[str, str] = {}
        self._heads: dict[str, bytes] = {}  # the first bytes of members that were looked at, by name
        self.opened: set[str] = set()  # members of which more than the first bytes were asked for
        self._copies: tempfile.TemporaryDirectory[str] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def find(self, *suffixes: str) -> tuple[str, ...]:
        """Return the names that end with one of the suffixes, whole path parts, ignoring case.

        >>> # source.find("conversations.json") finds "export/conversations.json", not "my_conversations.json"
        """
        wanted = tuple("/" + suffix.lower() for suffix in suffixes)
        return tuple(name for name in self._members if ("/" + name.lower()).endswith(wanted))

    def find_suffix(self, ending: str) -> tuple[str, ...]:
        """Return the names with this ending, such as ".csv", ignoring case."""
        return tuple(name for name in self._members if name.lower().endswith(ending))

    def open(self, name: str) -> IO[bytes]:
        """Open one member for reading, never more than `limits.member_bytes` of it.

        Raises
        ------
        BadInput
            When the member is damaged, encrypted, or past the limits; also while reading.
        """
        self.opened.add(name)
        return self._reader(name)

    def _reader(self, name: str) -> IO[bytes]:
        member = self._members[name]
        try:
            raw = self._open(member)
        except _DAMAGE as error:
            raise BadInput(f"{name}: cannot be opened ({type(error).__name__}).") from error
        return cast("IO[bytes]", io.BufferedReader(_Bounded(raw, name, self._limit()), 1 << 16))

    def local(self, name: str) -> Path | None:
        """Return the member's file on disk, None where it is packed."""
        return None

    def on_disk(self, name: str) -> Path:
        """Return the member as a file: its own, or a copy that lives until the archive is closed.

        Raises
        ------
        BadInput
            When the member is damaged, or past the limits.
        """
        if (file := self.local(name)) is not None:
            return file
        self._copies = self._copies or tempfile.TemporaryDirectory(prefix="personae-")
        copy = Path(self._copies.name) / str(self.names.index(name))
        if not copy.exists():
            part = copy.with_suffix(".part")
            with self._reader(name) as stream, part.open("wb") as target:
                shutil.copyfileobj(stream, target)
            part.replace(copy)
        return copy

    def head(self, name: str, size: int = 4096) -> bytes:
        """Return the first bytes of a member, without a UTF-8 byte order mark; where it is damaged, those before."""
        if size > _HEAD_BYTES:
            return self._start(name, size)
        if name not in self._heads:
            if len(self._heads) == _HEADS:
                del self._heads[next(iter(self._heads))]
            self._heads[name] = self._start(name, _HEAD_BYTES)
        return self._heads[name][:size]

    def _start(self, name: str, size: int) -> bytes:
        try:
            with self._reader(name) as stream:
                return _start_of(stream, size)
        except BadInput:
            return b""

    def close(self) -> None:  # noqa: B027
        """Close the archive."""

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
        if self._copies is not None:
            self._copies.cleanup()

    @abstractmethod
    def _open(self, member: str) -> IO[bytes]: ...

    def _limit(self) -> int:
        return self.limits.member_bytes

    def _admit(self, members: Iterable[tuple[str, str | None]]) -> None:
        """Keep the members whose name is safe; `members` yields (name, reason to refuse or None)."""
        kept: list[str] = []
        seen: set[str] = set()
        for name, reason in members:
            path = PurePosixPath(name.replace("\\", "/"))
            if reason is None and (path.is_absolute() or ".." in path.parts or ":" in name[:3]):
                reason = "a name that leaves the archive"
            if reason is None and _CONTROL.search(name):
                reason = "a name with control characters"
            if reason is None and len(name) > _NAME_CHARS:
                reason = f"a name longer than {_NAME_CHARS} characters"
            if reason is None and name in seen:
                reason = "a name that stands there twice"
            if reason is None and len(kept) >= self.limits.members:
                reason = f"more than {self.limits.members} files"
            if reason is not None:
                self.refused.append((printable(name), reason))
                continue
            seen.add(name)
            if "__MACOSX" not in path.parts and path.name not in {".DS_Store", "Thumbs.db"}:
                kept.append(name)
        tops = {name.replace("\\", "/").split("/", 1)[0] for name in kept}
        strip = len(tops) == 1 and all("/" in name.replace("\\", "/") for name in kept)
        for name in kept:
            plain = name.replace("\\", "/")
            self._members[plain.split("/", 1)[1] if strip else plain] = name


def printable(name: str) -> str:
    """Return a file's name as it may stand in a message: one line of at most 200 characters, nothing invisible."""
    shown = "".join(character if character.isprintable() else "?" for character in name[:201])
    return shown if len(shown) <= 200 else shown[:199] + "…"


_HEAD_BYTES, _HEADS = 1 << 16, 256
_TEXT = (".json", ".jsonl", ".csv", ".js", ".txt", ".md", ".html")
_STEP = 1 << 14  # bytes that are lost with damage to them
_NAME_CHARS = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _start_of(stream: IO[bytes], size: int) -> bytes:
    """Return what can be read of a stream's first bytes, without a UTF-8 byte order mark."""
    head = b""
    with suppress(BadInput):
        while len(head) < size and (piece := cast("io.BufferedReader", stream).read1(_STEP)):
            head += piece
    return head.removeprefix(b"\xef\xbb\xbf")[:size]


class _Bounded(io.RawIOBase):
    def __init__(self, raw: IO[bytes], name: str, limit: int) -> None:
        self._raw, self._name, self._left = raw, name, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        if self._left <= 0:
            raise BadInput(f"{self._name}: past the limit for one file; the rows before it were read.")
        try:
            data = self._raw.read(min(len(view), self._left, _STEP))
        except BadInput:
            raise
        except _DAMAGE as error:
            raise BadInput(
                f"{self._name}: damaged ({type(error).__name__}); the rows before the damage were read."
            ) from error
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Zip(Source):
    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGE as error:
            raise BadInput(
                f"{path.name}: not a readable zip file ({type(error).__name__}). Download the export again."
            ) from error
        self._admit(
            (info.filename, self._refusal(info)) for info in self._zip.infolist() if not info.is_dir()
        )

    def _refusal(self, info: zipfile.ZipInfo) -> str | None:
        if info.external_attr >> 28 == 0o12:
            return "a link"
        if info.flag_bits & 1:
            return "encrypted"
        if info.file_size > self.limits.member_bytes:
            return "larger than the limit for one file"
        if self.limits.is_bomb(info.file_size, info.compress_size):
            return "unpacks to a size no export has"
        return None

    def _open(self, member: str) -> IO[bytes]:
        return self._zip.open(member)

    def close(self) -> None:
        self._zip.close()


class _Tar(Source):
    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        self._infos: dict[str, tarfile.TarInfo] = {}
        self._starts: dict[str, bytes] = {}
        try:
            packed = _magic(path)[:2] == _GZIP
            self._raw = _SmallReads(gzip.open(path) if packed else path.open("rb"))  # noqa: SIM115
            self._tar = tarfile.open(fileobj=cast("IO[bytes]", self._raw), mode="r:")  # noqa: SIM115
            self._admit(self._list(path.stat().st_size))
            self._heads = {n: self._starts[m] for n, m in self._members.items() if m in self._starts}
        except _DAMAGE as error:
            raise BadInput(
                f"{path.name}: not a readable tar file ({type(error).__name__}). Download it again."
            ) from error

    def _list(self, packed: int) -> Iterator[tuple[str, str | None]]:
        try:
            for info in islice(self._tar, self.limits.members + 1):
                if self.limits.is_bomb(info.offset_data + info.size, packed):
                    yield info.name, "unpacks to a size no export has"
                    return
                if not info.isdir():
                    refusal = _tar_refusal(info)
                    if refusal is None and self._infos.setdefault(info.name, info) is info:
                        self._look_into(info)
                    yield info.name, refusal
        except _DAMAGE:
            yield self.path.name, "damaged; the files before the damage are read"

    def _look_into(self, info: tarfile.TarInfo) -> None:
        """Keep the start of a text member while it passes: in a packed tar, going back unpacks all of it again."""
        if info.name.lower().endswith(_TEXT) and len(self._starts) < _HEADS:
            with suppress(*_DAMAGE):
                self._starts[info.name] = _start_of(self._open(info.name), _HEAD_BYTES)

    def _open(self, member: str) -> IO[bytes]:
        stream = self._tar.extractfile(self._infos[member])
        if stream is None:
            raise OSError("no file")
        return stream

    def close(self) -> None:
        self._tar.close()
        self._raw.close()


def _tar_refusal(info: tarfile.TarInfo) -> str | None:
    if info.issym() or info.islnk():
        return "a link"
    return None if info.isfile() and not info.issparse() else "not a plain file"


class _SmallReads:
    """A tar's bytes in small pieces: `tarfile` reads a header whole, however long it says it is."""

    def __init__(self, raw: IO[bytes] | gzip.GzipFile) -> None:
        self._raw = raw
        self.seek, self.tell, self.close = raw.seek, raw.tell, raw.close

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= 1 << 20:
            raise tarfile.ReadError("a header longer than any name")
        return self._raw.read(size)


class _Folder(Source):
    def __init__(self, path: Path, limits: Limits, entries: Collection[str] | None = None) -> None:
        super().__init__(path, limits)
        tops = path.glob("*") if entries is None else (path / name for name in entries)
        found = (
            file
            for top in tops
            for file in (top.rglob("*") if top.is_dir() and not top.is_symlink() else (top,))
            if file.is_symlink() or not file.is_dir()
        )
        files = sorted(islice(found, limits.members + 1))
        self._admit((file.relative_to(path).as_posix(), self._refusal(file)) for file in files)

    def _refusal(self, file: Path) -> str | None:
        if file.is_symlink():
            return "a link"
        return None if file.is_file() else "not a plain file"

    def local(self, name: str) -> Path | None:
        return self.path / self._members[name]

    def _open(self, member: str) -> IO[bytes]:
        return (self.path / member).open("rb")


class _File(Source):
    """One file, unpacked while reading where it is gzip or Zstandard; not bounded in size, as its rows are."""

    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        self._members[path.name] = path.name
        self._pack = _magic(path)[:4]

    def local(self, name: str) -> Path | None:
        return self.path

    def _open(self, member: str) -> IO[bytes]:
        if self._pack[:2] == _GZIP:
            return cast("IO[bytes]", gzip.open(self.path))
        return cast("IO[bytes]", _Zst(self.path)) if self._pack == _ZSTD else self.path.open("rb")

    def _limit(self) -> int:
        packed = self._pack[:2] == _GZIP or self._pack == _ZSTD
        return max(10 << 20, self.limits.ratio * self.path.stat().st_size) if packed else 1 << 62


class _Stream(Source):
    """What comes from a pipe: one member whose first 64 kB can be looked at again, and whose rest is read once."""

    def __init__(self, raw: IO[bytes], name: str, limits: Limits) -> None:
        super().__init__(Path(name), limits)
        self._members[name] = name
        self._first, self._rest = raw.read(1 << 16), raw

    def _open(self, member: str) -> IO[bytes]:
        return cast("IO[bytes]", _Joined(self._first, self._rest))

    def _limit(self) -> int:
        return 1 << 62


class _Joined(io.RawIOBase):
    """The first bytes of a stream, then the stream."""

    def __init__(self, first: bytes, rest: IO[bytes]) -> None:
        self._first, self._rest = io.BytesIO(first), rest

    def read(self, size: int = -1) -> bytes:
        return self._first.read(size) or self._rest.read(size)


class _Zst(io.RawIOBase):
    """A Zstandard file's content; research dumps use windows of up to 2 GiB."""

    def __init__(self, path: Path) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._raw = path.open("rb")
        unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 31)
        self._stream = unpacker.stream_reader(self._raw, read_across_frames=True)
        try:
            self._owed = max(
                0, zstandard.frame_content_size(_magic(path))
            )  # of the first frame; -1: not said
        except zstandard.ZstdError as error:
            raise OSError("damaged Zstandard data") from error

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._stream.read(size)
        except self._error as error:
            raise OSError("damaged Zstandard data") from error
        self._owed -= len(data)
        if size and not data and self._owed > 0:
            raise EOFError("cut off")
        return data

    def close(self) -> None:
        self._raw.close()
        super().close()


_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def _magic(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(512)


def _is_tar(path: Path, magic: bytes) -> bool:
    if magic[:2] == _GZIP:
        try:
            with gzip.open(path) as stream:
                magic = stream.read(512)
        except _DAMAGE:
            return False
    return magic[257:262] == b"ustar"


def open_source(path: Path, limits: Limits | None = None, entries: Collection[str] | None = None) -> Source:
    """Open a zip, tar, folder or single file by what it is, not by its name; of a folder, only those entries if given.

    Raises
    ------
    BadInput
        When nothing is there, or the archive cannot be read at all.
    """
    limits = limits or Limits()
    try:
        if path.is_dir():
            return _Folder(path, limits, entries)
        if not path.is_file():
            known = path.exists()
            raise BadInput(
                f"{printable(str(path))}: not a plain file; pass `-` to read text from stdin."
                if known
                else f"{printable(str(path))}: no such file or folder."
            )
        magic = _magic(path)
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{printable(str(path))}: cannot be opened ({type(error).__name__}).") from error
    if magic[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        return _Zip(path, limits)
    return _Tar(path, limits) if _is_tar(path, magic) else _File(path, limits)


def is_packed(path: Path) -> bool:
    """Return whether a file is a zip or a tar, an archive by itself; a pipe or a device is not opened."""
    if not path.is_file():
        return False
    try:
        magic = _magic(path)
        return magic[:4] in {b"PK\x03\x04", b"PK\x05\x06"} or _is_tar(path, magic)
    except OSError:
        return False


def open_stream(raw: IO[bytes], name: str, limits: Limits | None = None) -> Source:
    """Open a stream of bytes, such as stdin, as a source with one member of that name."""
    return _Stream(raw, name, limits or Limits())
