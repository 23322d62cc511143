"""Pictures as inline SVG: pure functions from numbers to markup, no script, no remote asset, colors from the page.

Every picture carries its text alternative. Lines and areas use the classes of `templates/report.css` and fall back to
the color of the text around them, so that they also stand in a page without that style.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from personae.report._text import shown

Point = tuple[float, float]
Kept = tuple[float, float, float, float]  # accuracy, share of right guesses, its interval


@dataclass(frozen=True, slots=True)
class Bin:
    """Guesses of about the same probability: their mean probability, the share that was right, and how many there are."""

    probability: float
    right: float
    n: int


@dataclass(frozen=True, slots=True)
class Step:
    """One moment on a line of time: `at` in years as a number (2021.25), the height reached, and what was added."""

    at: float
    height: int
    added: tuple[str, ...] = ()


def percent(share: float) -> str:
    """Write a share in [0, 1] as whole percents; one that is neither none nor all never reads 0% or 100%.

    >>> percent(0.824), percent(0.999), percent(0.001)
    ('82%', 'over 99%', 'under 1%')
    """
    if 0 < share <= 0.005:
        return "under 1%"
    return "over 99%" if 0.995 <= share < 1 else f"{100 * share:.0f}%"


def probability_bar(probability: float, *, tone: str = "inferred", label: str = "") -> Markup:
    """Draw a probability in [0, 1] as ten cells, filled from the left; `tone` is a claim's status."""
    width = 200 * _share(probability)
    cuts = "".join(f"M{20 * cell} 0v12" for cell in range(1, 10))
    body = Markup(
        '<rect class="track" width="200" height="12" rx="2" fill="currentColor" fill-opacity=".15"/>'
        '<rect class="fill-{}" width="{:.1f}" height="12" rx="2" fill="currentColor"/>'
        '<path class="cuts" d="{}" stroke="#fff" stroke-width="2"/>'
    ).format(tone, width, cuts)
    return _svg("cells", 200, 12, label or f"Probability {percent(_share(probability))}", body)


def share_bar(share: float, *, tone: str = "cost", label: str = "") -> Markup:
    """Draw a share in [0, 1] as one thin bar."""
    body = Markup(
        '<rect class="track" width="120" height="6" rx="3" fill="currentColor" fill-opacity=".15"/>'
        '<rect class="fill-{}" width="{:.1f}" height="6" rx="3" fill="currentColor"/>'
    ).format(tone, 120 * _share(share))
    return _svg("thin", 120, 6, label or percent(_share(share)), body, stretch=True)


def interval(value: float, low: float, high: float, *, baseline: float | None = None) -> Markup:
    """Draw a measured share with its interval on a line from 0 to 1; a tick marks the baseline."""
    label = f"{percent(value)} right, between {percent(low)} and {percent(high)}"
    tick = Markup("")
    if baseline is not None:
        label += f"; the commonest answer alone {percent(baseline)}"
        tick = Markup('<path class="tick" d="M{0:.1f} 1v14" stroke="currentColor" stroke-dasharray="2 2"/>').format(
            10 + 140 * _share(baseline)
        )  # fmt: skip
    at, start, stop = (10 + 140 * _share(x) for x in (value, low, high))
    body = Markup(
        '<path class="grid" d="M10 8h140M10 5v6M80 5v6M150 5v6" stroke="currentColor" stroke-opacity=".35"/>{}'
        '<path class="whisker" d="M{:.1f} 8H{:.1f}" stroke="currentColor" stroke-width="4" stroke-opacity=".5"/>'
        '<circle class="dot" cx="{:.1f}" cy="8" r="4.5" fill="currentColor"/>'
    ).format(tick, start, stop, at)
    return _svg("interval", 160, 16, label, body)


def reliability(series: Sequence[tuple[str, Sequence[Bin]]], *, title: str) -> Markup:
    """Draw probability claimed (across) against share right (up), one line for each named series.

    On the diagonal a claimed 80% is right 80 times in 100; below it, claims are surer than they should be. The area of a
    dot grows with the number of guesses in its bin.
    """
    size, left, top = 170.0, 38.0, 8.0
    most = max((b.n for _, bins in series for b in bins), default=1)
    lines = [
        _dots(
            [(left + size * b.probability, top + size * (1 - b.right), b.n / max(most, 1)) for b in bins], k
        )
        for k, (_, bins) in enumerate(series)
    ]
    words = "; ".join(
        f"{name}: " + ", ".join(f"said {percent(b.probability)}, right {percent(b.right)}" for b in bins)
        for name, bins in series
    )
    diagonal = Markup(
        '<path class="diagonal" d="M{} {}L{} {}" stroke="currentColor" stroke-dasharray="3 3"/>'
    ).format(left, top + size, left + size, top)
    body = _square(left, top, size, "claimed", "right") + diagonal + Markup("").join(lines)
    return _svg("square", 216, 216, f"{title}. {words}", body)


def risk_coverage(series: Sequence[tuple[str, Sequence[Point]]], *, title: str) -> Markup:
    """Draw the share of wrong guesses (up) among the most confident share of people (across), one line a series."""
    size, left, top = 170.0, 38.0, 8.0
    lines = [
        _dots([(left + size * x, top + size * (1 - y), 0.0) for x, y in points], k)
        for k, (_, points) in enumerate(series)
    ]
    words = "; ".join(
        f"{name}: " + ", ".join(f"answering {percent(x)}, wrong {percent(y)}" for x, y in points)
        for name, points in series
    )
    body = _square(left, top, size, "answered", "wrong") + Markup("").join(lines)
    return _svg("square", 216, 216, f"{title}. {words}", body)


def tradeoff(points: Sequence[Point], *, title: str) -> Markup:
    """Draw what is hidden (up) against the text that is kept (across), shares in [0, 1], from the first state to the last."""
    size, left, top = 170.0, 48.0, 8.0
    dots = [
        (
            left + size * _share(kept),
            top + size * (1 - _share(hidden)),
            0.02 if 0 < k < len(points) - 1 else 0.4,
        )
        for k, (kept, hidden) in enumerate(points)
    ]
    ends = [points[0], points[-1]] if points else []
    words = "; ".join(f"keeping {percent(kept)}, hidden {percent(hidden)}" for kept, hidden in ends)
    body = _square(left, top, size, "kept", "hidden") + _dots(dots, 0)
    return _svg("square", 226, 216, f"{title}. {words}", body)


def defences(series: Sequence[tuple[str, Sequence[Kept]]], *, title: str) -> Markup:
    """Draw how often an attack guesses right (up) against the accuracy that is left (across), one line a defence as it grows.

    The dashed line is chance, one half.
    """
    size, left, top = 170.0, 38.0, 8.0
    lines = [
        _dots([(left + size * _share(x), top + size * (1 - _share(y)), 0.1) for x, y, *_ in points], k)
        for k, (_, points) in enumerate(series)
    ]
    words = "; ".join(
        f"{name}: " + ", ".join(f"accurate {percent(x)}, told {percent(y)}" for x, y, *_ in points)
        for name, points in series
    )
    chance = Markup('<path class="diagonal" d="M{} {}h{}" stroke="currentColor" stroke-dasharray="3 3"/>').format(
        left, top + size / 2, size
    )  # fmt: skip
    body = _square(left, top, size, "accurate", "told") + chance + Markup("").join(lines)
    return _svg("square", 216, 216, f"{title}. {words}", body)


def timeline(steps: Sequence[Step], start: float, end: float, *, title: str) -> Markup:
    """Draw how a count grows over time as a staircase from `start` to `end`, both in years as a number."""
    left, right, top, bottom = 30.0, 450.0, 14.0, 150.0
    span, most = max(end - start, 1 / 12), max((step.height for step in steps), default=1)

    def place(at: float, height: float) -> Point:
        return left + (right - left) * (at - start) / span, bottom - (bottom - top) * height / most

    path, dots = f"M{left:.1f} {bottom:.1f}", []
    for step in steps:
        x, y = place(step.at, step.height)
        path += f"H{x:.1f}V{y:.1f}"
        dots.append(
            Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="4" fill="currentColor"/>').format(x, y)
        )
    body = Markup(
        '{}{}<path class="area" d="{}H{}V{}Z" fill="currentColor" fill-opacity=".12"/>'
        '<path class="line" d="{}H{}" fill="none" stroke="currentColor" stroke-width="2.5"/>{}'
    ).format(
        _years(start, start + span, left, right, bottom), _counts(most, left, right, top, bottom),
        path, right, bottom, path, right, Markup("").join(dots),
    )  # fmt: skip
    words = "; ".join(f"{int(s.at)}: {s.height} ({', '.join(s.added)})" for s in steps)
    return _svg("stair", 460, 176, f"{title}. {words}", body)


def _years(start: float, end: float, left: float, right: float, bottom: float) -> Markup:
    first, last = int(start) + (start > int(start)), int(end)
    every = max(1, -(-(last - first + 1) // 8))
    marks = [
        (year, left + (right - left) * (year - start) / (end - start))
        for year in range(first, last + 1, every)
    ]
    return Markup("").join(
        Markup('<path class="grid" d="M{0:.1f} {1}v5" stroke="currentColor"/>'
               '<text x="{0:.1f}" y="{2}" text-anchor="middle">{3}</text>').format(x, bottom, bottom + 20, year)
        for year, x in marks
    )  # fmt: skip


def _counts(most: int, left: float, right: float, top: float, bottom: float) -> Markup:
    every = max(1, -(-most // 4))
    return Markup("").join(
        Markup('<path class="grid" d="M{0} {1:.1f}H{2}" stroke="currentColor" stroke-opacity=".2"/>'
               '<text x="{3}" y="{4:.1f}" text-anchor="end">{5}</text>').format(
            left, bottom - (bottom - top) * count / most, right, left - 8, bottom - (bottom - top) * count / most + 4, count
        )
        for count in range(0, most + 1, every)
    )  # fmt: skip


def _square(left: float, top: float, size: float, across: str, up: str) -> Markup:
    bottom, right = top + size, left + size
    return Markup(
        '<path class="frame" d="M{0} {1}V{2}H{3}" fill="none" stroke="currentColor" stroke-opacity=".5"/>'
        '<path class="grid" d="M{0} {4}H{3}M{5} {1}V{2}" stroke="currentColor" stroke-opacity=".2"/>'
        '<text x="{0}" y="{6}">0</text><text x="{3}" y="{6}" text-anchor="end">100%</text>'
        '<text x="{5}" y="{6}" text-anchor="middle">{7}</text>'
        '<text x="{8}" y="{2}" text-anchor="end">0</text><text x="{8}" y="{9}" text-anchor="end">100%</text>'
        '<text x="{8}" y="{4}" text-anchor="end" dy="4">{10}</text>'
    ).format(
        left, top, bottom, right, top + size / 2, left + size / 2, bottom + 18, across, left - 6, top + 9, up
    )


def _dots(points: Sequence[tuple[float, float, float]], series: int) -> Markup:
    """Draw points (x, y, size in [0, 1]) joined by a line, in the style of the n-th series."""
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in points) if points else ""
    circles = Markup("").join(
        Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" fill="currentColor"/>').format(x, y, 2.5 + 3.5 * size**0.5)
        for x, y, size in points
    )  # fmt: skip
    return Markup(
        '<g class="series-{}"><path d="{}" fill="none" stroke="currentColor" stroke-width="2"/>{}</g>'
    ).format(series % 4, path, circles)


def _svg(kind: str, width: int, height: int, label: str, body: Markup, *, stretch: bool = False) -> Markup:
    return Markup(
        '<svg class="plot {}" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}" '
        'preserveAspectRatio="{}" font-size="12" fill="currentColor">{}</svg>'
    ).format(kind, shown(label), width, height, width, height, "none" if stretch else "xMinYMin", body)


def _share(value: float) -> float:
    return min(1.0, max(0.0, value)) if value == value else 0.0
