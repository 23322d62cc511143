"""SciPy, for the methods that count in sparse matrices; imported when they learn."""

from __future__ import annotations

from typing import Any

from personae.errors import MissingExtra


def sparse_matrices() -> Any:
    """Return `scipy.sparse`."""
    try:
        from scipy import sparse
    except ImportError:
        raise MissingExtra(
            "Neighbors and factors are sparse matrices: pip install 'personae[learn]'."
        ) from None
    return sparse


def special() -> Any:
    """Return `scipy.special`."""
    try:
        from scipy import special
    except ImportError:
        raise MissingExtra("Log-odds are read by scipy: pip install 'personae[learn]'.") from None
    return special
