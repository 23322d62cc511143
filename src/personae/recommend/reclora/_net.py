"""The network of RecLoRA: frozen layers, shared low-rank pairs, gates and a head. Imported only when something is learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from personae.models.backbone import Backbone

if TYPE_CHECKING:
    from personae.recommend.reclora.model import RecLoRA

PARTS = ("query", "value")


class Adapted(nn.Module):
    """States of the frozen layers and h_u in, the log-odds that the item is liked out."""

    def __init__(self, plan: RecLoRA, n_features: int) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.first = self.backbone.n_layers - plan.n_adapted
        self.scale, self.tau, self.gate, self.k = plan.alpha / plan.rank, plan.tau, plan.gate, plan.n_loras
        size = self.backbone.size
        shape = (plan.n_adapted, len(PARTS), plan.n_loras)
        self.a = nn.Parameter(torch.empty(*shape, plan.rank, size))
        self.b = nn.Parameter(torch.zeros(*shape, size, plan.rank))
        nn.init.uniform_(self.a, -(size**-0.5), size**-0.5)  # Kaiming's with a = sqrt 5
        self.gates = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(n_features), nn.Linear(n_features, plan.gate_size), nn.ReLU(), nn.Dropout(0.1),
                nn.Linear(plan.gate_size, plan.n_loras),
            )
            for _ in range(plan.n_adapted if plan.gate == "personal" and plan.n_loras > 1 else 0)
        )  # fmt: skip
        self.head = nn.Linear(size + (n_features if plan.with_vector else 0), 1)
        self.with_vector = plan.with_vector

    def forward(self, states: Tensor, is_there: Tensor, vectors: Tensor) -> Tensor:
        """Shapes (n, n_tokens, 384), (n, n_tokens) and (n, n_features) to (n,)."""
        mix = self.mix(vectors)

        def change(layer: int, part: str, x: Tensor) -> Tensor:
            place = layer - self.first, PARTS.index(part)
            weights = mix[:, place[0], None, :, None]  # (n, 1, k, 1)
            inward = torch.einsum("ntd,krd->ntkr", x, self.a[place])
            inward = (weights * inward).sum(dim=2, keepdim=True)  # A_u x
            return self.scale * torch.einsum("ntkr,kdr->ntd", weights * inward, self.b[place])

        last = self.backbone.layers(states, is_there, first=self.first, change=change, n_out=1)[:, 0]
        read = torch.cat([last, vectors], dim=1) if self.with_vector else last
        told: Tensor = self.head(read)[:, 0]
        return told

    def mix(self, vectors: Tensor) -> Tensor:
        """Return the weights of the pairs, (n, n_adapted, k)."""
        if not self.gates:
            return torch.full((len(vectors), len(self.a), self.k), 1 / self.k)
        return torch.stack([(gate(vectors) / self.tau).softmax(dim=1) for gate in self.gates], dim=1)

    def adapter(self, vectors: Tensor) -> dict[str, Tensor]:
        """Return A_u and B_u of the first row, by layer and part."""
        mix = self.mix(vectors)[0]
        found = {}
        for layer, weights in enumerate(mix):
            for place, part in enumerate(PARTS):
                name = f"layer.{self.first + layer}.{part}"
                found[f"{name}.A"] = torch.einsum("k,krd->rd", weights, self.a[layer, place])
                found[f"{name}.B"] = self.scale * torch.einsum("k,kdr->dr", weights, self.b[layer, place])
        return found
