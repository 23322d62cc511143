"""An archive on its way in: straight to a file of its own, counted while it comes, gone again if anything is wrong."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from personae.web.door import Refused

if TYPE_CHECKING:
    from starlette.requests import Request

FORM_BYTES = 1 << 16  # what a form may hold besides the file
_PARTS = 12
_LONGEST_NAME = 120  # bytes
_ODD = re.compile(r"[^\w .,()&'+-]")


@dataclass(frozen=True, slots=True)
class Upload:
    """An archive that came in: its file, in a folder of its own, and the form's other fields."""

    path: Path
    fields: dict[str, str]

    def remove(self) -> None:
        """Delete the file and its folder."""
        shutil.rmtree(self.path.parent, ignore_errors=True)


async def receive(request: Request, folder: Path, limit: int, check_token: Callable[[str], None]) -> Upload:
    """Write the file of a form into the folder while it comes.

    Parameters
    ----------
    request : Request
    folder : Path
    limit : int
        Most bytes of the file; more is refused when that is known, before the rest is read.
    check_token : function of str
        Raises unless the form's token, which comes before the file, is right.

    Raises
    ------
    Refused
    """
    if int(request.headers.get("content-length") or 0) > limit + FORM_BYTES:
        raise too_large(limit)
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Refused(400, "That is no form with a file.")
    place = folder / secrets.token_hex(8)
    place.mkdir(mode=0o700)
    parts = _Parts(place, limit, check_token)
    try:
        parser = MultipartParser(options[b"boundary"], parts.callbacks())  # type: ignore[arg-type]
        read = 0
        async for chunk in request.stream():
            read += len(chunk)
            if read > limit + FORM_BYTES:
                raise too_large(limit)
            parser.write(chunk)
        return parts.finished()
    except BaseException as error:
        parts.close()
        shutil.rmtree(place, ignore_errors=True)
        if isinstance(error, FormParserError):
            raise Refused(400, "That form is damaged. Send it again.") from None
        if isinstance(error, OSError) and not isinstance(error, ConnectionError):
            raise Refused(
                507, f"The archive could not be kept ({error.strerror}). Make room on the disk."
            ) from None
        raise


def too_large(limit: int) -> Refused:
    """Return the refusal of what is longer than the limit, in bytes."""
    return Refused(
        413,
        f"That archive is larger than {limit / 1e6:,.0f} MB. Start the program with a higher --max-upload-mb.",
    )


class _Parts:
    """The parts of a form as they come: short fields are kept, the one file goes to disk."""

    def __init__(self, place: Path, limit: int, check_token: Callable[[str], None]) -> None:
        self.place, self.limit, self.check_token = place, limit, check_token
        self.fields: dict[str, bytes] = {}
        self.path: Path | None = None
        self._file: BinaryIO | None = None
        self._header, self._value = b"", b""
        self._name = ""
        self._parts = self._written = self._small = 0
        self._ended = False

    def callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._begin, "on_header_field": self._header_field, "on_header_value": self._header_value,
            "on_header_end": self._header_end, "on_headers_finished": self._opened, "on_part_data": self._data,
            "on_part_end": self.close, "on_end": self._end,
        }  # fmt: skip

    def finished(self) -> Upload:
        if not self._ended:
            raise Refused(400, "That form is cut off. Send it again.")
        if self.path is None or not self._written:
            raise Refused(400, "No archive came. Choose a file that is not empty.")
        fields = {name: value.decode("utf-8", "replace") for name, value in self.fields.items()}
        return Upload(self.path, fields)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self) -> None:
        self._parts += 1
        self._name, self._disposition = "", b""
        if self._parts > _PARTS:
            raise Refused(400, "That form has too many parts.")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _opened(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            self.fields[self._name] = b""
            return
        self.check_token(self.fields.get("token", b"").decode("utf-8", "replace"))
        if self.path is not None:
            raise Refused(400, "One archive at a time.")
        self.path = self.place / _name_of(options[b"filename"].decode("utf-8", "replace"))
        self._file = self.path.open("xb")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._written += end - start
            if self._written > self.limit:
                raise too_large(self.limit)
            self._file.write(data[start:end])
            return
        self._small += end - start
        if self._small > FORM_BYTES:
            raise Refused(413, "That form holds more text than any form of this program.")
        self.fields[self._name] += data[start:end]

    def _end(self) -> None:
        self._ended = True


def _name_of(sent: str) -> str:
    """Return the last part of a name as it was sent, letters, digits and a few signs of it: never a path, never hidden.

    Importers read names: the owner of an archive that names none is known by its file's name, and a chat is named after who
    is in it.

    >>> _name_of("../../x.jsonl.gz"), _name_of("C:\\\\me\\\\Chat with Béa.zip"), _name_of(".."), _name_of("<b>.zip")
    ('x.jsonl.gz', 'Chat with Béa.zip', 'archive', '_b_.zip')
    """
    last = _ODD.sub("_", sent.replace("\\", "/").rpartition("/")[2]).lstrip(". ")
    stem, dot, ending = last.rpartition(".")
    room = _LONGEST_NAME - len(f".{ending}".encode())
    if room > 0 and dot:
        last = stem.encode()[:room].decode("utf-8", "ignore") + dot + ending
    return last.encode()[:_LONGEST_NAME].decode("utf-8", "ignore") or "archive"
