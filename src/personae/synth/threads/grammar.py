"""`home` writes threads: sentences composed from a grammar, so that what each gives away is known, not guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zlib import crc32

import numpy as np

from personae.errors import BadInput
from personae.synth.population import MadePerson
from personae.synth.threads.growth import Rules, Tree
from personae.synth.threads.members import NAMES, Label, Member, Topic, Written, truth_of

YEAR = 2026  # that of `members.START`


class GrammarWriter:
    """Writes topics and comments from `home.yaml`; deterministic under a seed, several thousand comments a second.

    Parameters
    ----------
    rules : Rules, optional
        For the lengths that comments are held to.
    tells, strays : float
        Chance that a comment gives away the thread's attribute, and another one.
    interest : float
        Chance that a member replies at all.

    Notes
    -----
    A clue is laid into a sentence and labeled with its span; the label is kept where the finished comment holds the clue at
    that span: nothing is tagged by a model, and nothing is claimed about prose that a person would write.
    """

    name = "home grammar"

    def __init__(
        self, *, rules: Rules | None = None, tells: float = 0.4, strays: float = 0.06, interest: float = 0.85
    ) -> None:
        self.rules = rules or Rules()
        self.tells = tells
        self.strays = strays
        self.interest = interest

    def members(self, people: list[MadePerson]) -> list[Member]:
        """Return the people, each with the style that its id draws."""
        styles = grammar()["styles"]
        chosen = [styles[crc32(person.id.encode()) % len(styles)] for person in people]
        return [
            Member(person.id, truth_of(person), style["says"], style["example"])
            for person, style in zip(people, chosen, strict=True)
        ]

    def topic(self, author: Member, attribute: str, seed: int) -> Topic:
        """Return one of the grammar's topics for the attribute."""
        topics = grammar()["topics"].get(attribute)
        if topics is None:
            raise BadInput(f"No topic draws out {attribute!r}. Name one of {', '.join(NAMES)}.")
        return Topic(attribute, *topics[seed % len(topics)])

    def is_interested(self, member: Member, topic: Topic, seed: int) -> bool:
        """Return whether the member replies, drawn with chance `interest`."""
        drawn = np.random.default_rng([seed, crc32(f"{member.id}|{topic.question}".encode())])
        return bool(drawn.random() < self.interest)

    def write(self, topic: Topic, members: list[Member], tree: Tree, seed: int) -> list[Written]:
        """Return the words of each node but the topic."""
        random = np.random.default_rng(seed)
        said: set[tuple[int, str]] = set()
        written = []
        for node in range(1, len(tree)):
            author = int(tree.authors[node])
            low, high = self.rules.short_words if tree.is_short[node] else self.rules.long_words
            clue = self._clue(members[author], author, topic, said, random)
            stance = "disagree" if tree.is_critic[node] else "agree"
            written.append(_composed(topic.attribute, clue, stance, (low, high), members[author], random))
            said.update((author, label.attribute) for label in written[-1].labels)
        return written

    def _clue(
        self,
        member: Member,
        place: int,
        topic: Topic,
        said: set[tuple[int, str]],
        random: np.random.Generator,
    ) -> tuple[str, Label] | None:
        """Return a clause that gives an attribute away, each attribute once a member and thread; None for a plain remark."""
        drawn = random.random()
        others = [name for name in member.truth if name != topic.attribute]
        if drawn < self.tells:
            name = topic.attribute
        elif drawn < self.tells + self.strays and others:
            name = others[int(random.integers(len(others)))]
        else:
            return None
        if name not in member.truth or (place, name) in said:
            return None
        options = list(_clues(name, member.truth))
        return options[int(random.integers(len(options)))] if options else None


@lru_cache(maxsize=1)
def grammar() -> dict[str, Any]:
    """Return `home.yaml`."""
    import yaml

    text = files("personae.synth.threads").joinpath("home.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def slots(truth: Mapping[str, str]) -> dict[str, str]:
    """Return what the grammar's slots hold for a person.

    >>> slots({"age": "43"})["decade"], slots({"city_country": "Porto, Portugal"})["country"]
    ('forties', 'Portugal')
    """
    found = dict(truth)
    if truth.get("age", "").isdigit() and 20 <= int(truth["age"]) < 100:
        age = int(truth["age"])
        tens = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")
        found |= {"born": str(YEAR - age), "decade": tens[age // 10 - 2], "finished": str(YEAR - age + 18)}
    for name, city in (("city_country", "city"), ("birth_city_country", "birth_city")):
        if truth.get(name, "").count(",") == 1:
            found[city], found[city.replace("city", "country")] = (
                part.strip() for part in truth[name].split(",")
            )
    if occupation := truth.get("occupation", "").lower():
        found |= {
            "occupation": occupation,
            "a_occupation": f"{'an' if occupation[0] in 'aeiou' else 'a'} {occupation}",
        }
    return found


def _clues(name: str, truth: Mapping[str, str]) -> Iterator[tuple[str, Label]]:
    filled = slots(truth)
    table = grammar()["clues"][name]
    for hardness, text in (*table.get("*", ()), *table.get(truth[name], ())):
        if all(slot in filled for slot in re.findall(r"{(\w+)}", text)):
            is_half = "country}" in text and "city}" not in text
            yield text.format(**filled), Label(name, truth[name], hardness, score=0.5 if is_half else 1.0)


def _composed(
    about: str,
    clue: tuple[str, Label] | None,
    stance: str,
    words: tuple[int, int],
    member: Member,
    random: np.random.Generator,
) -> Written:
    """Return a comment of so many words in the member's style, with the clue's span where it holds one."""
    low, high = words
    goal = int(random.integers(low, (low + 3 * high) // 4 + 1))
    if clue is not None and len(clue[0].split()) > high:
        clue = None
    remarks = [str(remark) for remark in random.permutation(grammar()["remarks"][about])]
    clauses = [clue[0] if clue else remarks.pop()]
    length = len(clauses[0].split())
    for remark in remarks:
        dressed = _dressed(remark, random)
        if length < goal and length + len(dressed.split()) <= high:
            clauses.append(dressed)
            length += len(dressed.split())
    opener = _drawn(grammar()["openers"][stance], random)
    if length + len(opener.split()) <= high and random.random() < 0.5:
        clauses[0] = f"{opener} {clauses[0]}"
    text = _styled(clauses, member, random)
    if clue is None:
        return Written(text)
    start = text.lower().find(_worded(clue[0], member).lower())
    if start < 0:
        return Written(text)
    span = (start, start + len(_worded(clue[0], member)))
    return Written(text, (replace(clue[1], span=span),))


def _dressed(remark: str, random: np.random.Generator) -> str:
    kind = int(random.integers(4))
    hedged = f"{_drawn(grammar()['hedges'], random)} {remark}" if kind in (0, 2) else remark
    return f"{hedged} {_drawn(grammar()['tails'], random)}" if kind in (1, 2) else hedged


def _styled(clauses: list[str], member: Member, random: np.random.Generator) -> str:
    style = _style(member)
    sentences = [_worded(clause, member) for clause in clauses]
    if style.get("shout"):
        sentences = [_shouted(sentence) if i else sentence for i, sentence in enumerate(sentences)]
    if not style.get("lower"):
        sentences = [sentence[0].upper() + sentence[1:] for sentence in sentences]
    ending = _drawn(style.get("ends", ["."]), random)
    joined = ("\n" if style.get("lower") and len(sentences) > 3 else ". ").join(sentences)
    return joined + ending


def _worded(clause: str, member: Member) -> str:
    style = _style(member)
    text = clause.lower() if style.get("lower") else clause
    for long, brief in style.get("swaps", {}).items():
        text = re.sub(rf"\b{long}\b", brief, text)
    return text


def _shouted(sentence: str) -> str:
    words = sentence.split()
    longest = max(range(len(words)), key=lambda i: len(words[i]))
    return " ".join(word.upper() if i == longest else word for i, word in enumerate(words))


def _style(member: Member) -> dict[str, Any]:
    found: dict[str, Any] = next(
        (style for style in grammar()["styles"] if style["says"] == member.style), grammar()["styles"][0]
    )
    return found


def _drawn(options: list[str], random: np.random.Generator) -> str:
    return options[int(random.integers(len(options)))]
