"""New questions that any twin can be asked here: a person's own answer to one survey item, hidden from the profile.

The wording of the mega-study's questions is not in the data, so a live model is asked these; the statistical twin answers
them too, from the same profile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from personae.metrics.intervals import bootstrap_mean
from personae.metrics.shortcuts import Choice
from personae.mind.twins import StatisticalTwin, cross_fit, mean_agreement, profile_text
from personae.models.choice import Question, choose
from personae.papers.blind import blind_rows
from personae.papers.harness import Comparison, Context, compare
from personae.papers.twin2k.study import Array, Study

SETTING = "own survey answer, hidden from the profile"
EXACT = "exact answers, share"
TWIN = "statistical twin"
SYSTEM = (
    "You are given the profile of a person who took part in a survey. Answer the question as this person would, in keeping "
    "with the profile."
)


@dataclass(frozen=True, slots=True)
class Item:
    """A survey question with ordered options, as they stand in the data."""

    question: str
    options: tuple[str, ...]


ITEMS = {
    "political_views": Item(
        "How would you describe your political views?",
        ("Very liberal", "Liberal", "Moderate", "Conservative", "Very conservative"),
    ),
    "religious_attendance": Item(
        "Apart from weddings and funerals, how often do you attend religious services?",
        ("Never", "Seldom", "A few times a year", "Once or twice a month", "Once a week", "More than once a week"),
    ),
    "education_level": Item(
        "What is the highest level of education that you have completed?",
        ("Less than high school", "High school graduate", "Some college, no degree", "Associate's degree",
         "College graduate/some postgrad", "Postgraduate"),
    ),
    "income": Item(
        "What was your household's income before taxes last year?",
        ("Less than $30,000", "$30,000-$50,000", "$50,000-$75,000", "$75,000-$100,000", "$100,000 or more"),
    ),
}  # fmt: skip
DESCRIPTIONS = {
    "geographic_region": "Region", "gender": "Gender", "age": "Age", "education_level": "Education", "race": "Race",
    "marital_status": "Marital status", "religion": "Religion", "religious_attendance": "Attends religious services",
    "political_affiliation": "Party", "income": "Household income", "political_views": "Political views",
    "employment_status": "Employment",
    "score_extraversion": "Extraversion, outgoing and talkative",
    "score_agreeableness": "Agreeableness, kind and cooperative",
    "wave1_score_conscientiousness": "Conscientiousness, orderly and reliable",
    "wave2_score_conscientiousness": "Conscientiousness, asked again later",
    "score_openness": "Openness, curious and imaginative",
    "score_neuroticism": "Neuroticism, easily worried and upset",
    "score_needforcognition": "Need for cognition, enjoys thinking hard",
    "score_agency": "Agency, values achievement and power",
    "score_communion": "Communion, values harmony and helping others",
    "score_minimalism": "Minimalism, prefers to own little",
    "score_BES": "Empathy, shares and understands feelings",
    "score_GREEN": "Green consumption, buys with the environment in mind",
    "crt2_score": "Cognitive reflection, resists the first wrong answer",
    "score_fluid": "Fluid reasoning", "score_crystallized": "Vocabulary and general knowledge",
    "score_syllogism_merged": "Logical syllogisms solved",
    "score_actual_total": "Knowledge and reasoning questions solved in all",
    "score_overconfidence": "Overconfidence, thinks more was solved than was",
    "score_overplacement": "Overplacement, places oneself above others too much",
    "score_ultimatum_sender": "Share offered in an ultimatum game",
    "score_ultimatum_accepted": "Unfair offers accepted in an ultimatum game",
    "score_mentalaccounting": "Mental accounting, treats money by its label",
    "score_socialdesirability": "Social desirability, presents oneself well",
    "score_anxiety": "Anxiety", "score_depression": "Depression",
    "score_HI": "Horizontal individualism, does one's own thing",
    "score_HC": "Horizontal collectivism, cooperates with equals",
    "score_VI": "Vertical individualism, wants to win",
    "score_VC": "Vertical collectivism, does one's duty to the family",
    "score_finliteracy": "Financial literacy", "score_numeracy": "Numeracy",
    "score_deductive_certainty": "Certain of valid deductions",
    "score_forwardflow": "Forward flow, thoughts travel far from one to the next",
    "score_discount": "Discounts later money", "score_presentbias": "Present bias, prefers money now",
    "score_riskaversion": "Risk aversion", "score_lossaversion": "Loss aversion",
    "score_trustgame_sender": "Trust, sends money in a trust game",
    "score_trustgame_receiver": "Trustworthiness, returns money in a trust game",
    "score_RFS": "Regulatory focus, pursues gains over safety",
    "score_ST-TW": "Spendthrift rather than tightwad",
    "score_CNFU-S": "Need for uniqueness in what one buys",
    "score_selfmonitor": "Self-monitoring, adapts to the company",
    "score_SCC": "Self-concept clarity, knows who one is",
    "score_needforclosure": "Need for closure, wants a firm answer",
    "score_maximization": "Maximizing, looks for the very best option",
    "score_wason": "Card selection task solved", "score_dictator_sender": "Share given away in a dictator game",
}  # fmt: skip


def samples_of(study: Study) -> Iterator[dict[str, Any]]:
    """Yield every person's questions: id, prompt, options, the answer given as index, and the item and person."""
    for name, item in ITEMS.items():
        for person in study.people:
            profile = profile_text(person, study.survey, DESCRIPTIONS, leave_out=name)
            yield {
                "id": f"{person['pid']}-{name}",
                "prompt": f"Profile\n{profile}\n\nQuestion\n{item.question}",
                "options": item.options,
                "target": item.options.index(person[name]),
                "metadata": {"person": person["pid"], "item": name},
            }


def truths(study: Study) -> Array:
    """Return the people's own answers, shape (n_people, n_items), from 0 at the first option to 1 at the last."""
    return np.array(
        [
            [item.options.index(person[name]) / (len(item.options) - 1) for name, item in ITEMS.items()]
            for person in study.people
        ]
    )


def statistical_answers(context: Context, study: Study, n_folds: int) -> Array:
    """Return what the statistical twin answers, each item from a profile without it."""
    answers = truths(study)
    twin = StatisticalTwin(shares=(0.0,), n_folds=n_folds)
    found = [
        cross_fit(twin, study.features(leave_out=(name,)), answers[:, [j]], n_folds=n_folds, random_state=context.seed)
        for j, name in enumerate(ITEMS)
    ]  # fmt: skip
    return np.concatenate([each.predicted for each in found], axis=1)


def live_answers(context: Context, study: Study) -> Array:
    """Return what the model that `--model` names answers as each person; NaN where no option could be read."""
    asked = list(samples_of(study))
    questions = [
        Question(sample["prompt"], sample["options"], person=sample["metadata"]["person"]) for sample in asked
    ]
    picks = choose(context.chat(), questions, system=SYSTEM, shuffle=False).picks[:, 0]
    steps = np.array([len(sample["options"]) - 1 for sample in asked])
    places = np.where(picks < 0, np.nan, picks / steps)
    return np.asarray(places.reshape(len(ITEMS), len(study.people)).T)


def item_rows(context: Context, study: Study, methods: dict[str, Array]) -> Iterator[Comparison]:
    """Yield accuracy, r and sd ratio over the items, r by item, and the middle answer of everyone as the baseline.

    Accuracy is 1 - |difference| / range; what the options alone give away is counted in exact answers.
    """
    answers, spans = truths(study), np.ones(len(ITEMS))
    middle = np.broadcast_to(np.median(answers, axis=0), answers.shape)
    drawn: dict[str, int] = {"draws": context.draws, "random_state": context.seed}
    for method, given in {**methods, "constant median": middle}.items():
        found = mean_agreement(answers, given, spans, **drawn)
        yield compare(SETTING, "accuracy", method, found.accuracy.interval)
        if method in methods:
            yield compare(SETTING, "mean r", method, found.r.interval)
            yield compare(SETTING, "sd ratio", method, found.sd_ratio.interval)
            for j, name in enumerate(ITEMS):
                each = mean_agreement(answers[:, [j]], given[:, [j]], spans[:1], **drawn)
                yield compare(SETTING, f"r, {name}", method, each.r.interval)
    asked = [(person, name, item) for person in study.people for name, item in ITEMS.items()]
    choices = [Choice(item.options, item.options.index(person[name]), name) for person, name, item in asked]
    people = [person["pid"] for person, _, _ in asked]
    yield from blind_rows(context, SETTING, choices, clusters=people, metric=EXACT)


def live_rows(context: Context, study: Study) -> Iterator[Comparison]:
    """Ask a chat model for the people's own answers, beside the statistical twin on the same people and items."""
    answers, given = truths(study), live_answers(context, study)
    methods = {context.model: given}
    if len(study.people) >= 100:
        methods[TWIN] = statistical_answers(context, study, 5)
    yield from item_rows(context, study, methods)
    exact = np.isclose(given, answers).astype(float)  # an answer that could not be read is not exact
    people = [person["pid"] for person in study.people for _ in ITEMS]
    share = bootstrap_mean(exact.ravel(), clusters=people, draws=context.draws, random_state=context.seed)
    yield compare(SETTING, EXACT, context.model, share)
    unread = 100 * float(np.isnan(given).mean())
    yield compare(SETTING, "unparsed, %", context.model, unread, n=given.size)
    if TWIN in methods:
        ours, theirs = (
            mean_agreement(answers, methods[name], np.ones(len(ITEMS)), draws=context.draws, random_state=context.seed)
            for name in (context.model, TWIN)
        )  # fmt: skip
        yield compare(SETTING, "mean r, difference", f"{context.model} minus {TWIN}", ours.r.minus(theirs.r))
