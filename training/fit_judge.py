"""Fit src/personae/metrics/judge.json: the local judge's weights, on the recorded judgements of eight of SynthPAI's models.

Guesses of occupations where no rule scores, true occupations kept together in the folds that choose the penalty; the other
eight models are never read. Needs PERSONAE_DATA and the extra `learn`.

    python training/fit_judge.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from personae.metrics.judge import FEATURES, occupation_features
from personae.models.encoder import CachedEncoder, home_encoder
from personae.papers.harness import Context
from personae.papers.synthpai.experiment import JUDGE_MODELS, recorded
from personae.people.matching import match

FITTED = Path(__file__).parents[1] / "src/personae/metrics/judge.json"


def main() -> None:
    """Fit, print the cross-validated accuracy, and write the weights for unscaled features."""
    encoder = CachedEncoder(home_encoder())
    features, scores, truths = [], [], []
    for answer in (answer for model in JUDGE_MODELS for answer in recorded(Context(), model)):
        truth, guesses = answer.pair.truth, answer.guesses[: len(answer.scores)]
        is_ruled = any(match("occupation", guess, truth) for guess in guesses)
        if answer.pair.attribute == "occupation" and guesses and not is_ruled:
            features.append(occupation_features(guesses, truth, encoder))
            scores += [int(2 * score) for score in answer.scores]
            truths += [truth] * len(guesses)
    rows = np.concatenate(features)[:, 1:]  # the constant becomes the intercept
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    grid = {"logisticregression__C": [0.01, 0.03, 0.1, 0.3, 1.0]}
    search = GridSearchCV(pipeline, grid, cv=GroupKFold(8)).fit(rows, scores, groups=truths)
    scale, model = search.best_estimator_[0], search.best_estimator_[1]
    slopes = model.coef_ / scale.scale_  # (3, n_features - 1)
    weights = np.column_stack([model.intercept_ - slopes @ scale.mean_, slopes]).T  # (n_features, 3)
    print(
        f"{len(rows)} guesses, accuracy by true job held out {search.best_score_:.4f} at {search.best_params_}"
    )
    fitted = {"features": FEATURES, "models": JUDGE_MODELS, "weights": weights.round(4).tolist()}
    FITTED.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
