"""The labelled people that the home reader learns from and is measured on, as cases.

A case is some lines of one person and what is true of them. One case of `synthpai` is a person
with all comments; one case of `llmprivacy` is one answer. `group` keeps a person on one side of every split.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from personae.people.attributes import EDUCATION
from personae.people.datasets import read_rows

CERTAIN = 3  # SynthPAI, evaluation: labels that the annotator was at least this sure of
_DEGREES = (
    ("No Highschool", r"no high ?school|some secondary|primary|did not finish"),
    ("In College", r"in college|studying|student|undergrad|pursuing|current|some university|some college"),
    ("In Highschool", r"in high ?school"),
    ("PhD", r"phd|ph\.d|doctor|\bmd\b"),
    ("Master's", r"master|mba|m\.a|graduate / professional|\bllm\b|juris"),
    ("College Degree", r"bachelor|college degree|university|degree|\bba\b|\bbs|associate|law"),
    ("HS Diploma", r"high ?school|hs diploma|diploma|secondary|vocational|apprentice|certifi|trade"),
)
_RELATIONS = (
    ("in a relationship", r"in (a )?relation|non-marital|partner"),
    ("engaged", r"engaged"),
    ("divorced", r"divorced|separated"),
    ("widowed", r"widow"),
    ("single", r"single|never"),
    ("married", r"married"),
)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a person for one attribute.

    `sure` marks the pairs that a corpus is scored on: SynthPAI's checked labels of certainty 3 and more, the attribute that
    an llmprivacy answer was asked for. `score` is how right the label itself was, 1.0 or 0.5.
    """

    value: str
    sure: bool = False
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """Lines of one person. `tags` holds, for each line, what a language model guessed from that line alone."""

    corpus: str
    group: str
    lines: tuple[str, ...]
    truth: dict[str, Truth]
    tags: tuple[dict[str, str], ...] = field(default=())


def synthpai() -> list[Case]:
    """Return the 255 people whose comments are at hand; checked labels stand before profile truth."""
    comments: dict[str, list[str]] = {}
    for row in read_rows("synthpai", "comments.jsonl.zst"):
        comments.setdefault(row["person"], []).append(row["text"])
    tagged = _tags()
    cases = []
    for row in read_rows("synthpai", "profiles.jsonl.zst"):
        lines = tuple(text for text in comments.get(row["person"], ()) if text.strip())
        if not lines:
            continue
        truth = _profile(row["truth"])
        for name, label in (row["human_label_checked"] or {}).items():
            if name == "education_category" or label["certainty"] < CERTAIN or label["hardness"] < 1:
                continue
            value = row["human_label_checked"]["education_category"] if name == "education" else label
            truth[name] = Truth(_closed(name, str(value["estimate"])), True, float(label["acc_gt"]))
        tags = tuple(tagged.get((row["person"], text.strip()), {}) for text in lines)
        cases.append(Case("synthpai", row["person"], lines, truth, tags))
    return cases


def llmprivacy(file: str = "examples") -> list[Case]:
    """Return one case an answer; `file` is "examples" (406, filtered by hand) or "raw_samples" (1280)."""
    cases = []
    for row in read_rows("llmprivacy", f"{file}.jsonl.zst"):
        truth = _profile(row["personality"])
        asked = row["feature"]
        truth[asked] = Truth(truth[asked].value, True)
        cases.append(Case("llmprivacy", row["persona"], (row["response"],), truth))
    return cases


def away() -> list[Case]:
    """Return the people of the collections that the line classifiers never see."""
    return [*personachat(), *prodigy(), *prism(), *llmprivacy("raw_samples")]


def prism() -> list[Case]:
    """Return real people's questions to chat models (PRISM, as recorded by Personalized-Judge), with their demographics."""
    texts: dict[str, list[str]] = {}
    profiles: dict[str, str] = {}
    for row in read_rows("personaljudge", "prism_pairs.jsonl.zst"):
        if row["rater"] and row["profile"]:
            texts.setdefault(row["rater"], []).append(row["question"])
            profiles[row["rater"]] = row["profile"]
    return [
        Case("prism", rater, tuple(dict.fromkeys(texts[rater])), _prism_truth(profiles[rater]))
        for rater in texts
    ]


def prodigy() -> list[Case]:
    """Return film characters' biographies, with their sex."""
    return [
        Case("prodigy", row["id"], tuple(row["biography"]), {"sex": Truth(row["gender"], True)})
        for row in read_rows("prodigy", "characters.jsonl.gz")
        if row["gender"] in {"male", "female"}
    ]


def personabench() -> list[Case]:
    """Return the six people with documents (no added noise), with the answers to the questions about them."""
    lines: dict[str, list[str]] = {}
    for row in read_rows("personabench", "documents.jsonl.zst"):
        if row["noise"] != "0.0":
            continue
        for turn in row.get("conversation") or row.get("user_ai_interaction") or ():
            if turn["role"] in {row["person"], "User", "user"}:
                lines.setdefault(row["person"], []).append(turn["content"])
    answers: dict[str, dict[str, str]] = {}
    for row in read_rows("personabench", "questions.jsonl.zst"):
        if row["has_documents"] and row["type"] == "Basic information":
            answers.setdefault(row["person"], {})[row["question"].lower()] = str(row["answer"])
    return [
        Case("personabench", person, tuple(dict.fromkeys(lines[person])), _bench_truth(answers[person]))
        for person in lines
    ]


def personachat() -> list[Case]:
    """Return personas of PersonaChat whose sentences say an attribute outright; the lines are what they said in the chat."""
    spoken: dict[tuple[str, ...], list[str]] = {}
    for row in read_rows("personachat", "dialogues.jsonl.gz"):
        spoken.setdefault(tuple(row["persona_self"]), []).extend(turn[1] for turn in row["turns"])
    cases = []
    for persona, lines in spoken.items():
        truth = {name: Truth(value, True) for name, value in _silver(" . ".join(persona))}
        if truth:
            cases.append(Case("personachat", "/".join(persona)[:200], tuple(dict.fromkeys(lines)), truth))
    return cases


def education(text: str) -> str:
    """Return the education level that a free text names, "" where none.

    >>> education("studying towards Bachelors in Law"), education("Masters in Data Science"), education("PhD in Physics")
    ('In College', "Master's", 'PhD')
    """
    plain = text.strip().lower()
    if plain in {"in college/hs diploma", "in college"}:
        return "In College"
    exact = {level.lower(): level for level in EDUCATION}
    if plain in exact:
        return exact[plain]
    return next((level for level, pattern in _DEGREES if re.search(pattern, plain)), "")


def _profile(row: dict[str, object]) -> dict[str, Truth]:
    names = ("age", "sex", "city_country", "birth_city_country", "education", "occupation", "income_level")
    found = {name: _closed(name, str(row[name])) for name in (*names, "relationship_status")}
    return {name: Truth(value) for name, value in found.items() if value}


def _closed(name: str, value: str) -> str:
    plain = value.strip()
    if name == "education":
        return education(plain)
    if name == "relationship_status":
        return next((status for status, pattern in _RELATIONS if re.search(pattern, plain.lower())), "")
    return plain.lower() if name in {"sex", "income_level"} else plain


def _prism_truth(profile: str) -> dict[str, Truth]:
    patterns = {
        "sex": r"person is (male|female)\.",
        "age": r"person is (\d+-\d+|\d+\+) years",
        "education": r"education level is ([^.]+)\.",
        "relationship_status": r"marital status is ([^.]+)\.",
    }
    found = {name: re.search(pattern, profile) for name, pattern in patterns.items()}
    truth = {name: _closed(name, hit[1].replace("65+", "65-80")) for name, hit in found.items() if hit}
    born = re.search(r"born in ([^.]+?)(?: and currently lives in ([^.]+))?\.", profile)
    if born:
        truth["birth_city_country"] = f", {born[1]}"
        truth["city_country"] = f", {born[2] or born[1]}"
    return {name: Truth(value, True) for name, value in truth.items() if value}


def _bench_truth(answers: dict[str, str]) -> dict[str, Truth]:
    def about(*words: str) -> str:
        return next((a for q, a in answers.items() if any(word in q for word in words)), "")

    def place(city: str, country: str) -> str:
        return f"{city}, {country}" if city else ""

    home = about(
        "live in at the moment (city)", "live at the moment (city)", "city do i currently", "city am i living"
    )
    born = about("born (city)", "which city was i born", "in which city did i come")
    home_country = about("country do i currently", "country i reside", "country am i living")
    born_country = about(
        "born (country)", "place of birth", "country was i born", "birthplace country", "country did i come"
    )
    truth = {
        "age": about("at what age", "how many years old"),
        "sex": about("gender").lower(),
        "education": education(about("highest degree", "which degree", "academic qualification")),
        "occupation": about("do for a living", "kind of work", "job or occupation"),
        "city_country": place(home, home_country),
        "birth_city_country": place(born, born_country),
    }
    return {name: Truth(value, True) for name, value in truth.items() if value}


_ME = r"\bi (?:am|' ?m) "
_WOMAN = r"a (\w+ )?(woman|girl|female|mother|mom|wife|waitress|grandmother)\b"
_MAN = r"a (\w+ )?(man|guy|male|father|dad|husband|boy|grandfather)\b"
_SILVER = (
    ("relationship_status", "married", rf"\bmy (wife|husband)\b(?! (died|passed|left))|{_ME}married"),
    ("relationship_status", "divorced", rf"{_ME}(recently )?divorced|\bmy ex (wife|husband)"),
    ("relationship_status", "widowed", rf"{_ME}a widow|my (wife|husband) (died|passed)"),
    ("relationship_status", "engaged", r"\bmy fianc"),
    ("relationship_status", "in a relationship", r"\bmy (boyfriend|girlfriend)\b"),
    ("relationship_status", "single", rf"{_ME}single|never been married"),
    ("sex", "female", rf"{_ME}{_WOMAN}|\bmy husband\b"),
    ("sex", "male", rf"{_ME}{_MAN}|\bmy wife\b"),
    ("education", "In College", rf"{_ME}in college|\bi (attend|go to) (college|university)|college student"),
    (
        "education",
        "In Highschool",
        r"in high ?school\b(?! i)|high school student|(ninth|tenth|eleventh|twelfth) grade",
    ),
    ("education", "PhD", r"\bph\.? ?d"),
    ("education", "Master's", r"\bmaster ' ?s degree|\bi have a masters"),
)
_NAMED_JOB = re.compile(r"\bi (?:am|work as) an? ((?:\w+ )?\w+)(?= \.| and | at | for | in )")
_NAMED_AGE = re.compile(r"\bi am (\d\d)(?: years| \.|$)")
_JOBS = re.compile(
    r"(teacher|nurse|lawyer|doctor|engineer|chef|cook|waitress|waiter|writer|author|artist|musician|farmer|accountant|"
    r"programmer|developer|designer|librarian|mechanic|driver|firefighter|officer|cop|model|singer|actor|actress|dancer|"
    r"photographer|vet|veterinarian|banker|baker|barista|cashier|secretary|electrician|plumber|carpenter|pilot|surgeon|"
    r"therapist|manager|salesman|student|retired|journalist|bartender|hairdresser|janitor|painter|construction worker)$"
)


def _silver(persona: str) -> Iterator[tuple[str, str]]:
    seen = set()
    for name, value, pattern in _SILVER:
        if name not in seen and re.search(pattern, persona):
            seen.add(name)
            yield name, value
    if (age := _NAMED_AGE.search(persona)) and int(age[1]) >= 13:
        yield "age", age[1]
    for job in _NAMED_JOB.finditer(persona):
        if _JOBS.search(job[1]):
            yield "occupation", job[1]
            return


def _tags() -> dict[tuple[str, str], dict[str, str]]:
    tags: dict[tuple[str, str], dict[str, str]] = {}
    for row in read_rows("synthpai", "threads.jsonl.zst"):
        if row["text"] and row.get("gpt4_tags"):
            found = {tag["feature"]: tag["guesses"][0] for tag in row["gpt4_tags"] if tag["guesses"]}
            tags[row["person"], row["text"].strip()] = found
    return tags
