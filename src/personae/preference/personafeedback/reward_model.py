"""A reward model in the format of transformers, one number for an answer to a question, as a judge of preference rows.

Source: Tao et al. (2025), "PersonaFeedback", arXiv 2506.12915, section 4 (reward models that score each answer, the higher
chosen); the models are those of any trainer of rewards that saves a sequence classifier with one output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from personae.errors import BadInput
from personae.metrics.logistic import sigmoid
from personae.people.records import Preference
from personae.preference._extras import needs
from personae.preference.personafeedback.scorers import Answer, Array, Scorer, log_odds_of


class RewardModel(Scorer):
    """Score answers by a model from a folder; nothing is downloaded.

    Parameters
    ----------
    folder : Path
        What `save_pretrained` wrote of the model and of its tokenizer.
    profiles : mapping from person to persona text, optional
        For `log_odds` of preference rows, which name the person alone; without it every person gets the same.

    Notes
    -----
    P(a) = sigmoid(r(a) - r(b)), as such models are trained. The persona and the question are the user's turn and the answer the
    assistant's, by the tokenizer's chat template; a tokenizer without one gets both as a pair of texts. Answers are read one by
    one, without padding. The difference is as sure as the model is: `CertainJudge(RewardModel(folder).log_odds)` scales it on
    rows of one's own, with an interval and abstention.
    """

    def __init__(self, folder: Path | str, *, profiles: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.profiles = profiles

    def scores(self, answers: Sequence[Answer]) -> Array:
        """Return the reward of each (persona, question, option), shape (n,).

        Raises
        ------
        BadInput
            When the folder holds no such model, or an answer is longer than it reads; names the answer by its place.
        MissingExtra
            Without torch and transformers.
        """
        model, tokenizer = self._loaded()
        with needs("torch", "torch"):
            import torch
        most = getattr(model.config, "max_position_embeddings", None)
        found = []
        for place, answer in enumerate(answers):
            tokens = _tokens(tokenizer, answer)
            if most and tokens["input_ids"].shape[1] > most:
                raise BadInput(
                    f"Answer {place} has {tokens['input_ids'].shape[1]} tokens with its question; the model reads {most}. "
                    "Leave such rows out, or shorten them."
                )
            with torch.no_grad():
                found.append(float(model(**tokens).logits[0, 0]))
        return np.array(found)

    def log_odds(self, rows: Sequence[Preference]) -> Array:
        """Return log P(a) / P(b) for each row, whatever its choice, shape (n_rows,); see `profiles`."""
        return log_odds_of(self, rows, self.profiles)

    def prob(self, rows: Sequence[Preference]) -> Array:
        """Return the probability that a is chosen, in (0, 1), shape (n_rows,)."""
        return sigmoid(self.log_odds(rows))

    def _loaded(self) -> tuple[Any, Any]:
        """Return the model and its tokenizer, read once."""
        if not hasattr(self, "loaded_"):
            with needs("transformers", "torch"):
                from transformers import AutoModelForSequenceClassification, AutoTokenizer
            folder = Path(self.folder)
            if not (folder / "config.json").is_file():
                raise BadInput(
                    f"{folder.name}: no folder with a model in the format of transformers (config.json)."
                )
            try:
                model = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True)
                tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            except (OSError, ValueError) as error:
                raise BadInput(
                    f"{folder.name}: its model or tokenizer cannot be read ({type(error).__name__})."
                ) from None
            if model.config.num_labels != 1:
                raise BadInput(
                    f"{folder.name}: a model with {model.config.num_labels} outputs; a reward model has one."
                )
            self.loaded_ = model.eval(), tokenizer
        return self.loaded_


def _tokens(tokenizer: Any, answer: Answer) -> Any:
    persona, question, option = answer
    asked = "\n\n".join(part for part in (persona, question) if part)
    if getattr(tokenizer, "chat_template", None):
        turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": option}]
        return tokenizer.apply_chat_template(turns, return_tensors="pt", return_dict=True)
    return tokenizer(asked, option, return_tensors="pt")
