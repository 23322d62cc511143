"""The network of FSPO: a set of labeled comparisons in, what it says of a taste out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from personae.preference._extras import needs


@dataclass(frozen=True, slots=True)
class NetConfig:
    """Sizes; the defaults make 0.4 M parameters with 32 coordinates."""

    n_coordinates: int
    hidden: int = 128
    n_layers: int = 2
    n_heads: int = 4
    inner: int = 384
    patience: float = 30.0  # shots that count as much as what is believed of everyone
    first_step: float = 1.0  # of gradient ascent from the shots, at the start; 0 to begin by saying nothing


def torch_of() -> Any:
    """Return torch; raises `MissingExtra` without it."""
    with needs("torch", "torch,learn"):
        import torch
    return torch


def build(config: NetConfig, random_state: int) -> Any:
    """Return the network, its first weights drawn under this seed.

    Notes
    -----
    Shots attend to one another without positions, so that their order means nothing. A taste's weights are a sum over shots of
    their chosen-minus-rejected coordinates, each times what its hidden state says it counts (so is the best linear taste, by
    the representer theorem; at the start it is one step of gradient ascent), plus what learned queries that pool the hidden
    states tell; these tell also the log of how much the population's reward counts. All is scaled by n / (n + patience), so that
    no shots say nothing and many equal ones a bounded amount.
    """
    torch = torch_of()
    nn = torch.nn

    class Shots(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.read = nn.Linear(config.n_coordinates + 2, config.hidden)
            self.layers = nn.ModuleList(
                nn.TransformerEncoderLayer(
                    config.hidden,
                    config.n_heads,
                    config.inner,
                    dropout=0.0,
                    activation="gelu",
                    batch_first=True,
                    norm_first=True,
                )
                for _ in range(config.n_layers)
            )
            self.norm = nn.LayerNorm(config.hidden)
            self.attend = nn.Linear(config.hidden, config.n_heads)
            self.tell = nn.Sequential(
                nn.Linear(config.n_heads * config.hidden, config.hidden),
                nn.GELU(),
                nn.Linear(config.hidden, config.n_coordinates + 1),
            )
            self.count = nn.Linear(config.hidden, 1)
            self.mean_weight = nn.Parameter(torch.full((config.n_coordinates,), config.first_step))
            for last in (self.tell[-1], self.count):
                nn.init.zeros_(last.weight)
                nn.init.zeros_(last.bias)

        def forward(self, shots: Any, is_shot: Any) -> Any:
            """Shots (n_people, m, k + 1) and which are there (n_people, m) to states (n_people, k + 1)."""
            n_shots = is_shot.sum(dim=1, keepdim=True)  # (n_people, 1)
            share = n_shots / (n_shots + config.patience)
            tokens = torch.cat([shots, share[:, None].expand(-1, shots.shape[1], 1)], dim=2)
            hidden = self.read(tokens)  # (n_people, m, hidden)
            is_gap = is_shot == 0
            for layer in self.layers:
                hidden = layer(hidden, src_key_padding_mask=is_gap)
            hidden = self.norm(hidden)
            queries = (
                self.attend(hidden).masked_fill(is_gap[..., None], -1e9).softmax(dim=1)
            )  # (n_people, m, n_heads)
            pooled = torch.einsum("pmh,pmd->phd", queries, hidden).flatten(1)
            told = self.tell(pooled)
            counts = 2 * self.count(hidden).sigmoid() * is_shot[..., None]  # (n_people, m, 1)
            mean = (counts * shots[..., :-1]).sum(dim=1) / n_shots.clamp(min=1)
            weights = told[:, :-1] + config.patience / 2 * self.mean_weight * mean
            return share * torch.cat([weights, told[:, -1:]], dim=1)

    with torch.random.fork_rng():
        torch.manual_seed(random_state)
        return Shots()
