"""Training steps of SASRec and M2TRec beside RecBole's SASRec, at equal shapes, one core, one after the other.

`python benchmarks/sequences.py PYTHON`, where PYTHON is an interpreter with `recbole` 1.2. Needs PERSONAE_DATA (Beauty). Both
have vectors of 64, 2 layers of 2 heads, an inner width of 64, dropout .2, the last 50 items and 128 rows a step. A row of RecBole
is one prefix of a history and the item after it, told from the whole catalog; a row here is a whole history, every place of which
is told from 1,000 items. Seconds are those of the processor, and the median of the steps counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from personae.papers.amazon import sequences
from personae.papers.harness import Context
from personae.recommend import M2TRec, SASRec, nets
from personae.recommend._next import NextItem
from personae.recommend.sequences import NOTHING, every_prefix, every_window

SHAPE = {"size": 64, "length": 50, "n_layers": 2, "n_heads": 2, "dropout": 0.2}
N_ROWS, N_STEPS = 128, 30
RECBOLE = """
import json, sys, time
import numpy as np, torch
from recbole.model.sequential_recommender.sasrec import SASRec

torch.set_num_threads(1)
given = np.load(sys.argv[1])
before, after, n_items = given["before"], given["after"], int(given["n_items"])


class Data:
    def num(self, field):
        return n_items + 1


settings = {
    "USER_ID_FIELD": "user_id", "ITEM_ID_FIELD": "item_id", "LIST_SUFFIX": "_list", "ITEM_LIST_LENGTH_FIELD": "item_length",
    "NEG_PREFIX": "neg_", "MAX_ITEM_LIST_LENGTH": before.shape[1], "device": torch.device("cpu"), "n_layers": 2, "n_heads": 2,
    "hidden_size": 64, "inner_size": 64, "hidden_dropout_prob": 0.2, "attn_dropout_prob": 0.2, "hidden_act": "relu",
    "layer_norm_eps": 1e-12, "initializer_range": 0.02, "loss_type": "CE",
}
model = SASRec(settings, Data())
adam = torch.optim.Adam(model.parameters(), lr=1e-3)
lengths = (before > 0).sum(axis=1)
seconds = []
for start in range(0, len(after), 128):
    some = slice(start, start + 128)
    rows = {"item_id_list": before[some], "item_length": lengths[some], "item_id": after[some]}
    rows = {name: torch.as_tensor(each) for name, each in rows.items()}
    start = time.process_time()
    loss = model.calculate_loss(rows)
    adam.zero_grad()
    loss.backward()
    adam.step()
    seconds.append(time.process_time() - start)
print(json.dumps(float(np.median(seconds[2:]))))
"""


def main(python: str) -> None:
    """Print seconds a step, and both ratios."""
    torch.set_num_threads(1)
    found = sequences(Context())
    histories, random = found.rows.lists(), np.random.default_rng(0)
    _, before, after = every_prefix(histories, SHAPE["length"])
    chosen = random.permutation(len(after))[: N_ROWS * N_STEPS]
    theirs = _recbole(python, before[chosen], after[chosen], len(found.items.ids))
    print(f"RecBole SASRec: {1000 * theirs:.1f} ms a step, {N_ROWS / theirs:.0f} next items a second")
    for model in (SASRec(**SHAPE), M2TRec(**SHAPE)):
        seconds, told = _own(model, found, random)
        print(
            f"{type(model).__name__}: {1000 * seconds:.1f} ms a step, {told / seconds:.0f} next items a second; "
            f"{theirs / seconds:.1f} times RecBole's steps, {told * theirs / seconds / N_ROWS:.1f} times its next items"
        )


def _own(model: NextItem, found, random: np.random.Generator) -> tuple[float, float]:
    """Return the median step in seconds, and how many next items it tells."""
    model.items_, model.popularity_ = found.items, found.rows.popularity()
    torch.manual_seed(0)
    model.net_, model.read_, model.told_ = model._net(found.rows)
    read, others = every_window(found.rows.lists(), model.length + 1), model._others()
    learner = nets.TorchLearner(
        model.net_, lambda some, random: model._loss(read[some], others, random), rate=1e-3
    )
    learner.begin(0)
    seconds, told = [], []
    for _ in range(N_STEPS):
        some = random.integers(0, len(read), N_ROWS)
        start = time.process_time()
        learner.step(some, random)
        seconds.append(time.process_time() - start)
        told.append((read[some][:, :-1] != NOTHING).sum())
    return float(np.median(seconds[2:])), float(np.mean(told))


def _recbole(python: str, before: np.ndarray, after: np.ndarray, n_items: int) -> float:
    """Return the median step in seconds; items are counted from 1 and stand on the left, as RecBole has them."""
    lengths = (before != NOTHING).sum(axis=1)
    shift = (np.arange(before.shape[1]) + before.shape[1] - lengths[:, None]) % before.shape[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npz"
        np.savez(path, before=np.take_along_axis(before, shift, axis=1) + 1, after=after + 1, n_items=n_items)
        done = subprocess.run([python, "-c", RECBOLE, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"RecBole did not run: {done.stderr.strip()[-400:]}")
    return float(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("python", help="an interpreter with recbole")
    main(parser.parse_args().python)
