"""FSPO on a language model: preference losses over a further choice of a person, their shots in the prompt.

Sources: Azar et al. (2024), "A General Theoretical Paradigm to Understand Learning from Human Preferences", arXiv 2310.12036,
equation 17 (IPO); Rafailov et al. (2023), "Direct Preference Optimization", arXiv 2305.18290, equation 7 (DPO).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from personae.errors import BadInput
from personae.metrics.logistic import sigmoid
from personae.preference._extras import needs
from personae.preference.comparisons import Array
from personae.preference.fspo._net import torch_of
from personae.preference.fspo.prompts import Example

BETA = 0.01  # paper
RATE = 1e-6  # paper, RMSprop
Loss = Literal["ipo", "dpo"]


def response_log_probs(model: Any, tokenizer: Any, pairs: Sequence[tuple[str, str]]) -> Any:
    """Return the log-probability of each response after its prompt, a tensor of shape (n,), in nats.

    Raises
    ------
    BadInput
        When a prompt with its response is longer than the model reads, or a response is empty.

    Notes
    -----
    Pairs are read one by one, without padding. A token that begins a text stands before the prompt alone.
    """
    torch = torch_of()
    most = getattr(model.config, "max_position_embeddings", None)
    found = []
    for place, (prompt, response) in enumerate(pairs):
        before, after = tokenizer.encode(prompt), tokenizer.encode(response)
        is_begun = after[:1] == [getattr(tokenizer, "bos_token_id", None)]
        tokens = torch.tensor([[*before, *after[is_begun:]]])
        n_before, n_tokens = len(before), tokens.shape[1]
        if not 0 < n_before < n_tokens or (most and n_tokens > most):
            raise BadInput(
                f"Example {place} has {n_before} tokens of prompt and {n_tokens - n_before} of response; both must be there, "
                f"and together no more than {most}. Show fewer or shorter choices."
            )
        log_probs = (
            model(tokens).logits[0, n_before - 1 : -1].log_softmax(dim=-1)
        )  # (n_response, n_vocabulary)
        found.append(log_probs.gather(1, tokens[0, n_before:, None]).sum())
    return torch.stack(found)


def preference_loss(ahead: Any, *, loss: Loss = "ipo", beta: float = BETA) -> Any:
    """Return the loss of each example, from how far the model is ahead of the reference on chosen minus rejected, in nats.

    Notes
    -----
    h = log[pi(y_w)/ref(y_w)] - log[pi(y_l)/ref(y_l)]; IPO: (h - 1 / (2 beta))^2; DPO: -log sigmoid(beta h).
    """
    if loss == "ipo":
        return (ahead - 1 / (2 * beta)) ** 2
    return torch_of().nn.functional.softplus(-beta * ahead)


def tune(
    model: Any,
    reference: Any,
    tokenizer: Any,
    given: Sequence[Example],
    *,
    loss: Loss = "ipo",
    beta: float = BETA,
    rate: float = RATE,
    batch_size: int = 4,  # paper
    n_epochs: int = 1,
    random_state: int = 0,
) -> Iterator[float]:
    """Train a causal language model in place, and yield the loss of each batch.

    Parameters
    ----------
    model, reference : transformers causal language models
        The reference stays as it is; in the paper it is the model after supervised tuning on preferred responses.
    tokenizer : object with `encode(text)` to a list of token numbers
        Without tokens added at the end.
    given : sequence of Example
    """
    torch = torch_of()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=rate)
    random = np.random.default_rng(random_state)
    for _ in range(n_epochs):
        order = random.permutation(len(given))
        for start in range(0, len(given), batch_size):
            batch = [given[place] for place in order[start : start + batch_size]]
            with torch.no_grad():
                before = _lead(reference, tokenizer, batch)
            missed = preference_loss(_lead(model, tokenizer, batch) - before, loss=loss, beta=beta).mean()
            optimizer.zero_grad()
            missed.backward()
            optimizer.step()
            yield float(missed.detach())


def tune_with_trl(
    model: Any,
    reference: Any,
    tokenizer: Any,
    given: Sequence[Example],
    folder: Path | str,
    *,
    loss: Loss = "ipo",
    beta: float = BETA,
    rate: float = RATE,
    batch_size: int = 4,
    n_epochs: int = 1,
    random_state: int = 0,
) -> list[float]:
    """Train a causal language model in place by `trl.DPOTrainer`, and return the loss of each batch.

    Parameters
    ----------
    model, reference, given, loss, beta, rate, batch_size, n_epochs
        As in `tune`.
    tokenizer : transformers tokenizer
        With a token for the end and one for padding.
    folder : Path
        Where the trainer writes; nothing is sent anywhere.

    Raises
    ------
    MissingExtra
        Without trl.

    Notes
    -----
    Beside `tune`: batches are padded, the end of the response counts, the IPO loss is of the mean over tokens, the rate falls
    to zero, and the optimizer is AdamW.
    """
    with needs("trl", "tune"):
        from datasets import Dataset
        from trl.trainer.dpo_config import DPOConfig
        from trl.trainer.dpo_trainer import DPOTrainer
    rows = [{"prompt": each.prompt, "chosen": each.chosen, "rejected": each.rejected} for each in given]
    plan = DPOConfig(
        output_dir=str(folder), loss_type=["ipo" if loss == "ipo" else "sigmoid"], beta=beta, learning_rate=rate,
        per_device_train_batch_size=batch_size, num_train_epochs=n_epochs, seed=random_state, report_to="none",
        save_strategy="no", logging_steps=1, disable_tqdm=True, bf16=False,
        use_cpu=model.device.type == "cpu",
    )  # fmt: skip
    trainer = DPOTrainer(
        model=model,
        ref_model=reference,
        args=plan,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    trainer.train()
    return [float(each["loss"]) for each in trainer.state.log_history if "loss" in each]


def prefers(
    model: Any, reference: Any, tokenizer: Any, given: Sequence[Example], *, beta: float = BETA
) -> Array:
    """Return the probability that each person prefers the first target, by the reward beta log pi / ref, shape (n,)."""
    torch = torch_of()
    with torch.no_grad():
        ahead = _lead(model, tokenizer, given) - _lead(reference, tokenizer, given)
    return sigmoid(beta * ahead.double().numpy())


def _lead(model: Any, tokenizer: Any, batch: Sequence[Example]) -> Any:
    """Return log pi(chosen) - log pi(rejected) of each example."""
    chosen = response_log_probs(model, tokenizer, [(each.prompt, each.chosen) for each in batch])
    return chosen - response_log_probs(model, tokenizer, [(each.prompt, each.rejected) for each in batch])
