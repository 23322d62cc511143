"""People whose attributes are known, for measuring the stated reader, and whether what it read of them is right.

Truths of SynthPAI and llmprivacy are the profiles; of PersonaChat what the persona sentences state (silver, by
`personachat_truth.yaml`); of PersonaBench the answers about basic information; of PRODIGy the character's sex; of the essays
that all writers were at college; of PRISM what real people said about themselves.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from _corpora import prism as prism_cases
from personae.metrics.judge import LocalJudge
from personae.models.encoder import CachedEncoder, HomeEncoder
from personae.models.places import Place, fold, home_places
from personae.people.attributes import SYNTHPAI
from personae.people.datasets import read_rows
from personae.people.matching import match
from personae.people.records import Person, Trace

SEED = 2024
NAMES = tuple(attribute.name for attribute in SYNTHPAI)
WRITTEN = {"personachat": datetime(2017, 7, 1, tzinfo=UTC), "essays": datetime(2000, 10, 1, tzinfo=UTC)}
NOW = datetime(2023, 12, 1, tzinfo=UTC)  # the other corpora without dates were written in 2023
Texts = list[tuple[str, datetime | None]]


@dataclass(frozen=True)
class Subject:
    """A person of a corpus: traces, the right answers known about them (any of several), and the half they are in."""

    corpus: str
    person: Person
    truth: dict[str, tuple[str, ...]]
    held_out: bool


def held_out(key: str) -> bool:
    return bool(hashlib.blake2b(f"{SEED}:{key}".encode(), digest_size=4).digest()[0] & 1)


def _person(name: str, texts: Texts) -> Person:
    traces = (Trace(name, "corpus", str(i), time, text=text) for i, (text, time) in enumerate(texts))
    return Person(name, tuple(traces))


def synthpai() -> Iterator[Subject]:
    texts: dict[str, Texts] = defaultdict(list)
    for row in read_rows("synthpai", "comments.jsonl.zst"):
        texts[row["person"]].append((row["text"], None))
    for row in read_rows("synthpai", "profiles.jsonl.zst"):
        name = row["person"]
        if name in texts:
            truth = _profile(
                row["truth"] | {"education": row["education_category"].replace("/HS Diploma", "")}
            )
            yield Subject("synthpai", _person(name, texts[name]), truth, held_out(name))


def llmprivacy() -> Iterator[Subject]:
    """Yield the personas with all their answers; what follows a speaker's mark is another turn, and left out."""
    texts: dict[str, dict[str, None]] = defaultdict(dict)
    profiles = {}
    for file in ("examples.jsonl.zst", "raw_samples.jsonl.zst"):
        for row in read_rows("llmprivacy", file):
            profiles[row["persona"]] = row["personality"]
            texts[row["persona"]][re.split(r"\b(?:assistant|user) ?:", row["response"])[0]] = None
    for name, profile in profiles.items():
        truth = _profile(profile | {"education": _schooling(profile["education"])})
        yield Subject(
            "llmprivacy", _person(name, [(text, None) for text in texts[name]]), truth, held_out(name)
        )


def _profile(truth: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    status = truth["relationship_status"].replace("in relationship", "in a relationship")
    return {name: (str(truth[name]),) for name in NAMES} | {"relationship_status": (status,)}


def _schooling(text: str) -> str:
    """Return the education category of a profile's free text, as SynthPAI's own categories have it."""
    lowered = text.lower()
    if "stud" in lowered.split(" in ")[0]:
        return "In College"
    levels = {
        "phd": "PhD",
        "ph.d": "PhD",
        "doctor": "PhD",
        "master": "Master's",
        "mba": "Master's",
        "high school": "HS Diploma",
    }
    return next((level for word, level in levels.items() if word in lowered), "College Degree")


def personachat() -> Iterator[Subject]:
    """Yield the personas; one is held out only when every dialogue that has it is."""
    turns: dict[tuple[str, ...], Texts] = defaultdict(list)
    facts: dict[tuple[str, ...], set[str]] = defaultdict(set)
    halves: dict[tuple[str, ...], list[bool]] = defaultdict(list)
    for row in read_rows("personachat", "dialogues.jsonl.gz"):
        for side, column in (("persona_self", 1), ("persona_partner", 0)):
            if row[side]:
                key = tuple(sorted(row[side]))
                turns[key] += [(turn[column], None) for turn in row["turns"]]
                facts[key].update([*row[side], *(row.get(f"{side}_revised") or [])])
                halves[key].append(held_out(row["id"]))
    for i, key in enumerate(turns):
        yield Subject(
            "personachat", _person(f"pc{i}", turns[key]), persona_truth(facts[key]), all(halves[key])
        )


def personabench() -> Iterator[Subject]:
    texts: dict[str, dict[str, datetime]] = defaultdict(dict)
    for row in read_rows("personabench", "documents.jsonl.zst"):
        when = datetime.strptime(row["time"], "%Y/%b/%d/%I:%M %p").replace(tzinfo=UTC)
        for turn in row.get("conversation") or row.get("user_ai_interaction") or ():
            if turn["role"] in (row["person"], "user"):
                texts[row["person"]].setdefault(turn["content"], when)
    answers: dict[str, dict[str, str]] = defaultdict(dict)
    for row in read_rows("personabench", "questions.jsonl.zst"):
        if row["has_documents"] and row["type"] == "Basic information":
            answer = row["answer"][0] if isinstance(row["answer"], list) else row["answer"]
            for name, pattern in _QUESTIONS.items():
                if isinstance(answer, str | int) and re.search(pattern, row["question"].lower()):
                    answers[row["person"]][name] = str(answer)
    for name, said in texts.items():
        ordered: Texts = sorted(said.items(), key=lambda pair: pair[1])
        yield Subject("personabench", _person(name, ordered), _bench_truth(answers[name]), held_out(name))


_QUESTIONS = {
    "age": r"\bage\b|how old|years old",
    "sex": r"gender",
    "occupation": r"for a living|my profession\?|job or occupation|kind of work",
    "city_country": r"which city (?:do i currently live|am i living)|where do i live at the moment",
    "country": r"country (?:do i currently live|am i living|i reside)|live \(country\)|country of residence",
    "birth_city_country": r"which city was i born|city (?:did i come into|is listed)|born \(city\)|birthplace city",
    "birth_country": r"country was i born|country (?:did i come|is listed)|born \(country\)|birthplace country",
    "education": r"degree (?:have i|do i|i have)|academic qualification|diploma or certification",
}


def _bench_truth(answers: dict[str, str]) -> dict[str, tuple[str, ...]]:
    known = {name: (answer,) for name, answer in answers.items() if name in NAMES}
    for name, country in (("city_country", "country"), ("birth_city_country", "birth_country")):
        if name in answers and country in answers:
            nation = answers[country].replace("USA", "United States")
            known[name] = (f"{answers[name].split(',')[0]}, {nation}",)
    if "education" in known:
        known["education"] = (_schooling(answers["education"]),)
    return known


def prodigy() -> Iterator[Subject]:
    for row in read_rows("prodigy", "characters.jsonl.gz"):
        told = [text for part in ("biography", "paraphrasis_1", "paraphrasis_2") for text in row[part]]
        texts: Texts = [(text, None) for text in told if isinstance(text, str)]
        yield Subject("prodigy", _person(row["id"], texts), {"sex": (row["gender"],)}, held_out(row["id"]))


def essays() -> Iterator[Subject]:
    """Yield stream-of-consciousness essays: real people, all of them students at a university."""
    for row in read_rows("textcontours", "essays_big5.jsonl.zst"):
        told = _person(row["essay_id"], [(row["text"], None)])
        yield Subject("essays", told, {"education": ("In College",)}, held_out(row["essay_id"]))


def prism() -> Iterator[Subject]:
    """Yield real people's questions to chat models; they were asked for their marital status, so "single" is unmarried."""
    for case in prism_cases():
        truth = {name: (known.value,) for name, known in case.truth.items()}
        if truth.get("relationship_status") == ("single",):
            truth["relationship_status"] = ("single", "in a relationship", "engaged")
        yield Subject(
            "prism", _person(case.group, [(line, None) for line in case.lines]), truth, held_out(case.group)
        )


CORPORA = (synthpai, llmprivacy, personachat, personabench, prodigy, essays, prism)

_SILVER: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "personachat_truth.yaml").read_text(encoding="utf-8")
)
_TITLES = re.compile(rf"\b(?:{'|'.join(_SILVER.pop('titles').split())})\b")
_DECADES = {
    "twenties": "20-29",
    "thirties": "30-39",
    "forties": "40-49",
    "fifties": "50-59",
    "sixties": "60-69",
}
_FACTS = "| "  # before all of a persona's sentences, in which the word for its work may stand


def persona_truth(facts: set[str]) -> dict[str, tuple[str, ...]]:
    """Return what persona sentences state, by rules for whole sentences that are not the reader's."""
    found: dict[str, list[str]] = defaultdict(list)
    for fact in sorted(facts):
        for name, patterns in _SILVER.items():
            for pattern, value in patterns:
                if hit := re.fullmatch(pattern, fact.strip()):
                    group = next((text for text in hit.groups() if text), "")
                    found[name] += _persona_values(name, value.replace("\\1", group))
    if "occupation" in found:
        found["occupation"].append(_FACTS + " ".join(sorted(facts)))
    return {name: tuple(dict.fromkeys(values)) for name, values in found.items() if values}


def _persona_values(name: str, text: str) -> list[str]:
    if name in ("city_country", "birth_city_country"):
        place = home_places().at(text, 0)
        return [place.place.label] if place else []
    if name == "age" and text.startswith("born"):
        return [str(WRITTEN["personachat"].year - int(text.split(" ")[1]))]
    if name == "age":
        return [_DECADES.get(text, text)]
    if name == "occupation":
        return [text] if _TITLES.search(re.sub(r"(?:pet|home) ?owner", "", text)) else []
    return text.split("|")


_JUDGE = LocalJudge(encoder=CachedEncoder(HomeEncoder(threads=1)))


def right(name: str, value: str, truths: tuple[str, ...]) -> bool | None:
    """Return whether a value is right, or says less than the truth and nothing wrong; None where the truth does not tell.

    "Portugal" is right of someone in Porto, and "teacher" of a music teacher.
    """
    if name in ("city_country", "birth_city_country"):
        return any(_right_place(value, truth) for truth in truths)
    if name != "occupation":
        return any(match(name, value, truth) == 1.0 for truth in truths)
    titles = [truth for truth in truths if not truth.startswith(_FACTS)]
    if any(_same_work(value, title) for title in titles):
        return True
    told = next((truth for truth in truths if truth.startswith(_FACTS)), "")
    return True if value.split()[-1] in re.findall(r"[a-z]+", told) else False if titles else None


def _same_work(claim: str, truth: str) -> bool:
    a, b = (set(re.findall(r"[a-z]+", text.lower())) for text in (claim, truth))
    return a <= b or b <= a or _JUDGE.judge("occupation", [claim], truth)[0].score > 0


def _right_place(value: str, truth: str) -> bool:
    claimed, true = _find(value), _find(truth)
    if claimed and claimed.kind != "city":
        return (true is not None and true.within(claimed)) or match("city_country", value, truth) == 1.0
    if claimed and true and true.kind != "city":
        return claimed.within(true)
    a, b = (set(fold(label.split(",")[0]).split(" ")) for label in (value, truth))
    same_country = match("city_country", value, truth) > 0
    return match("city_country", value, truth) == 1.0 or (
        same_country and (a <= b or b <= a)
    )  # Delhi, New Delhi


def _find(label: str) -> Place | None:
    name, _, country = label.rpartition(", ")
    return home_places().find(name, country) if name else home_places().find(label)
