"""One way to look into a zip, a tar, a folder or a file: safe names, bounded streams, nothing unpacked to disk."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from personae.errors import BadInput


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may make us read; past a limit the file is skipped and counted."""

    member_bytes: int = 4 << 30  # one file inside the archive
    ratio: int = 200  # unpacked to packed size of one zip member above 10 MB: a zip bomb's mark
    members: int = 200_000
    row_bytes: int = 16 << 20  # one line, CSV row or JSON object


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

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def find(self, *suffixes: str) -> tuple[str, ...]:
        """Return the names that end with one of the suffixes, whole path parts, ignoring case.

        >>> # source.find("conversations.json") finds "export/conversations.json", not "my_conversations.json"
        """
        wanted = tuple("/" + suffix.lower() for suffix in suffixes)
        return tuple(name for name in self._members if ("/" + name.lower()).endswith(wanted))

    def open(self, name: str) -> IO[bytes]:
        """Open one member for reading, never more than `limits.member_bytes` of it.

        Raises
        ------
        BadInput
            When the member is damaged, encrypted, or past the limits; also while reading.
        """
        try:
            raw = self._open(self._members[name])
        except (
            OSError,
            zipfile.BadZipFile,
            RuntimeError,
            NotImplementedError,
            tarfile.TarError,
            EOFError,
        ) as error:
            raise BadInput(f"{name}: cannot be opened ({type(error).__name__}).") from error
        return cast("IO[bytes]", io.BufferedReader(_Bounded(raw, name, self.limits.member_bytes), 1 << 16))

    def head(self, name: str, size: int = 4096) -> bytes:
        """Return the first bytes of a member, without a byte order mark; empty when it cannot be read."""
        try:
            with self.open(name) as stream:
                return stream.read(size).removeprefix(b"\xef\xbb\xbf")
        except BadInput:
            return b""

    def close(self) -> None:  # noqa: B027
        """Close the archive."""

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @abstractmethod
    def _open(self, member: str) -> IO[bytes]: ...

    def _admit(self, members: Iterator[tuple[str, str | None]]) -> None:
        """Keep the members whose name is safe; `members` yields (name, reason to refuse or None)."""
        kept: list[str] = []
        for name, reason in members:
            path = PurePosixPath(name.replace("\\", "/"))
            if reason is None and (path.is_absolute() or ".." in path.parts or ":" in name[:3]):
                reason = "a name that leaves the archive"
            if reason is None and len(kept) >= self.limits.members:
                reason = f"more than {self.limits.members} files"
            if reason is not None:
                self.refused.append((name, reason))
            elif "__MACOSX" not in path.parts and path.name not in {".DS_Store", "Thumbs.db"}:
                kept.append(name)
        tops = {name.replace("\\", "/").split("/", 1)[0] for name in kept}
        strip = len(tops) == 1 and all("/" in name.replace("\\", "/") for name in kept)
        for name in kept:
            plain = name.replace("\\", "/")
            self._members[plain.split("/", 1)[1] if strip else plain] = name


class _Bounded(io.RawIOBase):
    def __init__(self, raw: IO[bytes], name: str, limit: int) -> None:
        self._raw, self._name, self._left = raw, name, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        if self._left <= 0:
            raise BadInput(
                f"{self._name}: larger than the limit for one file; read it apart from the archive."
            )
        try:
            data = self._raw.read(min(len(view), self._left))
        except (zipfile.BadZipFile, zlib.error, tarfile.TarError, OSError, EOFError) as error:
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
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
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
        if info.file_size > 10 << 20 and info.file_size > self.limits.ratio * max(1, info.compress_size):
            return "unpacks to a size no export has"
        return None

    def _open(self, member: str) -> IO[bytes]:
        return self._zip.open(member)

    def close(self) -> None:
        self._zip.close()


class _Tar(Source):
    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        try:
            self._tar = tarfile.open(path)  # noqa: SIM115
            infos = {info.name: info for info in self._tar.getmembers() if not info.isdir()}
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise BadInput(
                f"{path.name}: not a readable tar file ({type(error).__name__}). Download it again."
            ) from error
        self._infos = infos
        self._admit((name, None if info.isfile() else "a link") for name, info in infos.items())

    def _open(self, member: str) -> IO[bytes]:
        stream = self._tar.extractfile(self._infos[member])
        if stream is None:
            raise OSError("no file")
        return stream

    def close(self) -> None:
        self._tar.close()


class _Folder(Source):
    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        files = sorted(file for file in path.rglob("*") if not file.is_dir() or file.is_symlink())
        names = (
            (file.relative_to(path).as_posix(), "a link" if file.is_symlink() else None) for file in files
        )
        self._admit(iter(list(names)))

    def _open(self, member: str) -> IO[bytes]:
        return (self.path / member).open("rb")


class _File(Source):
    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        self._members[path.name] = path.name

    def _open(self, member: str) -> IO[bytes]:
        return self.path.open("rb")


def open_source(path: Path, limits: Limits | None = None) -> Source:
    """Open a zip, tar, folder or single file by what it is, not by its name.

    Raises
    ------
    BadInput
        When nothing is there, or the archive cannot be read at all.
    """
    limits = limits or Limits()
    if not path.exists():
        raise BadInput(f"{path}: no such file or folder.")
    if path.is_dir():
        return _Folder(path, limits)
    with path.open("rb") as stream:
        magic = stream.read(512)
    if magic[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        return _Zip(path, limits)
    if magic[:2] == b"\x1f\x8b" or magic[257:262] == b"ustar":
        return _Tar(path, limits)
    return _File(path, limits)
