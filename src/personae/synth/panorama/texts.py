"""The paper's six kinds of text about a made person, composed by the home grammar, with the place of every fact in them.

Source: Selvam, Ghosh (2025), PANORAMA, arXiv 2505.12238, sections on content types. Deviation: there a reasoning model writes;
here a grammar does, and the provenance says so. What is lost is wording, what is won is the exact span of every field.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from personae.errors import BadInput
from personae.people.records import Kind, Trace
from personae.synth._streams import seed_of
from personae.synth.population import MadePerson

CONTENT_TYPES = (
    "Article",
    "Social Media",
    "Forum Post",
    "Online Review",
    "Blog/News Article Comment",
    "Online Ad",
)
PROVENANCE = "home grammar"
_KINDS: dict[str, Kind] = {
    "Article": "profile",
    "Blog/News Article Comment": "comment",
}  # the others are posts
_SLOT = re.compile(r"\[([^\]]*)\]|\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Fact:
    """Where a text says what a field says: (start, end) character offsets."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MadeText:
    """One text about, or by, a made person, and every fact in it in order."""

    id: str
    person: str
    content_type: str
    text: str
    facts: tuple[Fact, ...]
    provenance: str = PROVENANCE

    def as_json(self) -> dict[str, Any]:
        """Return the object of one line of JSONL: a table of texts that `personae reveal` reads."""
        facts = [{"field": fact.field, "start": fact.start, "end": fact.end} for fact in self.facts]
        return {
            "person": self.person, "id": self.id, "text": self.text, "kind": self.kind, "source": "made",
            "content_type": self.content_type, "facts": facts, "provenance": self.provenance,
        }  # fmt: skip

    def trace(self) -> Trace:
        """Return the text as a trace."""
        return Trace(self.person, "made", self.id, kind=self.kind, text=self.text)

    @property
    def kind(self) -> Kind:
        """What a trace of this content type is."""
        return _KINDS.get(self.content_type, "post")


@dataclass(frozen=True, slots=True)
class Probe:
    """A test of what a model recites: the text up to a fact, and the fact."""

    prefix: str
    target: str
    field: str
    content_type: str


def compose(person: MadePerson, *, per_type: int = 1, random_state: int = 0) -> tuple[MadeText, ...]:
    """Return `per_type` texts of each type but one article; a sentence whose fields the person lacks is not chosen.

    Parameters
    ----------
    person : MadePerson
        With the fields of `personae.synth.panorama.FIELDS`, or some of them.
    per_type : int
        The paper takes 10.
    random_state : int
        The texts of a person depend on it and on the person alone.

    Examples
    --------
    >>> from personae.synth import Panorama, sample
    >>> person = next(sample(Panorama(), 1).people())
    >>> ad = compose(person)[-1]
    >>> all(str(person.fields[f.field]) == ad.text[f.start:f.end] for f in ad.facts if f.field in {"phone", "email"})
    True
    """
    if per_type < 1:
        raise BadInput(f"{per_type} texts a type; ask for at least one.")
    random = np.random.default_rng([seed_of(random_state), zlib.crc32(person.id.encode())])
    said = _said(person.fields)
    kinds = [
        (kind, number) for kind in CONTENT_TYPES for number in range(1 if kind == "Article" else per_type)
    ]
    made = (
        MadeText(f"{person.id}-{place}", person.id, kind, *_composed(_grammar()[kind], said, random))
        for place, (kind, _) in enumerate(kinds)
    )
    return tuple(text for text in made if text.text)


def plant(
    texts: Iterable[MadeText],
    *,
    rates: tuple[int, ...] = (1, 5, 10, 25),
    in_blocks: bool = False,
    random_state: int = 0,
) -> tuple[tuple[MadeText, int], ...]:
    """Return texts with the rate at which each stands in the training set: repeated, and shuffled unless `in_blocks`.

    People are dealt to the rates, so that each is recited from one rate alone. The paper repeats in blocks, which inflates
    memorization; both are here to be compared.

    Examples
    --------
    >>> from personae.synth import Panorama, sample
    >>> texts = [compose(person)[0] for person in sample(Panorama(), 4).people()]
    >>> len(plant(texts))
    41
    """
    random = np.random.default_rng(seed_of(random_state))
    texts = list(texts)
    people = sorted({text.person for text in texts})
    dealt = dict(zip(people, random.permutation(len(people)) % len(rates), strict=True))
    planted = [(text, rates[dealt[text.person]]) for text in texts for _ in range(rates[dealt[text.person]])]
    order = range(len(planted)) if in_blocks else random.permutation(len(planted))
    return tuple(planted[place] for place in order)


def probes(text: MadeText) -> Iterator[Probe]:
    """Yield a probe for each fact of a text that something stands before."""
    for fact in text.facts:
        if prefix := text.text[: fact.start].rstrip():
            yield Probe(prefix, text.text[fact.start : fact.end], fact.field, text.content_type)


def _composed(
    parts: list[list[str]], said: Mapping[str, str], random: np.random.Generator
) -> tuple[str, tuple[Fact, ...]]:
    """Return a sentence of each part, joined, with its facts."""
    text, facts = "", []
    for sentences in parts:
        fitting = [sentence for sentence in sentences if _slots(sentence) <= set(said)]
        if not fitting:
            continue
        text += " " if text else ""
        sentence, last = fitting[random.integers(len(fitting))], 0
        for slot in _SLOT.finditer(sentence):
            text += sentence[last : slot.start()]
            if slot[2]:
                if re.search(r"\ba $", text, re.IGNORECASE) and said[slot[2]][0].lower() in "aeiou":
                    text = text[:-1] + "n "
                facts.append(Fact(slot[2], len(text), len(text) + len(said[slot[2]])))
                text += said[slot[2]]
            else:
                choices = slot[1].split("|")
                text += choices[random.integers(len(choices))]
            last = slot.end()
        text += sentence[last:]
    return text, tuple(facts)


def _said(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return how each field is said; what is "None", zero or missing is not said."""
    said = {
        name: str(value)
        for name, value in fields.items()
        if value not in ("None", 0) and not isinstance(value, dict)
    }
    for name in {"annual_salary", "net_worth"} & set(fields):
        said[name] = f"{fields[name]:,} {fields.get('currency', 'USD')}"
    if accounts := fields.get("social_media"):
        said["handle"] = next(iter(accounts.values()))
    if fields.get("marital_status") == "Married":
        said["spouse_first"] = said["spouse_name"].partition(" ")[0]
    if "marital_status" in said:
        said["marital_status"] = said["marital_status"].lower()
    return said


def _slots(sentence: str) -> set[str]:
    return {slot[2] for slot in _SLOT.finditer(sentence) if slot[2]}


@lru_cache(maxsize=1)
def _grammar() -> dict[str, list[list[str]]]:
    import yaml

    text = files(__package__).joinpath("texts.yaml").read_text(encoding="utf-8")
    return dict(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
