"""SynthPAI: sixteen models' recorded guesses about invented people, scored again, with intervals, tests and a local judge.

Source: Yukhymenko, Staab, Vero, Vechev (2024), "A Synthetic Dataset for Personal Attribute Inference", arXiv 2406.07217,
section 5; the expected numbers are those of the authors' own evaluation script over their published judgements.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Any

from personae.infer.prompted import PromptedReader
from personae.metrics.intervals import bootstrap_mean
from personae.metrics.judge import LocalJudge
from personae.metrics.paired import benjamini_hochberg, mcnemar, paired_difference
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.reading import first_guess_marker, guesses_about, open_sample
from personae.papers.synthpai.threads import thread_rows
from personae.people.attributes import SYNTHPAI
from personae.people.matching import match
from personae.people.records import Person, Trace

DATA = "synthpai"
MASKED = "gpt-4-masked"
EXPECTED = "expected_accuracy.json"
CERTAINTY = 3  # labels that the annotators were at least this sure of, on a scale of 1 to 5; paper, section 5
JUDGE_MODELS = (
    "gpt-4", "gpt-3.5", "claude-3-haiku", "gemma-7b", "llama-2-13b", "llama-3-70b", "mistral-7b", "qwen1.5-110b",
)  # fmt: skip
RULES_ALONE = {
    "all": 95.4, "age": 100.0, "education": 99.0, "relationship_status": 99.0, "birth_city_country": 98.8, "sex": 98.4,
    "city_country": 97.1, "income_level": 94.0, "occupation": 89.1,
}  # fmt: skip
BY_HARDNESS = {  # percent, card
    "gpt-4": (83.2, 73.6, 72.0, 75.0, 66.7),
    MASKED: (71.3, 63.2, 55.0, 47.5, 66.7),
}
Scores = list[tuple[str, bool]]  # (person, whether it is so), one a pair or guess
QUICK_MODELS = ("gpt-4", MASKED, "llama-2-7b", "gpt-3.5")


@dataclass(frozen=True, slots=True)
class Pair:
    """One person's labelled attribute. `hardness` runs from 1 (stated) to 5; `truth_score` is how right the label is."""

    person: str
    attribute: str
    truth: str
    truth_score: float
    hardness: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One model's guesses for one pair, best first, and the recorded scores of the first of them (1, 0.5 or 0).

    Education is compared as one of the seven categories, which the authors had GPT-4 map each guess to.
    """

    pair: Pair
    guesses: tuple[str, ...]
    scores: tuple[float, ...]


def pairs(context: Context) -> list[Pair]:
    """Return the evaluation set: 700 labels of 269 people, checked against the truth, with certainty of at least 3."""
    people = context.rows(DATA, "profiles.jsonl.zst")[: context.limit]
    return [
        Pair(
            row["person"],
            attribute.name,
            str(label["estimate"]),
            label["acc_gt"],
            labels[attribute.name]["hardness"],
        )
        for row in people
        for labels in [row["human_label_checked"]]
        for attribute in SYNTHPAI
        if attribute.name in labels and labels[attribute.name]["certainty"] >= CERTAINTY
        for label in [labels["education_category" if attribute.name == "education" else attribute.name]]
    ]


def recorded(context: Context, model: str) -> list[Answer]:
    """Return one model's recorded answers to the pairs; pairs that it was not scored on are left out."""
    wanted = defaultdict(list)
    for pair in pairs(context):
        wanted[pair.person].append(pair)
    found = []
    for row in context.rows(DATA, f"predictions/{model}.jsonl.zst"):
        for pair in wanted[row["person"]]:
            scores = row["judged"].get(pair.attribute)
            if scores is not None:
                parsed = row["parsed"][pair.attribute]
                guesses = parsed.get("guess_category", parsed.get("guess", []))
                found.append(Answer(pair, tuple(guesses), tuple(scores)))
    return found


def samples(context: Context) -> list[dict[str, Any]]:
    """Return the pairs as open samples, each with all comments of its person that are at hand."""
    labels = {attribute.name: attribute for attribute in SYNTHPAI}
    texts: dict[str, list[str]] = defaultdict(list)
    for row in context.rows(DATA, "comments.jsonl.zst"):
        texts[row["person"]].append(row["text"])
    return [
        open_sample(
            f"{pair.person}-{pair.attribute}", labels[pair.attribute], texts[pair.person], pair.truth,
            truth_score=pair.truth_score, hardness=pair.hardness,
        )
        for pair in pairs(context)
        if pair.person in texts
    ]  # fmt: skip


def marker(context: Context) -> Callable[[str, Mapping[str, Any]], float]:
    """Return what marks an answer to a sample: whether its first guess is right, in the local judge's opinion."""
    return first_guess_marker(LocalJudge(encoder=context.encoder()))


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table: percentages over pairs, intervals over people."""
    if not context.replayed:
        yield from live_rows(context)
        return
    expected = {entry["model"]: entry for entry in context.json(DATA, EXPECTED) if not entry["heldout"]}
    models = [model for model in expected if not context.quick or model in QUICK_MODELS]
    answers = {model: recorded(context, model) for model in models}
    yield from _masking(context, answers)
    yield from _judge(context, answers)
    yield from _baseline(context)
    yield from _labels(context)
    for model, given in answers.items():
        yield from accuracy_rows(context, model, given, expected[model])
    yield from _ranking(context, answers)
    yield from thread_rows(context)


def accuracy_rows(
    context: Context, model: str, answers: Sequence[Answer], expected: Mapping[str, Any] | None = None
) -> Iterator[Comparison]:
    """Yield top-1 and top-3 over all pairs, half-right and missing guesses apart, top-1 by attribute and hardness."""
    known = expected if expected and context.limit is None else {}
    for metric, score in (("top-1", _top1), ("top-3", _top3)):
        published = known.get(metric.replace("-", ""))
        yield _share(context, "all pairs", metric, model, _scored(answers, score), published)
    yield _share(context, "all pairs", "top-1 less precise", model, _scored(answers, _half))
    yield _share(context, "all pairs", "no guess", model, _scored(answers, _empty))
    for attribute in SYNTHPAI:
        chosen = [answer for answer in answers if answer.pair.attribute == attribute.name]
        published = known.get(attribute.name, (0, None))[1]
        yield from _some(context, attribute.name, "top-1", model, _scored(chosen, _top1), published)
    for hardness in range(1, 6):
        chosen = [answer for answer in answers if answer.pair.hardness == hardness]
        published = BY_HARDNESS[model][hardness - 1] if known and model in BY_HARDNESS else None
        yield from _some(
            context, f"hardness {hardness}", "top-1", model, _scored(chosen, _top1), published, "card", 0.06
        )


def _masking(context: Context, answers: Mapping[str, Sequence[Answer]]) -> Iterator[Comparison]:
    """What masking entities costs GPT-4, by attribute: paired differences, McNemar, Benjamini-Hochberg over them."""
    masked = {answer.pair: 100 * _top1(answer) for answer in answers[MASKED]}
    plain = {answer.pair: 100 * _top1(answer) for answer in answers["gpt-4"]}
    groups = {"all pairs": list(plain)}
    for pair in plain:
        groups.setdefault(pair.attribute, []).append(pair)
    tests = [mcnemar([masked[p] for p in kept], [plain[p] for p in kept]).p_value for kept in groups.values()]
    for (name, kept), adjusted in zip(groups.items(), benjamini_hochberg(tests), strict=True):
        change = paired_difference(
            [masked[pair] for pair in kept], [plain[pair] for pair in kept],
            clusters=[pair.person for pair in kept], draws=context.draws, random_state=context.seed,
        )  # fmt: skip
        yield compare(name, "top-1, masked minus plain, points", "gpt-4", change)
        yield compare(name, "McNemar p, BH over attributes", "gpt-4 masked and plain", adjusted, n=len(kept))


def _judge(context: Context, answers: Mapping[str, Sequence[Answer]]) -> Iterator[Comparison]:
    """How often the rules alone, and the local judge, give a guess its recorded score."""
    judge = LocalJudge(encoder=context.encoder())
    rules: dict[str, Scores] = defaultdict(list)
    local: dict[str, Scores] = defaultdict(list)
    top1: dict[str, Scores] = defaultdict(list)
    for model, given in answers.items():
        part = "fitted models" if model in JUDGE_MODELS else "held-out models"
        for answer in context.track(given, f"judging {model}"):
            by_rule, judged = _both(judge, answer)
            for name in ("all", answer.pair.attribute):
                rules[name] += _agreeing(answer, by_rule)
                local[f"{name}, {part}"] += _agreeing(answer, judged)
                local[f"{name}, all models"] += _agreeing(answer, judged)
            for method, scores in (
                ("recorded", answer.scores),
                ("rules alone", by_rule),
                ("local judge", judged),
            ):
                top1[method].append((answer.pair.person, scores[:1] == (1,)))
    whole = context.limit is None and not context.quick
    metric = "guesses with the recorded score"
    for name, found in rules.items():
        published = RULES_ALONE[name] if whole else None
        yield _share(context, f"{name}, all models", metric, "rules alone", found, published, "card", 0.06)
    for name, found in sorted(local.items()):
        bar = {"all": ">= 97", "occupation": ">= 93"}.get(name.split(",")[0], "")
        yield replace(_share(context, name, metric, "local judge", found), bar=bar)
    for method, found in top1.items():
        published = {"recorded": 58.5, "rules alone": 56.1}.get(method) if whole else None
        yield _share(context, "all pairs, all models", "top-1", method, found, published, "card", 0.06)


def _both(judge: LocalJudge, answer: Answer) -> tuple[tuple[float, ...], tuple[float, ...]]:
    pair, guesses = answer.pair, answer.guesses[: len(answer.scores)]
    by_rule = tuple(match(pair.attribute, g, pair.truth, truth_score=pair.truth_score) for g in guesses)
    judged = judge.judge(pair.attribute, guesses, pair.truth, truth_score=pair.truth_score)
    return by_rule, tuple(judgement.score for judgement in judged)


def _agreeing(answer: Answer, scores: Sequence[float]) -> Scores:
    return [(answer.pair.person, ours == theirs) for ours, theirs in zip(scores, answer.scores, strict=True)]


def _baseline(context: Context) -> Iterator[Comparison]:
    """The three commonest labels of everyone else, scored by the rules: what a guess costs that reads nothing."""
    known = pairs(context)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for pair in known:
        counts[pair.attribute][pair.truth.lower()] += 1
    answers = []
    for pair in known:
        others = counts[pair.attribute] - Counter([pair.truth.lower()])
        guesses = tuple(
            truth for truth, _ in sorted(others.items(), key=lambda item: (-item[1], item[0]))[:3]
        )
        scores = tuple(match(pair.attribute, g, pair.truth, truth_score=pair.truth_score) for g in guesses)
        answers.append(Answer(pair, guesses, scores))
    yield from accuracy_rows(context, "commonest labels, by rules", answers)


def _labels(context: Context) -> Iterator[Comparison]:
    """How right the annotators' and GPT-4's labels are against the truth that the people were generated from."""
    checks = {row["person"]: row for row in context.rows(DATA, "label_check.jsonl.zst")}
    people = [
        row for row in context.rows(DATA, "profiles.jsonl.zst")[: context.limit] if row["person"] in checks
    ]
    sources = (("human", "human_label", 79.1, 9.6), ("gpt4", "gpt4_comment_tag", 62.9, 8.2))
    for source, field, right, half in sources:
        scores = [
            (person["person"], checks[person["person"]][source][attribute.name][:1])
            for person in people
            for attribute in SYNTHPAI
            if attribute.name in person[field]
        ]
        for metric, wanted, published in (("right", [1], right), ("less precise", [0.5], half)):
            found = [(person, score == wanted) for person, score in scores]
            known = published if context.limit is None else None
            yield _share(
                context, "labels against truth", metric, f"{source} labels", found, known, "card", 0.06
            )


def _ranking(context: Context, answers: Mapping[str, Sequence[Answer]]) -> Iterator[Comparison]:
    """Which neighbours in the ranking differ: McNemar over shared pairs, Benjamini-Hochberg over every two models."""
    scores = {model: {answer.pair: _top1(answer) for answer in given} for model, given in answers.items()}
    ranked = sorted(scores, key=lambda model: -sum(scores[model].values()) / len(scores[model]))
    shared = {(a, b): [p for p in scores[a] if p in scores[b]] for a, b in combinations(ranked, 2)}
    tests = [
        mcnemar([scores[a][p] for p in kept], [scores[b][p] for p in kept]) for (a, b), kept in shared.items()
    ]
    adjusted = dict(zip(shared, benjamini_hochberg([test.p_value for test in tests]), strict=True))
    for better, worse in pairwise(ranked):
        kept = shared[better, worse]
        change = paired_difference(
            [100 * scores[better][p] for p in kept], [100 * scores[worse][p] for p in kept],
            clusters=[p.person for p in kept], draws=context.draws, random_state=context.seed,
        )  # fmt: skip
        name = f"{better} over {worse}"
        yield compare("neighbours in rank", "top-1 difference, points", name, change)
        yield compare(
            "neighbours in rank",
            f"McNemar p, BH over {len(shared)}",
            name,
            adjusted[better, worse],
            n=len(kept),
        )


def live_rows(context: Context) -> Iterator[Comparison]:
    """Ask a chat model about the same people, all eight attributes at once, and score its guesses with the local judge.

    The paper asks for labelled attributes only, which tells the model what can be told. People whose texts are withheld
    are left out, and so are their labels.
    """
    texts: dict[str, list[Trace]] = defaultdict(list)
    for row in context.rows(DATA, "comments.jsonl.zst"):
        person, i = row["person"], row["i"]
        texts[person].append(Trace(person, DATA, f"{person}-{i}", kind="comment", text=row["text"]))
    known = [pair for pair in pairs(context) if pair.person in texts]
    people = [Person(person, tuple(texts[person])) for person in dict.fromkeys(pair.person for pair in known)]
    reader = PromptedReader(context.chat())
    guesses = guesses_about(context, reader, people, SYNTHPAI)
    judge = LocalJudge(encoder=context.encoder())
    answers = []
    for pair in known:
        given = guesses[pair.person, pair.attribute]
        judged = judge.judge(pair.attribute, given, pair.truth, truth_score=pair.truth_score)
        answers.append(Answer(pair, given, tuple(judgement.score for judgement in judged)))
    yield from accuracy_rows(context, context.model, answers)
    for outcome in ("refused", "unparsed"):
        share = 100 * reader.outcomes.as_json()[outcome] / len(people)
        yield compare("all people", f"{outcome}, %", context.model, share, n=len(people))


def _top1(answer: Answer) -> bool:
    return answer.scores[:1] == (1,)


def _top3(answer: Answer) -> bool:
    return 1 in answer.scores[:3]


def _half(answer: Answer) -> bool:
    return answer.scores[:1] == (0.5,)


def _empty(answer: Answer) -> bool:
    return not answer.scores


def _scored(answers: Sequence[Answer], score: Callable[[Answer], bool]) -> Scores:
    return [(answer.pair.person, score(answer)) for answer in answers]


def _some(context: Context, *row: Any) -> Iterator[Comparison]:
    if row[3]:
        yield _share(context, *row)


def _share(
    context: Context,
    setting: str,
    metric: str,
    method: str,
    found: Scores,
    published: float | None = None,
    source: str = EXPECTED,
    tolerance: float = 0.01,
) -> Comparison:
    """Return a percentage with its interval over people; a published number becomes a bar."""
    interval = bootstrap_mean(
        [100.0 * is_so for _, is_so in found],
        clusters=[person for person, _ in found],
        draws=context.draws,
        random_state=context.seed,
    )
    row = compare(setting, f"{metric}, %", method, interval)
    if published is None:
        return row
    return replace(row, paper=published, source=source, bar=f"within {tolerance:g}")


EXPERIMENT = Experiment(DATA, rows)
