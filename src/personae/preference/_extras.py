"""What the family needs beyond the core, and what is said where it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from personae.errors import MissingExtra


@contextmanager
def needs(package: str, extra: str = "learn") -> Iterator[None]:
    """Import inside; without the package the extra that holds it is named.

    Raises
    ------
    MissingExtra
        When the import fails.
    """
    try:
        yield
    except ImportError:
        raise MissingExtra(
            f"Learning what people prefer needs {package}: pip install 'personae[{extra}]'."
        ) from None
