"""Model people from the traces they leave, and measure what those traces give away.

Examples
--------
>>> import personae
>>> for reading in personae.reveal("examples/chatgpt-export.zip", only=["occupation"]):  # doctest: +SKIP
...     print([(claim.best.value, claim.best.probability) for claim in reading.current])
"""

from __future__ import annotations

TYPE_CHECKING = (
    False  # as in `typing`, which takes longer to import than all else here: an early Ctrl-C would land in it
)
if TYPE_CHECKING:
    from typing import Any

    from personae.infer.reveal import Revealed, reveal
    from personae.people.store import Store

__version__ = "0.1.0"
__all__ = ["Revealed", "Store", "__version__", "reveal"]

_HOMES = {
    "Revealed": "personae.infer.reveal",
    "Store": "personae.people.store",
    "reveal": "personae.infer.reveal",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'personae' has no attribute {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
