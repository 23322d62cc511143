"""The simulator: people in, threads out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from personae.errors import BadInput
from personae.metrics.intervals import RandomState
from personae.synth._streams import seed_of
from personae.synth.population import MadePerson
from personae.synth.threads.grammar import GrammarWriter
from personae.synth.threads.growth import Rules, grow
from personae.synth.threads.members import NAMES, Member, Thread, Writer

N_ASKED = 40  # paper, section 4.2: profiles asked for interest
LEAST_PEOPLE = 3


def make_threads(
    people: Sequence[MadePerson],
    n_threads: int,
    *,
    writer: Writer | None = None,
    rules: Rules | None = None,
    attributes: Sequence[str] = NAMES,
    random_state: RandomState = 0,
) -> Iterator[Thread]:
    """Yield threads, the attributes in turn; thread i is the same whatever `n_threads` is.

    Parameters
    ----------
    people : sequence of MadePerson
    n_threads : int
    writer : Writer, optional
        `GrammarWriter()` without it; `ChatWriter(model)` asks a language model.
    rules : Rules, optional
    attributes : sequence of str
        What topics are meant to draw out.
    random_state : int or numpy Generator

    Raises
    ------
    BadInput
        With fewer than three people, or an attribute that no topic draws out.

    Notes
    -----
    Paper, section 4.2: profile, style, topic, interest, commenting by path scores, tagging, checked labels. A person who
    writes the topic does not comment on it.

    Examples
    --------
    >>> from personae.synth import home_spec, sample
    >>> thread = next(make_threads(list(sample(home_spec(), 30).people()), 1))
    >>> thread.topic.attribute, next(thread.rows())["kind"]
    ('age', 'post')
    """
    if len(people) < LEAST_PEOPLE:
        raise BadInput(f"{len(people)} people cannot hold a conversation; give {LEAST_PEOPLE} or more.")
    if unknown := sorted(set(attributes) - set(NAMES)) or not attributes:
        raise BadInput(f"No topic draws out {unknown or 'nothing'}. Name some of {', '.join(NAMES)}.")
    chosen_writer = writer or GrammarWriter(rules=rules)
    members = chosen_writer.members(list(people))
    seed = seed_of(random_state)
    for number in range(n_threads):
        yield _thread(
            members, number, attributes[number % len(attributes)], chosen_writer, rules or Rules(), seed
        )


def _thread(
    members: list[Member], number: int, attribute: str, writer: Writer, rules: Rules, seed: int
) -> Thread:
    random = np.random.default_rng([seed, number])
    drawn = [members[i] for i in random.permutation(len(members))[: N_ASKED + 1]]
    author, asked = drawn[0], drawn[1:]
    topic = writer.topic(author, attribute, int(random.integers(2**31)))
    words_seed = int(random.integers(2**31))
    interested = [member for member in asked if writer.is_interested(member, topic, words_seed)] or asked[:1]
    tree = grow(len(interested), rules=rules, random_state=random)
    comments = writer.write(topic, interested, tree, words_seed)
    return Thread(
        f"thread-{seed}-{number}",
        topic,
        author,
        tuple(interested),
        tree,
        tuple(comments),
        {"made": True, "writer": writer.name, "seed": seed, "method": "arXiv:2406.07217, section 4"},
    )
