"""RPM by asking: a chat model finds features, reasons as the person's factors say, and gives the rating.

Source: RPM (2025), arXiv 2505.21082, section 3: features, factors with statistics, reasoning paths that arrive at the known
rating, and the new text beside the history items of matched features. Texts go to the model as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from personae.models.answers import Answered, Outcomes, ask_many
from personae.models.chat import ChatModel, Message, Request
from personae.models.encoder import Encoder
from personae.people.records import Answer
from personae.preference._extras import needs

if TYPE_CHECKING:
    from pydantic import BaseModel

N_EXAMPLES = 3
DISTANCE = 0.45  # short phrases of a model: the card's threshold
_PARAMS = {"temperature": 0.0, "max_tokens": 600}
_PATH_FORM = 'Answer in JSON: {"path": "<the steps>", "factors": ["<factor>"], "rating": <whole number>}'


@dataclass(frozen=True, slots=True)
class Factor:
    """One row of a factor table: a group of features, in how many rated texts it stood, their mean rating, and the share of
    them rated above the person's mean."""

    name: str
    n: int
    mean: float
    above: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Ratings of n texts: `levels` (n,), NaN where none could be read; counts of answers; the factors that were shown; and the
    share of written paths that were kept, NaN where none was asked for."""

    levels: np.ndarray
    outcomes: Mapping[str, int]
    factors: tuple[Factor, ...] = ()
    kept_paths: float = float("nan")


def rate_by_reasoning(
    model: ChatModel,
    encoder: Encoder,
    history: Sequence[Answer],
    texts: Sequence[str],
    *,
    task: str,
    n_levels: int = 5,
    n_examples: int = N_EXAMPLES,
) -> Asked:
    """Rate texts as one person would, from their history.

    Parameters
    ----------
    history : sequence of Answer
        Of one person; `item` is the text.
    task : str
        What is rated, such as "how offensive a comment is, from 1 (not at all) to 5 (very)".
    n_examples : int
        History items shown with their reasoning, those of best matched features.

    Notes
    -----
    1. Features are asked for without the rating, of history and new texts alike, so that none holds its answer.
    2. They are grouped by average-linkage clustering of their vectors; each group's statistics are the factor table.
    3. For history items that are shown a path is asked for that arrives at the known rating; one that arrives elsewhere, or
       names no factor of the table, is left out, and the item is shown with its rating alone. Only items that are shown are
       asked about; the paper writes a path for all.
    4. Similarity is the mean over a new text's features of the largest cosine with the item's.
    """
    outcomes = Outcomes()
    person = history[0].person
    rated = [row.item for row in history]
    features = find_features(model, [*rated, *texts], person, task, outcomes)
    old, new = features[: len(rated)], features[len(rated) :]
    factors = factor_table(old, [row.response for row in history], encoder)
    near = [_nearest(each, old, encoder, n_examples) for each in new]
    shown = sorted({place for places in near for place in places})
    asked = [path_prompt(task, factors, rated[i], old[i], history[i].response) for i in shown]
    written = _answers(model, asked, _path_schema(), person, outcomes)
    paths = {
        i: kept
        for i, answer in zip(shown, written, strict=True)
        if (kept := _kept(answer, history[i], factors))
    }
    examples = {i: _example(history[i], paths.get(i, "")) for i in shown}
    prompts = [
        rating_prompt(task, text, factors, [examples[i] for i in places])
        for text, places in zip(texts, near, strict=True)
    ]
    levels = _levels(_answers(model, prompts, _path_schema(), person, outcomes), n_levels)
    share = len(paths) / len(shown) if shown else float("nan")
    return Asked(levels, outcomes.as_json(), factors, share)


def rate_by_examples(
    model: ChatModel,
    encoder: Encoder | None,
    history: Sequence[Answer],
    texts: Sequence[str],
    *,
    task: str,
    n_levels: int = 5,
    n_examples: int = N_EXAMPLES,
) -> Asked:
    """Rate texts with the history items of nearest whole-text vectors shown; with no encoder, none is shown."""
    outcomes = Outcomes()
    shown: list[list[str]] = [[] for _ in texts]
    if encoder is not None:
        cosines = encoder.encode(list(texts)) @ encoder.encode([row.item for row in history]).T
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :n_examples]
        shown = [[_example(history[place], "") for place in places] for places in order]
    prompts = [rating_prompt(task, text, (), mine) for text, mine in zip(texts, shown, strict=True)]
    found = _answers(model, prompts, _path_schema(), history[0].person, outcomes)
    return Asked(_levels(found, n_levels), outcomes.as_json())


def find_features(
    model: ChatModel, texts: Sequence[str], person: str, task: str, outcomes: Outcomes
) -> list[tuple[str, ...]]:
    """Return the features that a model finds in each text; none where its answer cannot be read."""
    prompts = [feature_prompt(task, text) for text in texts]
    found = _answers(model, prompts, _feature_schema(), person, outcomes)
    return [tuple(each.features) if each is not None else () for each in found]


def factor_table(
    features: Sequence[Sequence[str]], levels: Sequence[float], encoder: Encoder
) -> tuple[Factor, ...]:
    """Return groups of features with their statistics, the commonest first; a group is named after its most central feature."""
    with needs("scikit-learn"):
        from sklearn.cluster import AgglomerativeClustering

    names = sorted({feature for mine in features for feature in mine})
    if not names:
        return ()
    vectors = encoder.encode(names)
    labels = np.zeros(len(names), dtype=int)
    if len(names) > 1:
        clusters = AgglomerativeClustering(
            n_clusters=None, distance_threshold=DISTANCE, metric="cosine", linkage="average"
        )
        labels = clusters.fit_predict(vectors)
    label_of = dict(zip(names, labels.tolist(), strict=True))
    level, table = np.asarray(levels, dtype=float), []
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        central = members[(vectors[members] @ vectors[members].mean(axis=0)).argmax()]
        has = np.array([any(label_of[feature] == label for feature in mine) for mine in features])
        above = float((level[has] > level.mean()).mean())
        table.append(Factor(names[central], int(has.sum()), float(level[has].mean()), above))
    return tuple(sorted(table, key=lambda factor: (-factor.n, factor.name)))


def feature_prompt(task: str, text: str) -> str:
    """Return the question for the features of one text; its rating is not in it."""
    return (
        f"People rate {task}. Which phrases or qualities of the text below may move a person's rating? Name at most eight, each "
        f'in a few words. Answer in JSON: {{"features": ["<feature>"]}}\n\n[Text]\n{text}'
    )


def path_prompt(
    task: str, factors: Sequence[Factor], text: str, features: Sequence[str], level: float
) -> str:
    """Return the question for the reasoning that leads one person to a rating they gave."""
    return (
        f"One person rated {task}. Their factors:\n{_table(factors)}\n\n[Text]\n{text}\n\n[Features]\n"
        f"{'; '.join(features)}\n\n[Their rating]\n{level:g}\n\nWrite step by step how this person's factors lead to this "
        f"rating, naming at least one factor of the table. {_PATH_FORM}"
    )


def rating_prompt(task: str, text: str, factors: Sequence[Factor], examples: Sequence[str]) -> str:
    """Return the question for the rating of a new text."""
    table = f"\n\nWhat moves this person's ratings:\n{_table(factors)}" if factors else ""
    shown = "".join(f"\n\n[Example]\n{example}" for example in examples)
    whose = "one person" if factors or examples else "a person"
    return f"Predict how {whose} rates {task}.{table}{shown}\n\n[Text]\n{text}\n\nReason as this person does. {_PATH_FORM}"


def _table(factors: Sequence[Factor]) -> str:
    return "\n".join(
        f"- {each.name}: in {each.n} texts, mean rating {each.mean:.1f}, {each.above:.0%} above their mean"
        for each in factors
    )


def _example(row: Answer, path: str) -> str:
    return "\n".join((row.item, *([path] if path else []), f"Rating: {row.response:g}"))


def _kept(answer: Any, row: Answer, factors: Sequence[Factor]) -> str:
    """Return a path that arrives at the known rating by a factor of the table; "" otherwise."""
    if answer is None or answer.rating != row.response:
        return ""
    named = {name.lower() for name in answer.factors} & {factor.name.lower() for factor in factors}
    return str(answer.path) if named else ""


def _nearest(
    features: Sequence[str], others: Sequence[Sequence[str]], encoder: Encoder, n_examples: int
) -> list[int]:
    """Return the history items whose features match best; the latest where nothing can be matched."""
    scores = np.full(len(others), -1.0)
    if features:
        mine = encoder.encode(list(features))
        for place, each in enumerate(others):
            if each:
                scores[place] = float((mine @ encoder.encode(list(each)).T).max(axis=1).mean())
    order = np.lexsort((-np.arange(len(others)), -scores))
    return [int(place) for place in order[:n_examples]]


def _levels(answers: Iterable[Any], n_levels: int) -> np.ndarray:
    return np.array([
        float(each.rating) if each is not None and 1 <= each.rating <= n_levels else np.nan for each in answers
    ])  # fmt: skip


def _answers(
    model: ChatModel, prompts: Sequence[str], schema: type[BaseModel], person: str, outcomes: Outcomes
) -> list[Any]:
    """Return validated answers, None where one was refused or could not be read; each is counted."""
    requests = (
        Request((Message(role="user", content=prompt),), _PARAMS, person=person) for prompt in prompts
    )
    found: list[Any] = []
    for result in ask_many(model, requests, schema):
        outcomes.count(result)
        found.append(result.value if isinstance(result, Answered) else None)
    return found


@lru_cache(maxsize=1)
def _feature_schema() -> type[BaseModel]:
    from pydantic import create_model

    return create_model("Features", features=(list[str], ...))


@lru_cache(maxsize=1)
def _path_schema() -> type[BaseModel]:
    from pydantic import create_model

    return create_model("Path", path=(str, ...), factors=(list[str], ...), rating=(int, ...))
