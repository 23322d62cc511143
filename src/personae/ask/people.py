"""A store as a table: one row a person, from the current claims and the counts of what the person left."""

from __future__ import annotations

from collections import Counter

from personae.ask.table import Table, table_of
from personae.errors import BadInput
from personae.people.store import Store

PAGE = 500  # people read at once


def people_table(store: Store) -> Table:
    """Return one row a person: each claimed attribute that is told, and how many traces there are, by source, and for how long.

    A claim that abstains, or that another has superseded, leaves its cell empty.

    Raises
    ------
    BadInput
        When the store holds nobody.
    """
    people = store.summaries()
    if not people:
        raise BadInput(f"{store.path}: nobody is in this store. `personae reveal FILE --store` fills it.")
    claims: dict[str, dict[str, str]] = {}
    for start in range(0, len(people), PAGE):
        page = [each.person for each in people[start : start + PAGE]]
        for person, profile in store.profiles(page).items():
            told = [c for c in profile.current if not c.abstained and c.best]
            claims[person] = {c.attribute: c.best.value for c in told if c.best}
    sources = [source for source, _ in Counter(s for each in people for s in each.sources).most_common(20)]
    attributes = sorted({name for told in claims.values() for name in told})
    columns: dict[str, list[object]] = {
        "person": [each.person for each in people],
        "traces": [each.traces for each in people],
        "days": [(e.last - e.first).days if e.first and e.last else None for e in people],
        **{f"from {source}": [int(source in each.sources) for each in people] for source in sources},
        **{name: [claims.get(each.person, {}).get(name) for each in people] for name in attributes},
    }
    words = {"traces": "number of traces", "days": "days between the first and the last trace"}
    return table_of(columns, name=store.path.name, descriptions=words)
