"""Which platform an archive comes from, told by what its files hold."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import cast

from personae.errors import BadInput
from personae.people.archives._source import Source, printable
from personae.people.archives.rows import Importer, Options


@dataclass(frozen=True, slots=True)
class Format:
    """A format that can be read: its name, the module that reads it, and what gives it away."""

    name: str
    module: str
    mark: str


_PACKED = (".zip", ".tar", ".tar.gz", ".tgz")
_HERE = "personae.people.archives."
FORMATS: tuple[Format, ...] = (
    Format("chatgpt", _HERE + "chatgpt", "conversations.json with `mapping`"),
    Format("claude", _HERE + "claude", "conversations.json with `chat_messages`"),
    Format("reddit", _HERE + "reddit", "CSV files with `permalink` and `subreddit`, or a dump (.zst) of such JSON lines"),
    Format("x", _HERE + "x", "data/*.js files that begin with `window.YTD`"),
    Format("mastodon", _HERE + "mastodon", "outbox.json with `orderedItems`"),
    Format("whatsapp", _HERE + "whatsapp", "a chat text with lines such as `12/08/2016, 16:20 - Name: ...`"),
    Format("telegram", _HERE + "telegram", "result.json with `messages` or `chats`"),
    Format("spotify", _HERE + "spotify", "JSON files with `msPlayed` or `ms_played`"),
    Format("google", _HERE + "google", "a Takeout with MyActivity.json or history files"),
    Format("instagram", _HERE + "instagram", "JSON files with `string_map_data` or `sender_name`"),
    Format("discord", _HERE + "discord", "messages/ with `Contents` and `Timestamp`"),
    Format("table", "personae.people.tables", "JSONL, CSV or Parquet with columns `person` and `text` (rename with --map)"),
    Format("messages", _HERE + "messages", "JSON lines with `messages`, `conversations`, `prompt` or `text`"),
    Format("plain", _HERE + "plain", "text or Markdown files, or a folder of them with one sub-folder a person"),
)  # fmt: skip


def importer(name: str) -> Importer:
    """Return the module that reads a format."""
    return cast("Importer", import_module(next(f.module for f in FORMATS if f.name == name)))


def detect_format(source: Source, options: Options | None = None) -> str:
    """Return the name of the format that the content fits best, the first of `FORMATS` among equals.

    Options that rename columns say that it is a table.

    Raises
    ------
    BadInput
        When no format fits; the message lists what was looked for.
    """
    if options is not None and options.columns:
        return "table"
    sure = {form.name: importer(form.name).detect(source) for form in FORMATS}
    best = max(sure, key=lambda name: sure[name])
    if sure[best] > 0.0:
        return best
    if not any(source.head(name).strip() for name in source.names) and not source.refused:
        raise BadInput(f"{printable(source.path.name)}: nothing is in it. Download or export it again.")
    if inner := _packed_inside(source):
        raise BadInput(
            f"{printable(source.path.name)}: holds another archive, {printable(inner)}. Unpack it once, and give what comes out."
        )
    looked = ", ".join(form.name for form in FORMATS)
    column = import_module("personae.people.tables").lacking(source)
    mend = f" As a table it lacks a column {column!r}: say which with --map {column}=NAME." if column else ""
    refused = f" {len(source.refused)} of its files were refused." if source.refused else ""
    raise BadInput(
        f"{printable(source.path.name)}: no format that is known.{mend}{refused} Looked for: {looked}. Give the archive as it "
        "was downloaded, or a table with columns person and text."
    )


def _packed_inside(source: Source) -> str:
    """Return the name of a zip or tar that lies packed in a zip or tar; "" where there is none."""
    inside = (name for name in source.names if name.lower().endswith(_PACKED) and source.local(name) is None)
    return next(inside, "")
