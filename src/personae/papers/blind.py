"""What a benchmark gives away unread, as rows: every paper whose items have options prints them, replayed or live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personae.metrics.intervals import Clusters
from personae.metrics.shortcuts import Choice, Shortcut, shortcuts
from personae.papers.harness import Comparison, Context, compare


def blind_rows(
    context: Context,
    setting: str,
    items: Sequence[Choice],
    *,
    clusters: Clusters | None = None,
    metric: str = "accuracy",
) -> Iterator[Comparison]:
    """Yield every shortcut's accuracy on items, best first; intervals over `clusters`."""
    found = shortcuts(items, clusters=clusters, draws=context.draws, random_state=context.seed)
    yield from shortcut_rows(setting, found, metric=metric)


def shortcut_rows(
    setting: str, found: Sequence[Shortcut], *, metric: str = "accuracy"
) -> Iterator[Comparison]:
    """Yield a row for each shortcut that was measured."""
    for shortcut in found:
        yield compare(setting, metric, f"shortcut: {shortcut.name}", shortcut.accuracy)
