"""From a wish in words to slots: rules for the kind of task, the metric and what is left out; likeness for the target.

A column is told by its card: its name in words, the user's description, its values. The wish and the cards meet twice, by the
words they share and by the shipped encoder's cosine; the sum ranks the columns. No language model takes part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from personae.ask._words import STOP, stems, words
from personae.ask.petel import Metric, ProblemType
from personae.ask.table import Column, Look
from personae.models.encoder import Encoder

W_WORDS, W_NAME, W_EXACT, W_KIND = 0.55, 0.35, 1.0, 0.12  # tuned on the development goals
FEW = 12  # distinct numbers that can be classes
SURE = 0.06  # lead over the second column below which the conversation asks
FLOOR = 0.38  # likeness below which no column fits; four fifths of the least that a development goal has to its own
_PROBLEM: dict[ProblemType, str] = {
    "anomaly detection": r"anomal\w*|outlier\w*|unusual|odd(?:ly|ities)?|strange|suspicious|stand(?:s|ing)? out|weird",
    "dimensionality reduction": r"dimension\w*|compress|project(?:ion)?\b|components?|\bpca\b|onto a (?:map|plane)",
    "clustering": r"cluster\w*|segment\w*|groups?\b|resembl\w*|types of|kinds of|belong together|typolog\w*|personas?\b",
    "time series": r"time series|next (?:day|week|month|quarter|year)s?|over time|coming (?:days|weeks|months)",
}
_METRIC: dict[Metric, str] = {
    "f1": r"\bf[- ]?1\b|f[- ]score",
    "balanced_accuracy": r"balanced accuracy",
    "roc_auc": r"\bauc\b|\broc\b|area under",
    "average_precision": r"average precision|precision[- ]recall|\bauprc\b",
    "mean_absolute_error": r"mean absolute error|\bmae\b|absolute error",
    "root_mean_squared_error": r"root mean squared?|\brmse\b",
    "r2": r"\br ?2\b|r squared|r²|explained variance of",
    "accuracy": r"accuracy|share right",
    "silhouette": r"silhouette",
}
_JUDGED = re.compile(
    r"[,;]?\s*\b(?:and )?(?:judged?|scored?|measured?|evaluated?|rated?|optimi[sz]ed?|maximi[sz]e|use|using|with|by|for)"
    r"(?: (?:it|them))?"
    r"(?: (?:by|with|on|for))?(?: the)?\s+$",
    re.IGNORECASE,
)
_LEAVE = re.compile(
    r"[,;]?\s*\b(?:without|ignor(?:e|ing)|if we ignore|leav(?:e|ing) out|exclud(?:e|ing)|not using|do not use|don't use|drop)\b"
    r"(?P<what>[^,;.?!]*)",
    re.IGNORECASE,
)
_FROM = re.compile(r"\b(?:from|using|based on|given|out of)\b(?P<what>[^,;.?!]*)$", re.IGNORECASE)
_LIMIT = re.compile(
    r"\b(?P<how>more than|over|above|greater than|older than|longer than|at least"
    r"|under|below|less than|fewer than|younger than|at most)"
    r"\s+\$?(?P<number>\d[\d,.]*)\s*(?P<kilo>k\b)?",
    re.IGNORECASE,
)
_SIGNS = {
    "at least": ">=",
    "at most": "<=",
    **dict.fromkeys(("under", "below", "less than", "fewer than", "younger than"), "<"),
}
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|old|long|far|large|big|strongly|high|easy|often)|\bnumber of|\bamount|\bestimate\b|points",
    re.I,
)
_AS_NUMBER = re.compile(r"\bregress\w*|\bas (?:a )?numbers?\b", re.I)
_AS_CLASSES = re.compile(r"\bclassif\w*|\bas (?:classes|categories|a class|a category)\b", re.I)
_ASKS_CLASS = re.compile(r"\b(?:who|which|whether|if|is|does|will|classify|what)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A column and how well it answers the wish."""

    column: str
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a wish says: the kind of task, the target with its rivals, a limit on it, the class, the metric, what is left out."""

    problem_type: ProblemType | None
    target: str
    targets: tuple[Ranked, ...]
    expression: str = ""
    positive: str = ""
    metric: Metric | None = None
    left_out: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether the best column leads the second by enough not to ask."""
        return len(self.targets) < 2 or self.targets[0].score - self.targets[1].score >= SURE

    @property
    def fits(self) -> bool:
        """Whether the best column is like enough to what was asked to be what is meant."""
        return not self.targets or self.targets[0].score >= FLOOR


class RuleReader:
    """Read wishes about one table.

    Parameters
    ----------
    look : Look
    encoder : Encoder
        Any; `personae.models.encoder.home_encoder()` ships.
    cards : mapping from column to text, optional
        What each column is told by, in place of its name and description; the experiment's control shuffles them.
    """

    def __init__(self, look: Look, encoder: Encoder, *, cards: Mapping[str, str] | None = None) -> None:
        self.look = look
        self.encoder = encoder
        self._targets = look.of_kind("number", "binary", "category")
        self._cards = {column.name: (cards or {}).get(column.name, card(column)) for column in self._targets}
        self._stems = {name: set(stems(text)) for name, text in self._cards.items()}
        self._vectors = encoder.encode(
            [self._cards[column.name] for column in self._targets]
        )  # (n_columns, d)

    def read(self, goal: str) -> Reading:
        """Return what the goal says."""
        metric, rest = _metric(goal)
        rest, dropped = _split_off(_LEAVE, rest)
        core, _ = _split_off(_FROM, rest) if not _FROM.match(rest.strip()) else (rest, "")
        left_out = self._named(dropped) if dropped else ()
        problem = _problem(rest)
        if problem and problem != "time series":
            return Reading(problem, "", (), metric=metric, left_out=left_out)
        targets = self.rank(core or rest, leave=left_out)
        if not targets:
            return Reading(problem, "", (), metric=metric, left_out=left_out)
        target = self.look[targets[0].column]
        expression = _expression(target, rest)
        kind = problem or ("classification" if expression else problem_of(target, rest))
        is_pair = kind == "classification" and target.kind == "binary"
        positive = self.positive(target, rest) if is_pair and not expression else ""
        return Reading(kind, target.name, targets, expression, positive, metric, left_out)

    def rank(self, phrase: str, *, leave: Sequence[str] = ()) -> tuple[Ranked, ...]:
        """Return the five columns that answer the phrase best.

        Notes
        -----
        score = cosine + .55 share of the phrase's words on the card (rarer words count more) + .35 share of the name's
        words in the phrase + 1 for the name itself + .12 where the question's form and the column's kind agree.
        """
        said = set(stems(phrase))
        tokens = set(re.findall(r"[\w/-]+", phrase))
        vector = self.encoder.encode([phrase])[0]
        scores = []
        for column, cosine in zip(self._targets, self._vectors @ vector, strict=True):
            if column.name in leave:
                continue
            name = set(stems(self._cards[column.name].split(":")[0]))
            score = float(cosine) + W_WORDS * self._cover(said, self._stems[column.name])
            score += W_NAME * len(name & said) / max(len(name), 1)
            score += W_EXACT * (column.name in tokens and column.name.lower() not in STOP)
            score += W_KIND * _kind_fits(column, phrase)
            scores.append(Ranked(column.name, score))
        return tuple(sorted(scores, key=lambda each: -each.score)[:5])

    def positive(self, column: Column, phrase: str) -> str:
        """Return the value of a category that the phrase asks for; the rarer of two where none is likelier."""
        values = [value for value, _ in column.values]
        if not values:
            return ""
        limit = _LIMIT.search(phrase)
        if limit:
            sign = _SIGNS.get(limit["how"].lower(), ">")[0]
            if signed := [value for value in values if value.lstrip().startswith(sign)]:
                return signed[0]
        said = self.encoder.encode([phrase])[0]
        pieces = [_about_value(column, value) for value in values]
        scores = self.encoder.encode(pieces) @ said
        best = int(np.argmax(scores))
        if len(values) == 2 and abs(float(scores[0] - scores[1])) < 0.02:
            return "1" if set(values) == {"0", "1"} else min(column.values, key=lambda each: each[1])[0]
        return "1" if set(values) == {"0", "1"} and not column.description else values[best]

    def _cover(self, said: set[str], on_card: set[str]) -> float:
        """Return the weighted share of the phrase's stems that a card holds; a stem on few cards weighs more."""
        weights = {word: 1 / (1 + sum(word in each for each in self._stems.values())) for word in said}
        total = sum(weights.values())
        return sum(weight for word, weight in weights.items() if word in on_card) / total if total else 0.0

    def _named(self, phrase: str) -> tuple[str, ...]:
        """Return the columns that a phrase names: by name, else all that are about as like it as the likest."""
        tokens = {token.lower() for token in re.findall(r"[\w/-]+", phrase)}
        named = tuple(c.name for c in self.look.columns if c.name.lower() in tokens or c.name in phrase)
        if named or not stems(phrase):
            return named
        ranked = self.rank(phrase)
        return tuple(each.column for each in ranked if each.score > max(0.5, ranked[0].score - 0.1))


def card(column: Column) -> str:
    """Return the text that a column is told by: its name in words, its description, its commonest values."""
    text = " ".join(words(column.name))
    if column.description:
        text += f": {column.description}"
    values = [
        value
        for value, _ in column.values[:5]
        if not re.fullmatch(r"-?[\d.]+|true|false|yes|no", value, re.I)
    ]
    return f"{text} ({', '.join(values)})" if values and column.kind != "number" else text


def problem_of(column: Column, phrase: str) -> ProblemType:
    """Return whether a target is a class or a number, by what it holds and, where that leaves it open, by the question."""
    if column.kind != "number" or _AS_CLASSES.search(phrase):
        return "classification"
    if _AS_NUMBER.search(phrase):
        return "regression"
    low, _, high = column.range
    is_code = high - low <= 2 * (column.n_distinct - 1)  # 1 to 5, but not ages in steps of ten
    is_few = column.n_distinct <= 5 or (column.n_distinct <= FEW and not _ASKS_NUMBER.search(phrase))
    return "classification" if is_code and is_few else "regression"


def named_metric(text: str) -> Metric | None:
    """Return the metric that a text names."""
    return _metric(text)[0]


def _problem(goal: str) -> ProblemType | None:
    for problem, pattern in _PROBLEM.items():
        if re.search(rf"\b(?:{pattern})", goal, re.IGNORECASE):
            return problem
    return None


def _metric(goal: str) -> tuple[Metric | None, str]:
    """Return the metric that a goal names, and the goal without it."""
    for metric, pattern in _METRIC.items():
        if found := re.search(pattern, goal, re.IGNORECASE):
            before = _JUDGED.sub("", goal[: found.start()])
            return metric, before if before.strip() else goal
    return None, goal


def _split_off(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    found = pattern.search(text)
    if not found or not stems(text[: found.start()]):
        return text, ""
    return text[: found.start()] + text[found.end() :], found["what"]


def _expression(column: Column, phrase: str) -> str:
    """Return the condition that a limit puts on a number, such as "hours_per_week > 50"; empty without one."""
    limit = _LIMIT.search(phrase)
    if not limit or column.kind != "number":
        return ""
    number = float(limit["number"].replace(",", "").rstrip(".")) * (1000 if limit["kilo"] else 1)
    if not column.range[0] < number < column.range[2]:
        return ""
    return f'"{column.name}" {_SIGNS.get(limit["how"].lower(), ">")} {number:g}'


def _kind_fits(column: Column, phrase: str) -> float:
    is_amount = column.kind == "number" and column.n_distinct > FEW
    if _ASKS_NUMBER.search(phrase):
        return 1.0 if is_amount else 0.0
    return 1.0 if _ASKS_CLASS.search(phrase) and not is_amount else 0.0


def _about_value(column: Column, value: str) -> str:
    """Return what is said of a value: the piece of the description that holds it, or the column's name and the value."""
    for piece in re.split(r"[,;]| and ", column.description):
        if re.search(rf"\b{re.escape(value)}\b", piece):
            return piece
    if value.lower() in ("1", "true", "yes"):
        return column.description or " ".join(words(column.name))
    if value.lower() in ("0", "false", "no"):
        return "not " + (column.description or " ".join(words(column.name)))
    return f"{' '.join(words(column.name))} {value}"


def without(reading: Reading, column: str) -> Reading:
    """Return the reading with the next best target, for a user who says that this one is wrong."""
    rest = tuple(each for each in reading.targets if each.column != column)
    return replace(reading, targets=rest, target=rest[0].column if rest else "", expression="", positive="")
