"""Pictures in files, by matplotlib (extra `plots`): the same numbers that `personae.report.plots` draws inside a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from personae.errors import BadInput, MissingExtra
from personae.report.plots import Bin, Kept, Point

FORMS = (".png", ".svg", ".pdf")
Shot = tuple[int, float, float, float]  # choices seen, share right, its interval


def draw_reliability(series: Sequence[tuple[str, Sequence[Bin]]], path: Path, *, title: str) -> None:
    """Write a reliability diagram: probability claimed against share right, dots by the number of guesses.

    Parameters
    ----------
    series : sequence of (name, bins)
    path : Path
        Its ending, one of `FORMS`, is the form.

    Raises
    ------
    BadInput
        When the ending is another.
    MissingExtra
        Without matplotlib.
    """
    figure, axes = _axes(path, title, "claimed", "right")
    axes.plot([0, 1], [0, 1], linestyle="--", color="gray", linewidth=1)
    most = max((each.n for _, bins in series for each in bins), default=1)
    for name, bins in series:
        x, y = [each.probability for each in bins], [each.right for each in bins]
        (line,) = axes.plot(x, y, linewidth=1.5, label=name)
        axes.scatter(x, y, [10 + 90 * each.n / most for each in bins], color=line.get_color(), zorder=3)
    _write(figure, axes, path)


def draw_risk_coverage(series: Sequence[tuple[str, Sequence[Point]]], path: Path, *, title: str) -> None:
    """Write risk-coverage curves: the share wrong among the most confident share, from few answered to all.

    Parameters
    ----------
    series : sequence of (name, points)
        Points are (coverage, risk), both in [0, 1].
    path, and what is raised
        As in `draw_reliability`.
    """
    figure, axes = _axes(path, title, "answered", "wrong")
    for name, points in series:
        axes.plot(
            [x for x, _ in points], [y for _, y in points], linewidth=1.5, drawstyle="steps-post", label=name
        )
    _write(figure, axes, path)


def draw_shots(series: Sequence[tuple[str, Sequence[Shot]]], path: Path, *, title: str) -> None:
    """Write how often each method is right about people it meets, by how many of their choices it has seen.

    Parameters
    ----------
    series : sequence of (name, shots)
        Shots are (count, value, low, high): a share in [0, 1] with its interval, drawn as a band.
    path, and what is raised
        As in `draw_reliability`.
    """
    figure, axes = _axes(path, title, "choices seen", "right")
    counts = sorted({count for _, shots in series for count, *_ in shots})
    drawn = [end for _, shots in series for _, *ends in shots for end in ends]
    axes.set(xlim=(min(counts, default=0), max(counts, default=1)), xticks=counts)
    axes.set_ylim(max(0.0, min(drawn, default=0) - 0.02), min(1.0, max(drawn, default=1) + 0.02))
    for name, shots in series:
        x, value, low, high = zip(*shots, strict=True)
        (line,) = axes.plot(x, value, linewidth=1.5, marker="o", markersize=3, label=name)
        axes.fill_between(x, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
    _write(figure, axes, path)


def draw_defences(series: Sequence[tuple[str, Sequence[Kept]]], path: Path, *, title: str) -> None:
    """Write how often an attack guesses right against the accuracy that is left, one line a defence as it grows.

    Parameters
    ----------
    series : sequence of (name, points)
        Points are (accuracy, share of right guesses, low, high), the weakest defence first.
    path, and what is raised
        As in `draw_reliability`.
    """
    figure, axes = _axes(path, title, "accuracy left", "guessed right")
    drawn = [(x, end) for _, points in series for x, *ends in points for end in ends]
    axes.set_xlim(min((x for x, _ in drawn), default=0) - 0.02, max((x for x, _ in drawn), default=1) + 0.02)
    axes.set_ylim(min((y for _, y in drawn), default=0) - 0.02, max((y for _, y in drawn), default=1) + 0.02)
    axes.axhline(0.5, linestyle="--", color="gray", linewidth=1)
    for name, points in series:
        x, y, low, high = (list(each) for each in zip(*points, strict=True))
        spread = [
            [v - end for v, end in zip(y, low, strict=True)],
            [end - v for v, end in zip(y, high, strict=True)],
        ]
        axes.errorbar(
            x, y, spread, linewidth=1.5, marker="o", markersize=4, elinewidth=0.8, capsize=2, label=name
        )
    _write(figure, axes, path)


def check_picture(path: Path) -> None:
    """Refuse a picture that cannot be written there, before the work that it is to show.

    Raises
    ------
    BadInput
        When the ending is none of `FORMS`, or the folder is not there.
    MissingExtra
        Without matplotlib.
    """
    if path.suffix.lower() not in FORMS:
        raise BadInput(
            f"{path.name}: pictures are written as {', '.join(FORMS)}; give the file one of these endings."
        )
    if not path.absolute().parent.is_dir():
        raise BadInput(
            f"{path.name}: cannot be written, its folder is not there. Make it, or name another place."
        )
    _figure_class()


def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("Pictures in files need matplotlib: pip install 'personae[plots]'.") from None
    return Figure


def _axes(path: Path, title: str, across: str, up: str) -> tuple[Any, Any]:
    check_picture(path)
    figure = _figure_class()(figsize=(5.5, 5.0), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=across, ylabel=up, title=title)
    axes.title.set_fontsize(10)
    return figure, axes


def _write(figure: Any, axes: Any, path: Path) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False)
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        figure.savefig(temporary, dpi=150, format=path.suffix[1:].lower())
        temporary.replace(path)
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written ({error.strerror}). Name a file in a folder of yours."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
