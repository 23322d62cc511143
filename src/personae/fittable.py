"""What every method that learns has in common: asked before `fit`, it says so in the same words everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from personae.errors import NotFitted


class Fittable:
    """Base of what `fit` makes ready: names that end in "_" are there after it, and asking for one before is an error.

    >>> Fittable().weights_
    Traceback (most recent call last):
    ...
    personae.errors.NotFitted: This Fittable has learned nothing yet; call `fit` first.
    """

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            kind = type(self)
            if (name.endswith("_") and not name.startswith("_")) or hasattr(kind, name):
                raise NotFitted(f"This {kind.__name__} has learned nothing yet; call `fit` first.")
            raise AttributeError(f"{kind.__name__} has no {name!r}.")
