"""Which values a dilemma is about, told from its text: the encoder and TF-IDF against how common each value is.

The labels are the values recorded for a dilemma on either side, of those tied to a principle: true where they stand, silent
where they do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from personae.errors import MissingExtra
from personae.metrics.calibration import auroc
from personae.metrics.intervals import bootstrap_mean
from personae.metrics.paired import paired_difference
from personae.mind.twins import StatisticalTwin, cross_fit
from personae.mind.values import ValueOutcome
from personae.papers.harness import Comparison, Context, compare

SETTING = "values of a dilemma from its text"
TOP = 5
LEAST = 50  # dilemmas; a value's AUROC is reported from there on; card
COMPONENTS = 200
QUICK = 400  # dilemmas of a quick run
Array = NDArray[np.float64]


def tagging_rows(
    context: Context, found: Sequence[ValueOutcome], texts: dict[str, str]
) -> Iterator[Comparison]:
    """Yield recall at five and mean AUROC, by folds over dilemmas."""
    dilemmas = [d for d in dict.fromkeys(each.dilemma for each in found) if d in texts]
    dilemmas = dilemmas[: QUICK if context.quick else None]
    if len(dilemmas) < 100:
        return
    labels, counts = _labels(found, dilemmas)
    wanted = [texts[dilemma] for dilemma in dilemmas]
    vectors = context.encoder().encode(wanted).astype(float)
    shuffled = np.random.default_rng(context.seed).permutation(vectors)
    scores = {
        "encoder, ridge": _scores(context, vectors, labels),
        "TF-IDF, ridge": _scores(context, _tf_idf(wanted), labels),
        "how common a value is": np.broadcast_to(counts / len(dilemmas), labels.shape),
        "encoder, texts shuffled": _scores(context, shuffled, labels),
    }
    recall = {name: _recall(given, labels) for name, given in scores.items()}
    common = np.flatnonzero(counts >= LEAST)
    for name, given in scores.items():
        interval = bootstrap_mean(recall[name], draws=context.draws, random_state=context.seed)
        yield compare(SETTING, f"recall at {TOP}", name, interval)
        if name != "how common a value is":
            by_value = [auroc(given[:, j], labels[:, j]) for j in common]
            interval = bootstrap_mean(by_value, draws=context.draws, random_state=context.seed)
            bar = "low > .5" if name == "encoder, ridge" else ""
            bar = "< .55" if "shuffled" in name else bar
            yield compare(SETTING, f"AUROC, mean over values of {LEAST} dilemmas", name, interval, bar=bar)
    for other in ("how common a value is", "TF-IDF, ridge"):
        gap = paired_difference(
            recall["encoder, ridge"], recall[other], draws=context.draws, random_state=context.seed
        )
        bar = "> 0" if other == "how common a value is" else ""
        yield compare(SETTING, f"recall at {TOP}, difference", f"encoder minus {other}", gap, bar=bar)


def _labels(found: Sequence[ValueOutcome], dilemmas: Sequence[str]) -> tuple[Array, Array]:
    """Return which values stand for each dilemma, shape (n_dilemmas, n_values), and for how many dilemmas each does."""
    place = {dilemma: i for i, dilemma in enumerate(dilemmas)}
    values = sorted({each.value for each in found})
    column = {value: j for j, value in enumerate(values)}
    labels = np.zeros((len(dilemmas), len(values)))
    for each in found:
        if each.dilemma in place:
            labels[place[each.dilemma], column[each.value]] = 1
    kept = labels.sum(axis=0) > 0
    return labels[:, kept], labels[:, kept].sum(axis=0)


def _scores(context: Context, features: Array, labels: Array) -> Array:
    """Return scores of every value for dilemmas left out: ridge on 0 and 1, all values at once."""
    n_folds = 3 if context.quick else 5
    twin = StatisticalTwin(alphas=(100.0, 1000.0, 10000.0), shares=(0.0,), n_folds=3)
    return cross_fit(twin, features, labels, n_folds=n_folds, random_state=context.seed).predicted


def _tf_idf(texts: Sequence[str]) -> Array:
    """Return the leading components of the texts' TF-IDF, shape (n_texts, at most 200)."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        raise MissingExtra("TF-IDF needs scikit-learn: `pip install 'personae[learn]'`.") from None
    words = TfidfVectorizer(sublinear_tf=True, min_df=2).fit_transform(texts)
    values, vectors = np.linalg.eigh((words @ words.T).toarray())
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0)))[:, -COMPONENTS:])


def _recall(scores: Array, labels: Array) -> Array:
    """Return, for each dilemma, the share of its values among the five scored highest."""
    top = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
    return np.asarray(np.take_along_axis(labels, top, axis=1).sum(axis=1) / labels.sum(axis=1))
