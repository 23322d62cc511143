"""Made users of the persona statements: each is for or against a few personas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personae.papers.harness import Context
from personae.papers.jester import DATA
from personae.preference import Comparisons
from personae.preference.comparisons import Codes

FILE = "persona_statements.jsonl.zst"
N_STATEMENTS = 12  # of each persona that it would say, and as many that it would not
N_PERSONAS = (1, 3)  # that a user is for or against; card: 3 to 8
HELD_OUT = 5  # every fifth persona is met only in tests
N_PAIRS, N_SHOWN = 20, 8


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements by persona: `said[p]` and `not_said[p]` point into `texts`."""

    texts: tuple[str, ...]
    said: tuple[Codes, ...]
    not_said: tuple[Codes, ...]

    def personas(self) -> Codes:
        """Return the persona of each text, shape (n_texts,)."""
        found = np.zeros(len(self.texts), dtype=np.intp)
        for codes in (np.array(self.said), np.array(self.not_said)):
            found[codes] = np.arange(len(codes))[:, None]
        return found


def read_statements(context: Context) -> Statements:
    """Return statements of every persona that has enough of both kinds; a quick run reads 30 personas."""
    by_kind: dict[str, dict[bool, list[str]]] = {}
    for row in context.rows(DATA, FILE):
        if row.get("statement"):
            kinds = by_kind.setdefault(row["persona"], {True: [], False: []})
            kinds[row["matching"] == "Yes"].append(row["statement"].strip())
    random = np.random.default_rng(0)
    texts: list[str] = []
    parts: dict[bool, list[Codes]] = {True: [], False: []}
    for persona in sorted(by_kind)[: 30 if context.quick else None]:
        if min(len(found) for found in by_kind[persona].values()) < N_STATEMENTS:
            continue
        for kind, found in by_kind[persona].items():
            chosen = random.permutation(len(found))[:N_STATEMENTS]
            parts[kind].append(len(texts) + np.arange(N_STATEMENTS))
            texts += [found[place] for place in chosen]
    return Statements(tuple(texts), tuple(parts[True]), tuple(parts[False]))


def users(
    statements: Statements, n_users: int, n_personas: int, *, held_out: bool, seed: int, fifth: int = 0
) -> Comparisons:
    """Return made users' choices between what one of their personas would say and what it would not, drawn for or against it.

    Every fifth persona, from `fifth` on, is held out: users have only these or only others.
    A user's first `N_SHOWN` choices and the others are of different statements.
    """
    random = np.random.default_rng(seed)
    pool = [p for p in range(len(statements.said)) if (p % HELD_OUT == fifth) == held_out]
    own = np.array([random.choice(pool, n_personas, replace=False) for _ in range(n_users)])
    person = np.repeat(np.arange(n_users), N_PAIRS)
    place = random.integers(n_personas, size=len(person))
    persona = own[person, place]
    said, not_said = np.array(statements.said), np.array(statements.not_said)
    half = said.shape[1] // 2
    later = np.tile(np.arange(N_PAIRS) >= N_SHOWN, n_users)
    which = random.integers(half, size=(2, len(person))) + half * later
    is_for = (random.random(own.shape) < 0.5)[person, place]
    yes, no = said[persona, which[0]], not_said[persona, which[1]]
    liked, other = np.where(is_for, yes, no), np.where(is_for, no, yes)
    is_first = random.random(len(person)) < 0.5
    prefix = "new" if held_out else "known"
    return Comparisons(
        tuple(f"{prefix} {code}" for code in range(n_users)),
        tuple(("", text) for text in statements.texts),
        person,
        np.where(is_first, liked, other),
        np.where(is_first, other, liked),
        is_first.astype(float),
        np.ones(len(person)),
    )


def all_shown(statements: Statements, asked: Comparisons) -> Comparisons:
    """Return each user's choices between any two of their persona's shown statements, one that it would say and one not.

    Parameters
    ----------
    statements, asked
        As of `users`, one persona a user: who they are for or against is read off their choices.
    """
    said, not_said = np.array(statements.said), np.array(statements.not_said)
    half = said.shape[1] // 2
    persona = statements.personas()
    is_said = np.isin(asked.a, said)
    firsts = np.searchsorted(asked.person, np.arange(len(asked.people)))
    own, is_for = persona[asked.a[firsts]], (is_said == (asked.chosen > 0.5))[firsts]
    a = np.repeat(said[own, :half], half, axis=1).ravel()
    b = np.tile(not_said[own, :half], (1, half)).ravel()
    person = np.repeat(np.arange(len(own)), half * half)
    return Comparisons(asked.people, asked.items, person, a, b, is_for[person].astype(float), np.ones(len(a)))
