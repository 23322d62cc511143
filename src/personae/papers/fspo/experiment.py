"""FSPO: a network taught on made people reads real raters' tastes off a few choices.

Source: Singh et al. (2025), arXiv 2502.19312. Its people, texts and language models are not here; the card names what stands
for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from personae.metrics.intervals import bootstrap_mean
from personae.papers.fspo.personas import HELD_OUT, N_PERSONAS, Statements, all_shown, read_statements, users
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.jester import jester_split
from personae.preference import Comparisons, LinearTaste, Personaliser, Split, TextFeatures
from personae.preference.bench import SHOTS, made_worse, right_by_population
from personae.preference.comparisons import Array, Codes
from personae.preference.fspo import FSPO, Recipe

MADE, REAL, BOTH = "FSPO, made raters", "FSPO, real raters", "FSPO, made then real raters"
OVER = "FSPO over linear taste, real raters"  # ours
TASTE = "linear taste"
RECIPES = {
    MADE: Recipe(),
    "FSPO, made raters, noise of Bradley-Terry": Recipe(noise_matched=False),
    "FSPO, made raters, isotropic": Recipe(spread="isotropic", noise_matched=False),
    "FSPO, made raters, rank 1": Recipe(rank=1),
    "FSPO, made raters, rank 2": Recipe(rank=2),
    "FSPO, made raters, 20% flipped": Recipe(flips=0.2),
}
HURT = ("FSPO, made raters, rank 1", "FSPO, made raters, 20% flipped")
BARS = {(MADE, 10): ">= .685", (MADE, 20): ">= .70"}
CARD_TASTE = {0: 0.670, 2: 0.674, 5: 0.683, 10: 0.693, 20: 0.710, 30: 0.727}
PERSONA_SHOTS = (0, 1, 2, 4, 8)
PERSONAS = "FSPO, users of other personas"
PERSONAS_OVER = "FSPO over linear taste, users of other personas"  # ours
MORE_USERS = ", 1,200 users"
N_STEPS_OVER = 400  # chosen on the raters set aside, of 150 and 400
VARIED = {  # main directions of the statements' vectors, and users to learn from
    "": (64, 600),
    ", 32 directions": (32, 600),
    ", 128 directions": (128, 600),
    MORE_USERS: (64, 1200),
}


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over raters or made users."""
    yield from _jester(context)
    yield from _personas(context)


def _jester(context: Context) -> Iterator[Comparison]:
    split = jester_split(context)
    features = TextFeatures(context.encoder())
    steps: dict[str, Any] = {"n_steps": 60, "n_people": 32} if context.quick else {}
    recipes = {MADE: Recipe()} if context.quick else RECIPES
    taste = LinearTaste(features=features, random_state=context.seed).fit(split.train)
    shared: dict[str, Any] = {"features": features, "taste": taste, "random_state": context.seed, **steps}
    plans: dict[str, Personaliser] = {TASTE: taste}
    plans |= {name: FSPO(**shared, recipe=recipe) for name, recipe in recipes.items()}
    if not context.quick:
        plans |= {REAL: FSPO(**shared, learn_from="real"), BOTH: FSPO(**shared, learn_from="made, then real")}
        plans[OVER] = FSPO(**shared, learn_from="real", over_taste=True, n_steps=N_STEPS_OVER)
    everyone = right_by_population(split, features)
    right: dict[str, dict[int, Array]] = {}
    for name, model in context.track(list(plans.items()), "teaching"):
        if name != TASTE:
            model.fit(split.train)
        right[name] = _curve(model, split.shots, split.shot, split.unseen, SHOTS)
        yield from _rows_of(context, split, name, model, right[name], everyone)
    yield from _differences(context, split, right)


def _curve(
    model: Personaliser, shots: Comparisons, shot: Codes, test: Comparisons, counts: tuple[int, ...]
) -> dict[int, Array]:
    """Return right (half where it cannot tell) of each row after so many shots."""
    found = {}
    for count in counts:
        model.adapt_all(shots.take(shot < count))
        found[count] = _right(model, test)
    return found


def _rows_of(
    context: Context,
    split: Split,
    name: str,
    model: Personaliser,
    right: Mapping[int, Array],
    everyone: Array,
) -> Iterator[Comparison]:
    test, most = split.unseen, max(SHOTS)
    people = test.person.tolist()
    for count, values in right.items():
        found = bootstrap_mean(values, clusters=people, draws=context.draws, random_state=context.seed)
        paper = CARD_TASTE[count] if name == TASTE else None
        yield compare("Jester", f"accuracy, {count} shots", name, found, paper=paper, source="card" if paper else "",
                      bar=BARS.get((name, count), ""))  # fmt: skip
    chance = model.probs(test).probability
    loss = -np.log(np.clip(np.where(test.chosen > 0.5, chance, 1 - chance), 1e-12, None))
    yield compare("Jester", f"log loss, {most} shots", name,
                  bootstrap_mean(loss, clusters=people, draws=context.draws, random_state=context.seed))  # fmt: skip
    for count in (20, most):
        change = made_worse(right[count], everyone, test)
        worse = bootstrap_mean(change, draws=context.draws, random_state=context.seed)
        yield compare(
            "Jester",
            f"people made worse, {count} shots",
            name,
            worse,
            bar="< .25" if (name, count) == (MADE, 20) else "",
        )
    ring = np.random.default_rng(context.seed).permutation(np.unique(split.shots.person))
    to = np.arange(len(split.shots.people))
    to[ring] = np.roll(ring, 1)
    model.adapt_all(split.shots.of_people(to[split.shots.person]))
    other = _right(model, test)
    found = bootstrap_mean(other, clusters=people, draws=context.draws, random_state=context.seed)
    yield compare("Jester", f"accuracy, another person's {most} shots", name, found)
    if isinstance(model, FSPO):
        yield compare(
            "Jester", "largest change when shots are permuted", name, _permuted(model, split), bar="<= 0"
        )
        yield compare("Jester", "parameters", name, sum(part.numel() for part in model.net_.parameters()))


def _permuted(model: FSPO, split: Split) -> float:
    """Return the largest difference of any probability when the same shots come in another order."""
    straight = model.adapt_all(split.shots).probs(split.unseen).probability
    order = np.random.default_rng(1).permutation(len(split.shots))
    return float(
        np.abs(model.adapt_all(split.shots.take(order)).probs(split.unseen).probability - straight).max()
    )


def _differences(
    context: Context, split: Split, right: Mapping[str, Mapping[int, Array]]
) -> Iterator[Comparison]:
    people = split.unseen.person.tolist()
    hurt = {(MADE, name): {10: "", 20: "low > 0"} for name in HURT}
    beside = {(MADE, TASTE): dict.fromkeys((2, 5, 10, 20), "")}
    beside |= {(name, TASTE): {2: "> 0", 5: "> 0", 10: "> 0", 20: ""} for name in (BOTH, REAL, OVER)}
    for (first, second), bars in (hurt | beside).items():
        for count, bar in bars.items() if first in right and second in right else ():
            gap = bootstrap_mean(right[first][count] - right[second][count], clusters=people, draws=context.draws,
                                 random_state=context.seed)  # fmt: skip
            yield compare(
                "Jester", f"accuracy difference, {count} shots", f"{first} minus {second}", gap, bar=bar
            )


def _personas(context: Context) -> Iterator[Comparison]:
    """Users who hold personas that nobody in training held."""
    statements = read_statements(context)
    features = TextFeatures(context.encoder())
    for n_personas in N_PERSONAS[:1] if context.quick else N_PERSONAS:
        for varied in VARIED if n_personas == 1 and not context.quick else ("",):
            yield from _held_out(context, statements, features, n_personas, varied)
    if not context.quick:
        yield from _every_fifth(context, statements, features)


@dataclass(frozen=True, slots=True)
class Met:
    """Methods taught on users of some personas; shots and their numbers, and questions, of users of the others."""

    models: Mapping[str, Personaliser]
    shots: Comparisons
    shot: Codes
    test: Comparisons


def _met(
    context: Context,
    statements: Statements,
    features: TextFeatures,
    n_personas: int,
    varied: str,
    fifth: int = 0,
) -> Met:
    n_directions, n_known = VARIED[varied]
    n_new, most = (60 if context.quick else 300), max(PERSONA_SHOTS)
    n_known = 150 if context.quick else n_known
    known = users(statements, n_known, n_personas, held_out=False, fifth=fifth, seed=context.seed)
    new = users(statements, n_new, n_personas, held_out=True, fifth=fifth, seed=context.seed + 1)
    rank = np.tile(np.arange(len(new) // n_new), n_new)
    taste = LinearTaste(features=features, n_directions=n_directions, n_learned=0, random_state=context.seed)
    taste.fit(known)
    shared: dict[str, Any] = {"features": features, "taste": taste, "learn_from": "real", "most_shots": most,
                              "random_state": context.seed}  # fmt: skip
    models: dict[str, Personaliser] = {
        TASTE: taste,
        PERSONAS: FSPO(**shared, n_steps=60 if context.quick else 200).fit(known),
    }
    if not context.quick and varied in {"", MORE_USERS}:
        models[PERSONAS_OVER] = FSPO(**shared, over_taste=True, n_steps=N_STEPS_OVER).fit(known)
    return Met(models, new.take(rank < most), rank[rank < most], new.take(rank >= most))


def _held_out(
    context: Context, statements: Statements, features: TextFeatures, n_personas: int, varied: str
) -> Iterator[Comparison]:
    met, most = _met(context, statements, features, n_personas, varied), max(PERSONA_SHOTS)
    where, people = f"held-out personas, {n_personas} a user{varied}", met.test.person.tolist()
    for name, model in met.models.items():
        for count, values in _curve(model, met.shots, met.shot, met.test, PERSONA_SHOTS).items():
            found = bootstrap_mean(values, clusters=people, draws=context.draws, random_state=context.seed)
            if not varied or count == most:
                yield compare(where, f"accuracy, {count} shots", name, found,
                              bar="> .85" if (n_personas, varied, count) == (1, "", most) and name != TASTE else "")  # fmt: skip
    if n_personas == 1:
        taste = met.models[TASTE]
        right = _right(taste.adapt_all(all_shown(statements, met.test)), met.test)
        found = bootstrap_mean(right, clusters=people, draws=context.draws, random_state=context.seed)
        yield compare(where, "accuracy, any two of the shown statements compared", TASTE, found)


def _every_fifth(context: Context, statements: Statements, features: TextFeatures) -> Iterator[Comparison]:
    """Every persona held out once; intervals over personas."""
    most = max(PERSONA_SHOTS)
    for varied in ("", MORE_USERS):
        right: dict[str, list[Array]] = {}
        personas: list[int] = []
        for fifth in context.track(list(range(HELD_OUT)), f"every persona held out once{varied}"):
            met = _met(context, statements, features, 1, varied, fifth)
            personas += statements.personas()[met.test.a].tolist()
            for name, model in met.models.items():
                right.setdefault(name, []).append(_right(model.adapt_all(met.shots), met.test))
        joined = {name: np.concatenate(parts) for name, parts in right.items()}
        where = f"every persona held out once, 1 a user{varied}"
        for name, values in joined.items():
            found = bootstrap_mean(values, clusters=personas, draws=context.draws, random_state=context.seed)
            yield compare(where, f"accuracy, {most} shots", name, found)
        for name in (PERSONAS, PERSONAS_OVER):
            gap = bootstrap_mean(joined[name] - joined[TASTE], clusters=personas, draws=context.draws,
                                 random_state=context.seed)  # fmt: skip
            yield compare(where, f"accuracy difference, {most} shots", f"{name} minus {TASTE}", gap)


def _right(model: Personaliser, test: Comparisons) -> Array:
    chance = model.probs(test).probability
    return np.where(chance == 0.5, 0.5, (chance > 0.5) == (test.chosen > 0.5)).astype(float)


EXPERIMENT = Experiment("fspo", rows)
