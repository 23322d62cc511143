"""Templates to pages, and pages to files: one style, one policy that lets a page load nothing, one way to write it whole."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from personae.errors import BadInput
from personae.report import plots
from personae.report._text import shown
from personae.report._words import count, listing, moment, number

if TYPE_CHECKING:
    from jinja2 import Environment

_MARK = b'<meta name="generator" content="personae">'  # of a page that may be written over
TEMPLATES = Path(__file__).parent / "templates"


def styled(template: str, **content: Any) -> str:
    """Return a page made from a template.

    Everything that comes from a trace, a claim or an error is escaped, and its hidden characters are written out, by the
    template environment itself: no template can forget it.
    """
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    return environment().get_template(template).render(css=Markup(css), policy=policy, **content)


def write_page(page: str, path: Path) -> Path:
    """Write a page in one step, readable by its owner only: a broken run leaves the old file as it was.

    Raises
    ------
    BadInput
        When the folder does not exist or cannot be written to, or the file is there and is no page of this package.
    """
    if _is_foreign(path):
        raise BadInput(
            f"{path}: is there and was not written by personae. Name another place with --out, or remove it."
        )
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be written ({error.strerror}). Name another place with --out."
        ) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(page.encode())
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise BadInput(
            f"{path}: cannot be written ({error.strerror}). Name another place with --out."
        ) from error
    return path


def _is_foreign(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return _MARK not in stream.read(1024)
    except OSError:
        return False


@lru_cache
def environment(*folders: Path) -> Environment:
    """Return the environment of these templates, and of those in other folders: what they show is escaped, always."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader((*folders, TEMPLATES)),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else shown(str(value)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=count, number=number, listing=listing, moment=moment, percent=plots.percent
    )
    return environment
