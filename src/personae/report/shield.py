"""The page about a shielded archive: what an attacker could tell before and after, what is left, and each line that changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from markupsafe import Markup

from personae.people.attributes import Attribute
from personae.report import plots
from personae.report._file import styled, write_page
from personae.report._text import shown
from personae.report._views import LONGEST
from personae.report._words import count, label_of, moment, value_of

PEOPLE = 50  # shown on one page
LINES = 200  # changed lines shown of one person
RISE = 0.005  # in probability, above which an exposure counts as raised


@dataclass(frozen=True, slots=True)
class Exposed:
    """One attribute: the attacker's best guess and its probability before and after, and what is known of anybody.

    `state` is in the shield's words; `margin` how far above `floor` the shield stops, 0 where the target decides; `kept` what the
    text still says in plain words.
    """

    attribute: str
    value_before: str
    before: float
    value_after: str
    after: float
    floor: float
    state: str
    margin: float = 0.0
    raised: bool = False
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """One line: where it stands, its text, and what was replaced in it as (start, end, new words)."""

    where: str
    text: str
    edits: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class ShieldedPerson:
    """One person's part of the page. `curve` holds (share of words kept, mean probability of a best guess).

    `repeated` counts what was taken out of others' lines because it was taken out of the person's; `rewritten` the lines that a
    language model wrote anew, its replies of no use, and its lines that were refused.
    """

    person: str
    lines: int
    exposure: tuple[Exposed, ...]
    words_kept: float
    rouge_l: float
    cosine: float
    curve: tuple[tuple[float, float], ...]
    changed: tuple[Changed, ...]
    repeated: int = 0
    rewritten: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class ShieldReport:
    """Everything the page says. `left_out` names files of the archive that were not carried over.

    `columns` names a table's columns that stay as they are, `naming` those of them that tell who people are, `renamed` those in
    which names became pseudonyms.
    """

    people: Sequence[ShieldedPerson]
    format: str
    level: str
    attacker: str
    written: str
    left_out: tuple[str, ...] = ()
    made: date | None = None
    version: str = ""
    attributes: tuple[Attribute, ...] = ()
    columns: tuple[str, ...] = ()
    naming: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute as a table shows it, in words and as bars."""

    label: str
    before: str
    after: str
    floor: str
    state: str
    missed: bool
    raised: bool
    bar_before: Markup
    bar_after: Markup


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    lead: str
    rows: tuple[Row, ...]
    utility: tuple[tuple[str, str], ...]
    picture: Markup
    lines: tuple[tuple[str, Markup], ...]
    left: int


def render_shield(report: ShieldReport) -> str:
    """Return the page as one HTML text, escaped by the template environment, that loads nothing."""
    known = {each.name: each for each in report.attributes}
    people = tuple(_person(person, known) for person in report.people[:PEOPLE])
    files = tuple(shown(name, LONGEST) for name in report.left_out[:20])
    return styled(
        "shield.html.j2", report=report, people=people, more=max(0, len(report.people) - PEOPLE), files=files,
        columns=tuple(shown(name, LONGEST) for name in report.columns),
        naming=tuple(shown(name, LONGEST) for name in report.naming),
        renamed=tuple(shown(name, LONGEST) for name in report.renamed), made=moment(report.made),
    )  # fmt: skip


def write_shield(report: ShieldReport, path: Path) -> Path:
    """Write the page in one step, readable by its owner only; raises `BadInput` where it cannot be written."""
    return write_page(render_shield(report), path)


def _person(person: ShieldedPerson, known: dict[str, Attribute]) -> _Person:
    lead = (
        f"{count(len(person.changed), 'line')} of {person.lines:,} changed; {plots.percent(person.words_kept)} of the words "
        f"still stand. {counted(person.exposure)}"
    )
    if person.repeated:
        lead += f" {count(person.repeated, 'repetition')} of what was taken out went from the lines of others too."
    lead += rewritten(*person.rewritten) + _surer(person.curve[0][1], person.curve[-1][1])
    utility = (
        ("words kept", plots.percent(person.words_kept)),
        ("ROUGE-L", f"{person.rouge_l:.2f}"),
        ("meaning kept (cosine)", f"{person.cosine:.2f}"),
    )
    curve = [(kept, 1.0 - exposed) for kept, exposed in person.curve]
    return _Person(
        shown(person.person, LONGEST),
        lead,
        tuple(row_of(row, known) for row in person.exposure),
        utility,
        plots.tradeoff(curve, title="What is hidden against the text that is kept"),
        tuple((shown(line.where, LONGEST), struck(line)) for line in person.changed[:LINES]),
        max(0, len(person.changed) - LINES),
    )


def rewritten(written: int, unusable: int, refused: int) -> str:
    """Return in sentences what came of a language model that rewrites; nothing where none was asked.

    >>> rewritten(2, 1, 0)
    ' A language model wrote 2 lines anew. 1 reply or line of it could not be used.'
    """
    if not written + unusable + refused:
        return ""
    said = f" A language model wrote {count(written, 'line')} anew."
    if unusable:
        said += (
            f" {unusable} {'reply or line' if unusable == 1 else 'replies or lines'} of it could not be used."
        )
    if refused:
        said += f" {count(refused, 'line')} of it {'was' if refused == 1 else 'were'} refused for giving away more than before."
    return said


def _surer(before: float, after: float) -> str:
    """Return in a sentence that the attacker is surer on average after than before; nothing where it is not.

    >>> _surer(0.24, 0.27), _surer(0.27, 0.24)
    (' On average this attacker is surer after than before: 24% before, 27% after.', '')
    """
    if after - before <= RISE:
        return ""
    return (
        f" On average this attacker is surer after than before: {plots.percent(before)} before, "
        f"{plots.percent(after)} after."
    )


def counted(exposure: Sequence[Exposed]) -> str:
    """Return in a sentence how many attributes are in each state, how many fell and how many rose."""
    states = Counter(row.state for row in exposure)
    fell = [row for row in exposure if row.before - row.after > RISE]
    said = ", ".join(f"{n} {state}" for state, n in states.items())
    rose = sum(row.raised for row in exposure)
    return f"Of {count(len(exposure), 'attribute')}, {said}; {len(fell)} fell, {rose} rose."


def row_of(row: Exposed, known: dict[str, Attribute] | None = None) -> Row:
    """Return an attribute's row; `known` has the attributes by name."""

    def said(value: str, chance: float) -> str:
        named = shown(value_of(row.attribute, value), LONGEST) if value else "no guess"
        return f"{named}, {plots.percent(chance)}" if value else named

    return Row(
        shown(label_of(row.attribute, known or {}), LONGEST),
        said(row.value_before, row.before),
        said(row.value_after, row.after),
        plots.percent(row.floor) + (f" + {plots.percent(row.margin)}" if row.margin else ""),
        row.state + (f", {row.kept}" if row.kept else ""),
        row.state == "not reached",
        row.raised,
        plots.share_bar(row.before, label=f"Before: {plots.percent(row.before)}"),
        plots.share_bar(row.after, label=f"After: {plots.percent(row.after)}"),
    )


def struck(line: Changed) -> Markup:
    """Return a line as HTML, what was taken out struck through and what was put in after it.

    >>> str(struck(Changed("a:1", "in <Porto>", ((3, 10, "a city"),))))
    'in <del>&lt;Porto&gt;</del><ins>a city</ins>'
    """
    pieces: list[Markup] = []
    at = 0
    for start, end, words in _ordered(line.edits):
        pieces.append(Markup("{}").format(shown(line.text[at:start])))
        pieces.append(
            Markup("<del>{}</del>").format(shown(line.text[start:end])) if end > start else Markup("")
        )
        pieces.append(Markup("<ins>{}</ins>").format(shown(words)) if words else Markup(""))
        at = end
    return Markup("").join([*pieces, Markup("{}").format(shown(line.text[at:]))])


def _ordered(edits: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    return sorted(edits)
