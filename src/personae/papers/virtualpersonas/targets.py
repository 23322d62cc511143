"""Banks of made people brought to the shares of a survey's population."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from personae.papers.harness import Comparison, Context, compare
from personae.papers.virtualpersonas.survey import Array, Codes
from personae.people.attributes import EDUCATION
from personae.synth import Panorama, home_spec, sample
from personae.synth.backstories import draw_by_weight, log_weights, match_stories, rake_to, read_targets

DATA = "virtualpersonas"
TARGET = "target_ATP_W34_distribution_all.yaml"
SETTING = "ATP_W34 shares"
METRIC = "largest share error, points"
LACKING = "SynthPAI profiles, four traits"  # none of them left school early and earns well: no weights have both shares
_N = 10_000
_MERGED: dict[str, Sequence[int]] = {  # survey category -> category that the banks tell apart
    "age": (0, 1, 2, 3),
    "gender": (0, 1, 1),  # no bank has a third gender, and the survey gives it no share
    "education": (0, 0, 0, 0, 1, 2),  # what is finished: no bachelor's degree, one, more
    "income": (0, 0, 0, 1, 1, 2, 2, 3),  # under 30, 30 to 50, 50 to 150, over 150 thousand dollars
}
_LEVELS = {"no": 0, "low": 0, "middle": 1, "high": 2, "very high": 3}
_SCHOOLING = {**dict(zip(EDUCATION, (0, 0, 0, 0, 1, 2, 2), strict=True)), "In College/HS Diploma": 0}


@dataclass(frozen=True, slots=True)
class Bank:
    """Made people as categories of some of the four traits."""

    name: str
    traits: dict[str, Codes]


def target_rows(context: Context) -> Iterator[Comparison]:
    """Largest share error of each bank as it is, raked and drawn, and matched to drawn respondents."""
    tables = read_targets(context.path(DATA, TARGET))
    targets = {trait: _merged(tables[trait][1], places) for trait, places in _MERGED.items()}
    for bank in banks(context):
        wanted = {trait: targets[trait] for trait in bank.traits}
        raked = rake_to(bank.traits, wanted)
        drawn = draw_by_weight(raked.weights, _N, random_state=context.seed)
        matched, n_unique = _matched(bank, wanted, context.seed)
        n = len(raked.weights)
        bar = "" if bank.name == LACKING else "< 2"
        for how, chosen, threshold in (
            ("as made", None, ""),
            ("raked", drawn, bar),
            ("greedy matching", matched, ""),
        ):
            size = n if chosen is None else len(chosen)
            error = 100 * _error(bank.traits, wanted, chosen)
            yield compare(SETTING, METRIC, f"{bank.name}, {how}", error, n=size, bar=threshold)
        effective = float(1 / (raked.weights**2).sum() / n)
        yield compare(SETTING, "effective share of the bank", f"{bank.name}, raked", effective, n=n)
        yield compare(SETTING, "stories used", f"{bank.name}, greedy matching", n_unique, n=len(matched))


def banks(context: Context) -> Iterator[Bank]:
    """Yield SynthPAI's profiles with and without education, 2,000 people of the population that ships, and all of them."""
    rows = context.rows("synthpai", "profiles.jsonl.zst")
    profiles = _traits([{**row["truth"], "education": row["education_category"]} for row in rows])
    yield Bank(LACKING, profiles)
    fewer = {name: codes for name, codes in profiles.items() if name != "education"}
    yield Bank("SynthPAI profiles, no education", fewer)
    people = sample(Panorama(home_spec()), 2000, random_state=context.seed).people()
    made = _traits([person.fields for person in people])
    yield Bank("made population", made)
    yield Bank("both banks", {name: np.concatenate([codes, made[name]]) for name, codes in profiles.items()})


def _traits(people: Sequence[Mapping[str, object]]) -> dict[str, Codes]:
    ages = np.array([int(str(person["age"])) for person in people])
    return {
        "age": np.where(ages < 18, -1, np.digitize(ages, [30, 50, 65])),
        "gender": np.array([int(person["sex"] == "female") for person in people]),
        "education": np.array([_SCHOOLING.get(str(person.get("education")), -1) for person in people]),
        "income": np.array([_LEVELS.get(str(person.get("income_level", "no")), -1) for person in people]),
    }


def _merged(shares: Array, places: Sequence[int]) -> Array:
    return np.asarray(np.bincount(places, shares, max(places) + 1), dtype=float)


def _error(traits: Mapping[str, Codes], targets: Mapping[str, Array], chosen: Codes | None = None) -> float:
    """Return the largest difference of a share from the wanted one."""
    errors = []
    for trait, wanted in targets.items():
        codes = traits[trait] if chosen is None else traits[trait][chosen]
        codes = codes[codes >= 0]
        errors.append(np.abs(np.bincount(codes, minlength=len(wanted)) / len(codes) - wanted).max())
    return float(max(errors))


def _matched(bank: Bank, targets: Mapping[str, Array], seed: int) -> tuple[Codes, int]:
    """Draw 1,000 respondents, each trait by itself, and take each one's best story, stories reused."""
    random = np.random.default_rng(seed)
    respondents = {trait: random.choice(len(wanted), 1000, p=wanted) for trait, wanted in targets.items()}
    known = np.flatnonzero(np.all([codes >= 0 for codes in bank.traits.values()], axis=0))
    stories = {trait: np.eye(len(targets[trait]))[codes[known]] for trait, codes in bank.traits.items()}
    found = match_stories(log_weights(respondents, stories), "greedy", random_state=seed)
    return known[found.stories], found.n_unique
