"""The facts of a made life: drawn once from what is known, told by a grammar, and read back to find contradictions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from personae.people.attributes import ATTRIBUTES
from personae.synth.panorama.profiles import AS_OF
from personae.synth.population import MadePerson

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
_PARENTS = ("a baker", "a driver", "a teacher", "a clerk", "a nurse", "a farmer", "a mechanic", "a cook")
_MATTERS = (
    "that people say what they mean", "time with the few I love", "doing a thing properly once", "that nobody is left behind",
    "being left in peace", "that my word counts",
)  # fmt: skip
_WORRIES = {
    "no": "I have no money of my own, and I count every coin I am given.",
    "low": "It is tight. By the twentieth I know which bills can wait.",
    "middle": "We manage. A broken car would hurt, but it would not sink me.",
    "high": "I earn well, and I worry more about time than about bills.",
    "very high": "Money is the least of it. I have more than I need and know it.",
}
_SCHOOLING = {
    "No Highschool": "I left before I had a diploma, because there was work to be done.",
    "In Highschool": "I am still at high school and count the months.",
    "HS Diploma": "I have my high school diploma and nothing after it.",
    "In College": "I am in college now, and the end is in sight on good days.",
    "College Degree": "I went to college and have a bachelor's degree.",
    "Master's": "I stayed on after college and have a master's degree.",
    "PhD": "I stayed at university until I had a PhD.",
}
_HOUSEHOLD = {
    "single": "I am single and live by myself.",
    "in a relationship": "I am in a relationship, though we keep two flats.",
    "engaged": "I am engaged, and we look for a bigger place.",
    "married": "I am married, and the flat is never quiet.",
    "divorced": "I am divorced, and learned to cook for one.",
    "widowed": "I am widowed, and the rooms have grown large.",
}
ANSWERS = ("start", "school", "work", "home", "turn", "money", "matters", "future")
_PLACE = r"([A-ZÀ-Ž][\w'’-]+(?: [A-ZÀ-Ž][\w'’-]+)*)"
_FACTS: dict[str, str] = {  # what a pattern's first group holds
    "age": r"\bI(?:'m| am) (\d{1,3})(?: years old)?\b(?! (?:percent|minutes|hours|days|weeks|months|miles|km))",
    "birthplace": rf"\bI was born in {_PLACE}",
    "home": rf"\b(?:I|[Ww]e) live in {_PLACE}",
    "siblings": r"\b(?:I (?:have|had|grew up with)) (no|one|two|three|four|five|six|\d) (?:brothers?|sisters?|siblings?)\b",
    "children": r"\b(?:I|[Ww]e) have (no|one|two|three|four|five|six|\d) (?:children|child|kids?|sons?|daughters?)\b",
    "occupation": r"\bI work as an? ([\w /'-]+)",
    "marriage": r"\bI(?:'m| am) (single|married|divorced|widowed|engaged)\b",
}
_TOLD = (*ATTRIBUTES, "children_count")  # never a made telephone or account number: those belong to no story
_PHRASES: dict[str, dict[str, str]] = {  # what a phrase says
    "siblings": {"0": r"(?i)\ban only child\b"},
    "marriage": {"never married": r"(?i)\bI (?:have |had |'ve )?never (?:been )?married\b"},
    "education": {
        "phd": r"\ba PhD\b", "master's": r"\ba master's degree\b", "college degree": r"\ba bachelor's degree\b",
        "in college": r"\bI(?:'m| am) in college\b", "in highschool": r"\bI(?:'m| am) still at high school\b",
        "hs diploma": r"\ba? ?high school diploma\b", "no highschool": r"\bleft before I had a diploma\b",
    },
}  # fmt: skip
_TRUTHS = {
    "age": "age", "birthplace": "birth_city_country", "home": "city_country", "marriage": "relationship_status",
    "education": "education", "occupation": "occupation", "children": "children_count",
}  # fmt: skip
_COUNTED = ("age", "siblings", "children", "education")


@dataclass(frozen=True, slots=True)
class Life:
    """What is so of one made person: the known fields as text, and what was drawn beside them."""

    truth: dict[str, str]
    n_siblings: int
    n_children: int
    parent: str
    matters: str
    born: int

    def answer(self, topic: str) -> str:
        """Return the answer to one of ANSWERS."""
        return " ".join(part for part in getattr(self, f"_{topic}")() if part)

    def _start(self) -> tuple[str, ...]:
        age, born = self.truth.get("age", ""), _city(self.truth.get("birth_city_country", ""))
        siblings = (
            "I was an only child." if not self.n_siblings
            else f"I grew up with {_NUMBERS[self.n_siblings]} {'sibling' if self.n_siblings == 1 else 'siblings'}."
        )  # fmt: skip
        return (
            f"I was born in {born}." if born else "My story begins in a small flat.",
            f"That was in {self.born}, so I am {age} now." if age.isdigit() else "",
            f"My father was {self.parent}, and the kitchen was where everything was decided.",
            siblings,
        )

    def _school(self) -> tuple[str, ...]:
        return (
            "School was fine once I stopped being afraid of the bell.",
            _SCHOOLING.get(self.truth.get("education", ""), ""),
        )

    def _work(self) -> tuple[str, ...]:
        job = self.truth.get("occupation", "").lower()
        told = f"I work as {'an' if job[0] in 'aeiou' else 'a'} {job}." if job else "I do what comes up."
        return told, "I came to it half by plan, half because somebody asked at the right moment."

    def _home(self) -> tuple[str, ...]:
        place = _city(self.truth.get("city_country", ""))
        children = f"I have {_NUMBERS[self.n_children]} {'child' if self.n_children == 1 else 'children'}."
        return (
            f"I live in {place}." if place else "",
            _HOUSEHOLD.get(self.truth.get("relationship_status", ""), ""),
            children,
        )

    def _turn(self) -> tuple[str, ...]:
        return (
            "There was one summer when I nearly went away for good.",
            "I stayed, and most of what is good now began then.",
        )

    def _money(self) -> tuple[str, ...]:
        return (_WORRIES.get(self.truth.get("income_level", ""), "I get by."),)

    def _matters(self) -> tuple[str, ...]:
        return (f"What matters to me is {self.matters}.", "I argue about it more than is good for supper.")

    def _future(self) -> tuple[str, ...]:
        age = self.truth.get("age", "")
        return (
            f"In ten years I will be {int(age) + 10}." if age.isdigit() else "",
            "I hope to be asked less and to listen more.",
        )


def life_of(person: MadePerson, seed: int) -> Life:
    """Return the facts of one person's life; drawn from the id and the seed, children from age.

    The year of birth is that of `birth_date`, or of the age on the day of the population.

    >>> life_of(MadePerson("p", {"age": 17}, ""), 0).n_children
    0
    """
    random = np.random.default_rng([seed, crc32(person.id.encode())])
    truth = {name: str(person.fields[name]) for name in _TOLD if person.fields.get(name) not in (None, "")}
    age = int(truth["age"]) if truth.get("age", "").isdigit() else 40
    year = str(person.fields.get("birth_date", ""))[:4]
    born = int(year) if year.isdigit() else AS_OF.year - age
    given = truth.get("children_count", "")
    drawn = int(random.binomial(4, 0.4)) if age >= 28 else 0
    n_children = min(int(given), len(_NUMBERS) - 1) if given.isdigit() else drawn
    return Life(
        truth, int(random.binomial(4, 0.4)), n_children,
        _PARENTS[int(random.integers(len(_PARENTS)))], _MATTERS[int(random.integers(len(_MATTERS)))], born,
    )  # fmt: skip


def facts_in(text: str) -> dict[str, str]:
    """Return the plain statements of fact in a text, the first of each kind.

    >>> facts_in("I was born in Porto. I have two sisters and I am 41.")
    {'age': '41', 'birthplace': 'porto', 'siblings': '2'}
    """
    found = {}
    for name, pattern in _FACTS.items():
        if match := re.search(pattern, text):
            value = match[1].lower()
            found[name] = str(_NUMBERS.index(value)) if value in _NUMBERS else value
    for name, phrases in _PHRASES.items():
        for value, pattern in phrases.items():
            if re.search(pattern, text):
                found[name] = value
                break
    return found


def contradictions(truth: Mapping[str, str], earlier: Sequence[str], candidate: str) -> list[str]:
    """Return the facts that a text states otherwise than the known fields or an earlier text.

    >>> contradictions({"age": "41"}, ["I have two sisters."], "I am 41 and was an only child.")
    ['siblings']
    """
    known: dict[str, str] = {
        name: (truth[field].split(",")[0] if name in ("birthplace", "home") else truth[field]).strip().lower()
        for name, field in _TRUTHS.items()
        if truth.get(field)
    }
    for text in earlier:
        for name, value in facts_in(text).items():
            known.setdefault(name, value)
    said = facts_in(candidate)
    return [name for name, value in said.items() if name in known and not _agree(name, known[name], value)]


def _agree(name: str, first: str, second: str) -> bool:
    if name == "marriage":
        pair = {first, second}
        if "never married" in pair:
            return not pair & {"married", "divorced", "widowed"}
        return len(pair) == 1 or "in a relationship" in pair
    return first == second if name in _COUNTED else first in second or second in first


def _city(place: str) -> str:
    return place.split(",")[0].strip()
