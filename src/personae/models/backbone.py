"""The encoder that ships with the package as layers of torch, so that it can be adapted by low-rank changes.

Sources: Devlin et al. (2019), "BERT", arXiv 1810.04805, the layers; Hu et al. (2022), "LoRA", arXiv 2106.09685, the changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from personae.errors import BadInput, MissingExtra
from personae.models.encoder import DIMENSIONS, MAX_TOKENS, WEIGHTS

N_LAYERS, N_HEADS = 6, 12
Tensor = Any  # torch.Tensor: torch is brought in by the functions that make tensors
Change = Callable[
    [int, str, Tensor], Tensor
]  # layer, "query" or "value", what comes in -> what is added to what goes out


@dataclass(frozen=True, slots=True)
class Tokens:
    """Texts as numbers of tokens, 0 where a text has ended: `ids` and `is_there` of shape (n, n_tokens)."""

    ids: Tensor
    is_there: Tensor


class Backbone:
    """The six layers, frozen, in float32.

    The int8 weights of the shipped file times their scales; activations are not rounded, so that vectors are close to those of
    `HomeEncoder` (cosine above .99) and not equal.
    """

    n_layers = N_LAYERS
    size = DIMENSIONS

    def __init__(self) -> None:
        self._weights = _weights()

    def tokens(self, texts: Sequence[str], most: int = MAX_TOKENS) -> Tokens:
        """Return the tokens of texts, at most so many of each, the last of them the closing one.

        Raises
        ------
        BadInput
            When `most` is beyond what the encoder reads.
        """
        if not 2 <= most <= MAX_TOKENS:
            raise BadInput(f"The encoder reads 2 to {MAX_TOKENS} tokens, not {most}.")
        from tokenizers import Tokenizer

        torch = _torch()
        tokenizer = Tokenizer.from_file(str(WEIGHTS[1]))
        tokenizer.enable_truncation(most)
        tokenizer.enable_padding()
        read = tokenizer.encode_batch([text.encode("utf-8", "replace").decode("utf-8") for text in texts])
        return Tokens(
            torch.tensor([each.ids for each in read]),
            torch.tensor([each.attention_mask for each in read]) > 0,
        )

    def embed(self, ids: Tensor) -> Tensor:
        """Return what goes into the first layer, shape (n, n_tokens, 384)."""
        weights = self._weights
        states = weights["words"][ids] + weights["positions"][: ids.shape[1]] + weights["types"][0]
        return _torch().nn.functional.layer_norm(states, (DIMENSIONS,), *weights["norm"], 1e-12)

    def layers(
        self,
        states: Tensor,
        is_there: Tensor,
        *,
        first: int = 0,
        last: int = N_LAYERS,
        change: Change | None = None,
        n_out: int | None = None,
    ) -> Tensor:
        """Return states after layers first, ..., last - 1; `change` adds to what queries and values go out.

        Gradients flow through what goes in and through `change`; the layers themselves do not learn. With `n_out` only the
        states of so many leading tokens come out, and the last layer does a sixth of its work.
        """
        functional = _torch().nn.functional
        mask = is_there[:, None, None, :]
        for number in range(first, last):
            weights = self._weights[number]
            asking = states[:, :n_out] if number == last - 1 else states
            inputs = {"query": asking, "key": states, "value": states}
            parts = {name: functional.linear(each, *weights[name]) for name, each in inputs.items()}
            if change is not None:
                parts |= {
                    name: parts[name] + change(number, name, inputs[name]) for name in ("query", "value")
                }
            heads = (part.unflatten(-1, (N_HEADS, -1)).transpose(1, 2) for part in parts.values())
            seen = functional.scaled_dot_product_attention(*heads, attn_mask=mask).transpose(1, 2).flatten(2)
            states = functional.layer_norm(
                asking + functional.linear(seen, *weights["join"]),
                (DIMENSIONS,),
                *weights["join norm"],
                1e-12,
            )
            inside = functional.gelu(functional.linear(states, *weights["widen"]))
            states = functional.layer_norm(
                states + functional.linear(inside, *weights["narrow"]),
                (DIMENSIONS,),
                *weights["narrow norm"],
                1e-12,
            )
        return states


def pooled(states: Tensor, is_there: Tensor) -> Tensor:
    """Return the mean state over tokens that are there, shape (n, 384)."""
    there = is_there[..., None].to(states.dtype)
    return (states * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)


@lru_cache(maxsize=1)
def _weights() -> dict[Any, Any]:
    try:
        import onnx
    except ImportError:
        raise MissingExtra(
            "Reading the encoder's weights needs onnx: pip install 'personae[torch]'."
        ) from None
    torch = _torch()
    graph = onnx.load(str(WEIGHTS[0])).graph
    kept = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}

    def dense(quantized: str) -> np.ndarray:
        base = quantized.removesuffix("_quantized")
        whole = kept[quantized].astype(np.float32) - kept[f"{base}_zero_point"].astype(np.float32)
        return np.asarray(whole * kept[f"{base}_scale"])

    def table(name: str) -> Any:
        return torch.tensor(dense(f"bert.embeddings.{name}_embeddings.weight_quantized"))

    def norm(name: str) -> tuple[Any, Any]:
        return torch.tensor(kept[f"{name}.weight"]), torch.tensor(kept[f"{name}.bias"])

    products = {node.name: node.input[1] for node in graph.node if node.op_type == "MatMulInteger"}
    found: dict[Any, Any] = {
        "words": table("word"),
        "positions": table("position"),
        "types": table("token_type"),
    }
    found["norm"] = norm("bert.embeddings.LayerNorm")
    names = {
        "query": "attention/self/query", "key": "attention/self/key", "value": "attention/self/value",
        "join": "attention/output/dense", "widen": "intermediate/dense", "narrow": "output/dense",
    }  # fmt: skip
    for number in range(N_LAYERS):
        head = f"bert.encoder.layer.{number}."
        found[number] = {
            each: (torch.tensor(dense(products[f"/layer.{number}/{name}/MatMul_quant"]).T.copy()),
                   torch.tensor(kept[f"{head}{name.replace('/', '.')}.bias"]))
            for each, name in names.items()
        }  # fmt: skip
        found[number]["join norm"] = norm(f"{head}attention.output.LayerNorm")
        found[number]["narrow norm"] = norm(f"{head}output.LayerNorm")
    return found


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise MissingExtra("Adapting the encoder needs torch: pip install 'personae[torch]'.") from None
    return torch
