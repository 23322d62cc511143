"""One wish, one answer: the whole conversation without a turn back, for code and for `personae ask --yes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from personae.ask.conversation import Reader, Rules
from personae.ask.engineer import Track, engineer
from personae.ask.formulate import fill, petel_of
from personae.ask.petel import Method, Metric, PeTEL
from personae.ask.summary import Asked, sum_up
from personae.ask.table import Look, Table, read_table
from personae.ask.understand import Reading
from personae.errors import BadInput
from personae.models.encoder import Encoder, home_encoder


def ask(
    table: Table | Path | str,
    goal: str,
    *,
    target: str = "",
    keep: Sequence[str] = (),
    leave_out: Sequence[str] = (),
    metric: Metric | None = None,
    cv_methods: Sequence[Method] = (),
    split_by: str = "",
    descriptions: Mapping[str, str] | None = None,
    encoder: Encoder | None = None,
    reader: Reader | None = None,
    random_state: int = 0,
    track: Track = lambda methods: methods,
) -> Asked:
    """Ask a table for a prediction, in words.

    Parameters
    ----------
    table : Table or path
    goal : str
        Such as "predict who earns over 50K".
    target : str
        A column, or a condition such as "hours over 50", in place of the one that the goal seems to mean.
    keep, leave_out : sequence of str
        Columns that must be, or must not be, features; leaks are left out unless kept.
    metric : Metric, optional
        That decides.
    cv_methods : sequence of Method
        To compare; all of the problem's without it.
    split_by : str
        The column that says whose row it is.
    descriptions : mapping from column to text
        A data dictionary.
    encoder : Encoder, optional
        The shipped one without it.
    reader : Reader, optional
        `personae.ask.agents.MicroAgents` in place of the rules.
    random_state : int
    track : callable, optional
        Shows progress over the methods.

    Raises
    ------
    BadInput
        When the goal cannot be told, no column fits it, or the table has too little.
    """
    table = table if isinstance(table, Table) else read_table(table, descriptions=descriptions)
    look = table.look()
    for name in (*keep, *leave_out, *filter(None, [split_by])):
        look[name]
    if not target:
        reader = reader or Rules(look, encoder or home_encoder())
    reading = _fitting(reader, goal, look) if reader and not target else None
    petel = petel_of(reading, goal) if reading else _named(target, goal, look)
    if petel.problem_type is None:
        raise BadInput("The goal does not say what is to be predicted. Name a column with --target.")
    own = [*petel.model_dump()["left_out"], *({"column": n, "reason": "you asked for it"} for n in leave_out)]
    slots: dict[str, object] = {"left_out": own, "random_state": random_state}
    if metric:
        slots["performance_metrics"] = (metric,)
    if cv_methods:
        slots["model_preferences"] = tuple(cv_methods)
    elif reader:
        slots["model_preferences"] = reader.methods(petel.problem_type)
    if split_by:
        slots["data_split"] = {"kind": "person", "column": split_by}
    filled = fill(petel.changed(**slots), table, keep=tuple(keep))
    outcome = engineer(filled.petel, table, track=track)
    warnings = (*_doubt(reading), *filled.warnings)
    return Asked(table, look, filled.petel, warnings, outcome, sum_up(outcome, look))


def _doubt(reading: Reading | None) -> tuple[str, ...]:
    """Return the warning that a goal may mean another column too, where it may."""
    if reading is None or reading.is_sure or not reading.target:
        return ()
    others = " or ".join(repr(each.column) for each in reading.targets[:3] if each.column != reading.target)
    return (
        f"The goal was taken to mean {reading.target!r}; it may mean {others}. --target names the column.",
    )


def _fitting(reader: Reader, goal: str, look: Look) -> Reading:
    reading = reader.reading(goal)
    if not reading.fits:
        raise BadInput(
            f"No column fits that goal; name one with --target. Columns: {', '.join(c.name for c in look.columns)}."
        )
    return reading


def _named(target: str, goal: str, look: Look) -> PeTEL:
    from personae.ask.derive import columns_of
    from personae.ask.understand import problem_of

    if target in look:
        return PeTEL(problem_type=problem_of(look[target], goal), target_variable=target, objective=goal)
    name = columns_of(target, look)[0]
    return PeTEL(
        problem_type="classification", target_variable=name, target_expression=target, objective=goal
    )
