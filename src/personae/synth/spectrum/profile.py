"""Compile a persona's parts into the text an agent is given, for each of the seven conditions, with the hash of what went in.

Source: Lee et al. (2025), "SPeCtrum", arXiv 2502.08599, section 3.3; the wording is ours.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from zlib import crc32

import numpy as np

from personae.errors import BadInput
from personae.synth.backstories.life import life_of
from personae.synth.population import MadePerson
from personae.synth.spectrum.forms import BFI_2_S, PVQ, SOCIAL, score_personality, score_values, sentences

Condition = Literal["S", "P", "C", "SP", "SC", "PC", "SPC"]
CONDITIONS: tuple[Condition, ...] = ("S", "P", "C", "SP", "SC", "PC", "SPC")
GUESSED = "Presumably"  # a form's word for an answer that nobody stated
MASK = "[name]"
_SYSTEM = (
    "You are the double of the person described below. Speak, think and choose as that person would. Never quote or list the "
    "description, and never say that you have one."
)
_LOVES = (
    "long walks",
    "strong coffee",
    "old films",
    "a clean desk",
    "the sea in winter",
    "card games",
    "fresh bread",
    "quiet",
)
_HATES = (
    "waiting in line",
    "loud phones",
    "small talk",
    "cold food",
    "being late",
    "clutter",
    "empty promises",
    "traffic",
)


@dataclass(frozen=True, slots=True)
class Persona:
    """One person in three parts.

    Parameters
    ----------
    person : str
    social : mapping of str to str
        S: answers to the form SOCIAL; "Presumably ..." marks one that nobody stated.
    personal : tuple of str
        P: paragraphs on personality and values.
    context : tuple of str
        C: paragraphs on a weekday, a weekend, what is loved and hated.
    provenance : str
    """

    person: str
    social: Mapping[str, str] = field(default_factory=dict)
    personal: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    provenance: str = ""

    def part(self, name: str, *, withhold: Iterable[str] = ()) -> str:
        """Return the text of S, P or C; `withhold` names fields of S that are left out."""
        if name == "S":
            hidden = set(withhold)
            return "\n".join(f"{key}: {value}" for key, value in self.social.items() if key not in hidden)
        return "\n\n".join(self.personal if name == "P" else self.context)

    def uncertain(self) -> tuple[str, ...]:
        """Return the fields of S that nobody stated."""
        return tuple(key for key, value in self.social.items() if value.startswith(GUESSED))


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """What an agent is told: `text` for the system message, and `digest`, by which an answer is traced to its exact profile."""

    person: str
    condition: Condition
    text: str
    digest: str

    @property
    def system(self) -> str:
        return f"{_SYSTEM}\n\n{self.text}"


def compile_profile(
    persona: Persona, condition: Condition = "SPC", *, withhold: Iterable[str] = (), names: Sequence[str] = ()
) -> AgentProfile:
    """Compile the parts that the condition names.

    Parameters
    ----------
    persona : Persona
    condition : one of CONDITIONS
    withhold : iterable of str
        Fields of S that the person does not consent to pass on, such as those of SPECIAL.
    names : sequence of str
        Names and places to mask, so that a model must tell the person from the content.

    Examples
    --------
    >>> ana = Persona("ana", {"Age": "41"}, ("She is calm.",), ("She loves the sea.",))
    >>> compile_profile(ana, "SC").text
    'Who I am to others\\nAge: 41\\n\\nMy daily life\\nShe loves the sea.'
    """
    if condition not in CONDITIONS:
        raise BadInput(f"No condition {condition!r}. Choose one of {', '.join(CONDITIONS)}.")
    titles = {"S": "Who I am to others", "P": "What I am like", "C": "My daily life"}
    parts = {name: persona.part(name, withhold=withhold) for name in condition}
    if empty := [name for name, text in parts.items() if not text]:
        raise BadInput(f"The persona has no part {', '.join(empty)}; leave it out of the condition.")
    text = mask("\n\n".join(f"{titles[name]}\n{part}" for name, part in parts.items()), names)
    hashed = json.dumps([condition, text], ensure_ascii=False)
    digest = hashlib.blake2b(hashed.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return AgentProfile(persona.person, condition, text, digest)


def mask(text: str, names: Iterable[str]) -> str:
    """Return the text with whole-word names replaced by MASK, longest first.

    >>> mask("Ana and Ana Lima walk", ["Ana", "Ana Lima"])
    '[name] and [name] walk'
    """
    wanted = sorted({name for name in names if name.strip()}, key=len, reverse=True)
    if not wanted:
        return text
    return re.sub(rf"\b(?:{'|'.join(map(re.escape, wanted))})\b", MASK, text, flags=re.IGNORECASE)


def made_persona(person: MadePerson, *, seed: int = 0) -> Persona:
    """Return a made person in three parts: S from its fields, P from drawn answers to both questionnaires, C from a grammar.

    Notes
    -----
    Each item's answer is round(4 + 0.9 trait + noise) of a trait drawn for its scale, turned round where the item is; the
    scorers read it back. Personality is drawn apart from S: no table says how they hang together.
    """
    random = np.random.default_rng([seed, crc32(person.id.encode())])
    life = life_of(person, seed)
    answers = []
    for instrument in (BFI_2_S, PVQ):
        traits = {scale: random.normal(0, 1.2) for scale in instrument.scales}
        raw = [4 + item.key * 0.9 * traits[item.scale] + random.normal(0, 0.8) for item in instrument.items]
        answers.append(np.clip(np.rint(raw), instrument.low, instrument.high))
    fields = {
        "Age": "age", "Sex": "sex", "Residence": "city_country", "Education": "education", "Job": "occupation",
        "Perceived Income": "income_level", "Living Style": "relationship_status", "Ethnicity": "ethnicity",
        "Religious Affiliation": "religion", "Political Affiliation": "politics",
    }  # fmt: skip
    social = {name: life.truth[fields[name]] for name in SOCIAL if life.truth.get(fields.get(name, ""))}
    personality = " ".join(sentences(score_personality(answers[0])))
    loves, hates = (", ".join(random.permutation(words)[:5]) for words in (_LOVES, _HATES))
    context = (
        f"On a weekday: {life.answer('work')}",
        f"At the weekend: {life.answer('home')} {life.answer('matters')}",
        f"I love {loves}. I hate {hates}.",
    )
    return Persona(
        person.id,
        social,
        (personality, " ".join(sentences(score_values(answers[1])))),
        context,
        "home grammar",
    )
