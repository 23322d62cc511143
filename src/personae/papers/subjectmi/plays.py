"""Shakespeare's speakers as subjects of a next-character model that ten silos train together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.papers.harness import Context

WINDOW = 8  # characters that are seen
N_SILOS = 10  # card
LEAST = 1600  # characters of a speaker
MOST = 2000  # characters of a speaker that are trained on
WIDTHS = (12, 96)


@dataclass(frozen=True, slots=True)
class Plays:
    """Each speaker's windows for training and the attacker's, of other speeches: (n, WINDOW + 1) codes, the last to be told."""

    trained: list[NDArray[np.int64]]
    held: list[NDArray[np.int64]]
    n_characters: int


def load(context: Context) -> Plays:
    """Read the speeches; every third of a speaker is the attacker's."""
    speeches: dict[str, list[str]] = defaultdict(list)
    for row in context.rows("subjectmi", "shakespeare_lines.jsonl.zst"):
        speeches[row["speaker"]].append(row["text"].lower())
    known = {name: some for name, some in speeches.items() if sum(map(len, some)) >= LEAST and len(some) > 5}
    codes = {
        each: code
        for code, each in enumerate(sorted(set("".join(t for s in known.values() for t in s))), start=1)
    }
    parts = [[_windows([t for i, t in enumerate(some) if (i % 3 == 2) == is_held], codes) for some in known.values()]
             for is_held in (False, True)]  # fmt: skip
    return Plays([part[:MOST] for part in parts[0]], parts[1], len(codes) + 1)


def train(
    plays: Plays, members: NDArray[np.intp], *, n_rounds: int, seed: int, is_reference: bool = False
) -> Iterator[NDArray[np.float64]]:
    """Yield each speaker's mean losses, in nats a character, before the first round and after each; a speaker has two silos.

    Each is of shape (2, n_speakers): on the attacker's speeches, and on those for training.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        random = np.random.default_rng(seed)
        net = _net(plays.n_characters)
        yield np.stack([_losses(net, plays.held), _losses(net, plays.trained)])
        texts = plays.held if is_reference else plays.trained
        silos: list[list[NDArray[np.int64]]] = [[] for _ in range(N_SILOS)]
        for place, member in enumerate(members):
            mixed = random.permutation(texts[member])
            for turn, half in enumerate(np.array_split(mixed, 2)):
                silos[(place + turn) % N_SILOS].append(half)
        rows = [np.concatenate(some) for some in silos if some]
        for _ in range(n_rounds):
            _average(net, [_on_silo(net, some, random) for some in rows], [len(some) for some in rows])
            yield np.stack([_losses(net, plays.held), _losses(net, plays.trained)])


def _windows(texts: list[str], codes: dict[str, int]) -> NDArray[np.int64]:
    """Return every character with the eight before it; 0 stands before a speech."""
    found = [np.empty((0, WINDOW + 1), dtype=np.int64)]
    for text in texts:
        line = np.array([0] * WINDOW + [codes[each] for each in text], dtype=np.int64)
        if len(line) > WINDOW:
            found.append(np.lib.stride_tricks.sliding_window_view(line, WINDOW + 1))
    return np.concatenate(found)


def _net(n_characters: int) -> Any:
    from torch import nn

    narrow, wide = WIDTHS
    return nn.Sequential(nn.Embedding(n_characters, narrow), nn.Flatten(), nn.Linear(WINDOW * narrow, wide), nn.ReLU(),
                         nn.Linear(wide, n_characters))  # fmt: skip


def _on_silo(net: Any, rows: NDArray[np.int64], random: np.random.Generator) -> dict[str, Any]:
    """Return the weights after one epoch of a copy of the model on a silo's rows."""
    import copy

    import torch

    mine = copy.deepcopy(net)
    adam = torch.optim.Adam(mine.parameters(), lr=4e-3)
    for batch in np.array_split(random.permutation(rows), -(-len(rows) // 128)):
        shown = torch.from_numpy(batch)
        adam.zero_grad()
        torch.nn.functional.cross_entropy(mine(shown[:, :-1]), shown[:, -1]).backward()  # type: ignore[no-untyped-call]
        adam.step()
    return dict(mine.state_dict())


def _average(net: Any, found: list[dict[str, Any]], sizes: list[int]) -> None:
    total = sum(sizes)
    net.load_state_dict(
        {
            name: sum(each[name] * (n / total) for each, n in zip(found, sizes, strict=True))
            for name in found[0]
        }
    )


def _losses(net: Any, texts: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    import torch

    with torch.no_grad():
        shown = torch.from_numpy(np.concatenate(texts))
        each = torch.nn.functional.cross_entropy(net(shown[:, :-1]), shown[:, -1], reduction="none").numpy()
    ends = np.cumsum([len(some) for some in texts])[:-1]
    return np.array([part.mean() for part in np.split(each.astype(float), ends)])
