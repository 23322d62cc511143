"""Measure the home reader: nested cross-validation on SynthPAI, and every collection left out once; misses included."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import _corpora
from _corpora import Case
from _stack import Model, Near, finish
from personae.infer._guesses import guesses_of
from personae.infer._lines import Lexicon
from personae.infer._scorer import turned_out
from personae.infer.stated import StatedReader
from personae.metrics.calibration import expected_calibration_error, reliability_bins
from personae.metrics.intervals import bootstrap_mean, wilson
from personae.metrics.recalibration import Isotonic, fit_isotonic
from personae.papers.harness import Comparison, compare
from personae.people.attributes import SYNTHPAI, attribute
from personae.people.matching import match
from personae.people.records import Claim, Guess, Person, Trace

if TYPE_CHECKING:
    from train_home import Vectors

OUTER = 5
CLOSED = ("sex", "education", "income_level", "relationship_status")
NESTED, LEFT_OUT = "cross-validated by person", "left out"
TITLES = {
    "synthpai": "SynthPAI", "llmprivacy": "llmprivacy", "personachat": "PersonaChat", "prodigy": "PRODIGy",
    "prism": "PRISM", "personabench": "PersonaBench",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """One scored pair of a person and an attribute.

    `right` and `three` are of the first and the first three guesses; `said` is the stated claim's (probability, right), None
    where nothing was stated. `near` is how near the person is to those of the fit, 0 where the guess was implied: then its
    probability is not the fitted model's to mend.
    """

    corpus: str
    setting: str
    group: str
    attribute: str
    truth: str
    score: float
    chance: float
    right: bool
    three: bool
    shown: bool
    said: tuple[float, bool] | None
    near: float

    @property
    def home(self) -> tuple[float, bool, bool]:
        """Return (probability, right, right within three) of the whole reader: what was stated, else the guess."""
        if self.said is None:
            return self.chance, self.right, self.three
        return self.said[0], self.said[1], self.said[1] or self.three


def evaluate(
    folder: Path, home: tuple[Lexicon, Near], nested: Sequence[Sequence[Answer]], vectors: Vectors, seed: int
) -> None:
    """Write evaluation.json and MODEL_CARD.md into the folder, and print the rows.

    `home` is fitted on all of SynthPAI, `nested` holds the answers of its folds.
    """
    answers = [*_left_out(home, outcomes(nested), vectors, seed), *_mended(nested)]
    rows = [_as_row(row) for row in _rows(answers)]
    quality = list(_quality(answers))
    (folder / "evaluation.json").write_text(json.dumps({"rows": rows, "quality": quality}, indent=1) + "\n")
    (folder / "MODEL_CARD.md").write_text(_card(rows))
    for row in rows:
        bar = f"  {row['bar']} {'met' if row['met'] else 'MISSED'}" if row["bar"] else ""
        print(
            f"{row['setting']:44s} {row['metric']:34s} {row['method']:9s} {row['value']:.3f} n={row['n']}{bar}"
        )


def nested(vectors: Vectors, seed: int) -> list[list[Answer]]:
    """Return, for each of OUTER folds of SynthPAI's people, what a model fitted on the others answers for them."""
    from train_home import train_near

    people, away = _corpora.synthpai(), _corpora.away()
    groups = sorted({case.group for case in people})
    np.random.default_rng(seed).shuffle(groups)
    fold = {group: number % OUTER for number, group in enumerate(groups)}
    found = []
    for number in range(OUTER):
        inside = [case for case in people if fold[case.group] != number]
        outside = [case for case in people if fold[case.group] == number]
        found.append(_answers(train_near(inside, vectors, seed), away, outside, NESTED, vectors))
        print(f"fold {number + 1} of {OUTER}", flush=True)
    return found


def outcomes(folds: Sequence[Sequence[Answer]]) -> Isotonic:
    """Return how often guesses of each probability turned out right."""
    answers = [answer for fold in folds for answer in fold if answer.near]
    return fit_isotonic([answer.chance for answer in answers], [answer.right for answer in answers])


def _mended(folds: Sequence[Sequence[Answer]]) -> Iterable[Answer]:
    """Yield the answers with the probabilities that other folds' outcomes give them."""
    for number, fold in enumerate(folds):
        others = outcomes([other for place, other in enumerate(folds) if place != number])
        yield from (_turned_out(answer, others) for answer in fold)


def _turned_out(answer: Answer, how: Isotonic) -> Answer:
    (guess,) = turned_out((Guess("", answer.chance),), how, answer.near)
    return replace(answer, chance=guess.probability)


def _left_out(home: tuple[Lexicon, Near], how: Isotonic, vectors: Vectors, seed: int) -> list[Answer]:
    """Fit without a collection, line classifiers and far head alike, and answer for it."""
    from train_home import train_near

    people, raw = _corpora.synthpai(), _corpora.llmprivacy("raw_samples")
    others = {"personachat": _corpora.personachat(), "prodigy": _corpora.prodigy(), "prism": _corpora.prism()}
    tests = {"llmprivacy": _corpora.llmprivacy(), "personabench": _corpora.personabench(), **others}
    found = []
    for name, cases in tests.items():
        away = [case for other, kept in others.items() if other != name for case in kept]
        away += raw if name != "llmprivacy" else []
        found += [_turned_out(answer, how) for answer in _answers(home, away, cases, LEFT_OUT, vectors)]
        print(f"left out {name}", flush=True)
    away = [case for kept in others.values() for case in kept]
    return found + _answers(train_near(raw, vectors, seed), away, people, LEFT_OUT, vectors)


def _answers(
    fitted: tuple[Lexicon, Near],
    away: Sequence[Case],
    cases: Sequence[Case],
    setting: str,
    vectors: Vectors,
) -> list[Answer]:
    from train_home import ready

    words, near = fitted
    model = finish(near, ready(away, words, vectors))
    return [
        answer
        for read in ready(cases, words, vectors)
        for answer in _of(model, read, *_said(read.case), setting)
    ]


def _of(
    model: Model, read, said: dict[str, Guess], implied: dict[str, tuple[Guess, ...]], setting: str
) -> Iterable[Answer]:
    case = read.case
    for fitted in model.fitted:
        name = fitted.task.name
        truth = case.truth.get(name)
        if truth is None or not truth.sure:
            continue
        chances, least, near = model.read(fitted, read)
        guesses = guesses_of(attribute(name), fitted.task.values, chances)
        shown = guesses[0].probability >= least
        if name in implied:  # takes the guess's place, as in HomeReader
            shown = not shown or match(name, guesses[0].value, implied[name][0].value) == 1.0
            guesses, near = implied[name], 0.0

        def right(value: str, name: str = name, truth=truth) -> bool:
            return match(name, value, truth.value, truth_score=truth.score) == 1.0

        stated = said.get(name)
        hits = [right(guess.value) for guess in guesses[:3]]
        yield Answer(
            case.corpus, setting, case.group, name, truth.value, truth.score, guesses[0].probability, hits[0], any(hits),
            shown, (stated.probability, right(stated.value)) if stated else None, near,
        )  # fmt: skip


def _said(case: Case) -> tuple[dict[str, Guess], dict[str, tuple[Guess, ...]]]:
    """Return what was stated of each attribute, and the guesses that what was said implies."""
    traces = tuple(
        Trace("person", case.corpus, str(number), text=text) for number, text in enumerate(case.lines)
    )
    reader, person = StatedReader(), Person("person", traces)
    stated, implied = (
        {claim.attribute: claim.guesses for claim in claims if _is_told(claim)}
        for claims in reader.read_both(person, SYNTHPAI)
    )
    return {name: guesses[0] for name, guesses in stated.items()}, implied


def _is_told(claim: Claim) -> bool:
    return bool(claim.guesses) and not claim.abstained and not claim.superseded_by


def majority(answers: Sequence[Answer]) -> float:
    """Return the share right when every attribute always gets the answer that is right most often."""
    n_right = 0.0
    for name in {answer.attribute for answer in answers}:
        own = [answer for answer in answers if answer.attribute == name]
        n_right += max(
            sum(match(name, value, each.truth, truth_score=each.score) == 1.0 for each in own)
            for value in {each.truth for each in own}
        )
    return n_right / len(answers)


def _rows(answers: Sequence[Answer]) -> Iterable[Comparison]:
    for corpus, setting in dict.fromkeys((answer.corpus, answer.setting) for answer in answers):
        own = [answer for answer in answers if (answer.corpus, answer.setting) == (corpus, setting)]
        yield from _corpus_rows(own, f"{TITLES[corpus]}, {setting}", _bars(corpus, setting, own))


def _bars(corpus: str, setting: str, own: Sequence[Answer]) -> dict[str, str]:
    if setting == NESTED:
        return {
            "closed four, top-1": ">= .66", "all, top-1": ">= .53", "all, top-3": ">= .70",
            "all, calibration error": "<= .05", "all, surest half over all": ">= .15",
            "shown inferred": ">= .80", "shown stated": ">= .92",
        }  # fmt: skip
    if corpus != "llmprivacy":
        return {}
    floor = majority([answer for answer in own if answer.attribute in CLOSED]) + 0.10
    return {
        "closed four, top-1": f">= {floor:.4f}", "closed four, calibration error": "<= .10",
        "shown inferred": ">= .75", "shown stated": ">= .92",
    }  # fmt: skip


def _corpus_rows(own: Sequence[Answer], setting: str, bars: dict[str, str]) -> Iterable[Comparison]:
    subsets: dict[str, list[Answer]] = {"all": list(own)}
    if closed := [answer for answer in own if answer.attribute in CLOSED]:
        subsets["closed four"] = closed
    subsets |= {
        name: [a for a in own if a.attribute == name] for name in dict.fromkeys(a.attribute for a in own)
    }
    for name, some in subsets.items():
        people = [answer.group for answer in some]
        for method, three in (
            ("home", [a.home for a in some]),
            ("inferred", [(a.chance, a.right, a.three) for a in some]),
        ):
            chance, right, top = (np.array(column, dtype=float) for column in zip(*three, strict=True))
            bar = bars if method == "home" else {}
            yield compare(
                setting,
                f"{name}, top-1",
                method,
                bootstrap_mean(right, clusters=people),
                bar=bar.get(f"{name}, top-1", ""),
            )
            yield compare(
                setting,
                f"{name}, top-3",
                method,
                bootstrap_mean(top, clusters=people),
                bar=bar.get(f"{name}, top-3", ""),
            )
            error = expected_calibration_error(chance, right)
            metric = f"{name}, calibration error"
            yield compare(setting, metric, method, error, n=len(some), bar=bar.get(metric, ""))
            half = np.argsort(-chance, kind="stable")[: max(1, len(some) // 2)]
            metric = f"{name}, surest half over all"
            yield compare(
                setting,
                metric,
                method,
                float(right[half].mean() - right.mean()),
                n=len(some),
                bar=bar.get(metric, ""),
            )
        yield compare(setting, f"{name}, top-1", "majority", majority(some), n=len(some))
        shown = [a for a in some if a.shown]
        said = [a for a in some if a.said]
        if shown:
            right = wilson(sum(a.right for a in shown), len(shown))
            yield compare(
                setting,
                f"{name}, shown right",
                "inferred",
                right,
                bar=bars.get("shown inferred", "") if name == "all" else "",
            )
        if said:
            right = wilson(sum(a.said[1] for a in said if a.said), len(said))
            yield compare(
                setting,
                f"{name}, shown right",
                "stated",
                right,
                bar=bars.get("shown stated", "") if name == "all" else "",
            )


def _quality(answers: Sequence[Answer]) -> Iterable[dict]:
    """Yield what the report's "how good are such guesses" part shows, one object an attribute and kind of claim."""
    for key in dict.fromkeys((a.corpus, a.setting, a.attribute) for a in answers):
        own = [a for a in answers if (a.corpus, a.setting, a.attribute) == key]
        said = [a for a in own if a.said]
        kinds = [("inferred", own, [(a.chance, a.right) for a in own], [a.right for a in own if a.shown])]
        if said:
            kinds.append(
                ("stated", said, [a.said for a in said if a.said], [a.said[1] for a in said if a.said])
            )
        for status, some, pairs, shown in kinds:
            chance, right = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
            value = bootstrap_mean(right, clusters=[a.group for a in some])
            low, high = (value.value if np.isnan(end) else end for end in (value.low, value.high))
            yield {
                "attribute": key[2], "corpus": TITLES[key[0]], "status": status, "n": len(some),
                "accuracy": value.value, "low": min(low, value.value), "high": max(high, value.value),
                "baseline": majority(some), "shown": float(np.mean(shown)) if shown else None, "shown_n": len(shown),
                "calibration_error": expected_calibration_error(chance, right),
                "bins": [{"probability": b.probability, "right": b.right, "n": b.n} for b in reliability_bins(chance, right)],
                "new_corpus": key[1] == LEFT_OUT,
            }  # fmt: skip


def _as_row(row: Comparison) -> dict:
    def number(value: float | None) -> float | None:
        return None if value is None or np.isnan(value) else round(value, 4)

    return asdict(row) | {
        "value": number(row.value), "low": number(row.low), "high": number(row.high), "met": row.met,
    }  # fmt: skip


def _card(rows: Sequence[dict]) -> str:
    template = (Path(__file__).parent / "model_card.md").read_text(encoding="utf-8")
    wanted = [row for row in rows if row["bar"] or row["metric"].endswith("top-1")]
    lines = ["| setting | what | method | value | 95% | n | bar | met |", "|---|---|---|---|---|---|---|---|"]
    for row in wanted:
        span = f"{row['low']:.3f} to {row['high']:.3f}" if row["low"] is not None else ""
        met = {True: "yes", False: "no", None: ""}[row["met"]]
        value = f"{row['value']:.3f}"
        cells = (row["setting"], row["metric"], row["method"], value, span, row["n"], row["bar"], met)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return template.replace("<!-- table -->", "\n".join(lines))
