"""The preference room's speed: PAL's training steps beside the official code's, placing one person and 100,000, reading 1M rows.

python benchmarks/preference.py --official PATH

PATH is a checkout of RamyaLab/pluralistic-alignment; without it the first part is left out. Its own model class, loss and
optimiser take the steps, in this process and on the same vectors; the language model in front is replaced by a lookup of these
vectors, which costs it nothing, and Lightning's loop around the step is left out, in its favour. Needs `personae[torch,learn]`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import torch

from personae.people.records import Preference
from personae.preference import PAL, Comparisons, LinearTaste, read_comparisons
from personae.preference.pal._training import Batch, Plan, Trainer

N_RATERS, N_PAIRS, N_ITEMS, WIDTH, K = 1500, 20, 100, 384, 8
Step = Callable[[], object]


def rows(n_people: int, n_rows: int, seed: int = 0) -> Comparisons:
    """Comparisons of a hundred items by people of random tastes."""
    random = np.random.default_rng(seed)
    likes = random.normal(size=(n_people, 4)) @ random.normal(size=(4, N_ITEMS))
    person = np.repeat(np.arange(n_people), n_rows)
    a = random.integers(N_ITEMS, size=len(person))
    b = (a + random.integers(1, N_ITEMS, size=len(person))) % N_ITEMS
    return Comparisons(
        tuple(f"p{number}" for number in range(n_people)), tuple(("", str(item)) for item in range(N_ITEMS)), person, a, b,
        (likes[person, a] > likes[person, b]).astype(float), np.ones(len(person)),
    )  # fmt: skip


VECTORS = np.random.default_rng(1).normal(size=(N_ITEMS, WIDTH)) / np.sqrt(WIDTH)


def vectors_of(items: Any) -> Any:
    return VECTORS[[int(text) for _, text in items]]


def official_step(path: Path, table: Comparisons, batch: int, architecture: str) -> Step:
    """Return one training step of the released PAL-A, as its `training_step` and `configure_optimizers` take it."""
    import transformers

    vectors = torch.tensor(vectors_of(table.items), dtype=torch.float32)

    class Lookup(torch.nn.Module):
        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return SimpleNamespace(last_hidden_state=vectors[input_ids])  # (batch, 1, 384)

    transformers.AutoConfig.from_pretrained = lambda *_, **__: None
    transformers.AutoModel.from_pretrained = lambda *_, **__: Lookup()
    sys.path.insert(0, str(path))
    import logging

    logging.disable(logging.CRITICAL)
    from src.loss_function import LossFunction
    from src.pal_rm_a.learner import prefLearner_factory
    from src.pal_rm_a.utils import calc_hinge_loss

    model = prefLearner_factory("dist")(
        d_hid=WIDTH, d_pref=WIDTH, k=K, llm_name="none", user_learner_type="f(Pw)", pref_learner_type="dist",
        proj_arch=architecture, initializer_type="gaussian", is_expectation_norm_init=False, sfx_type="softmax",
        sfx_temperature=1.0, is_temperature_learnable=False,
    )  # fmt: skip
    model.user_learner.init_weight(list(table.people))
    model.update_trainable_params(fix_modules=("llm",))
    rates = {"projector": 1e-4, "P": 5e-3, "W": 5e-3}  # config/optim_config/vanilla.yaml
    groups = [{"params": model.trainable_params[name], "lr": rate} for name, rate in rates.items()]
    optimizer, loss_of = torch.optim.Adam(groups), LossFunction("hinge_elementwise")
    random = np.random.default_rng(0)

    def step() -> object:
        drawn = random.integers(len(table), size=batch)
        people = [table.people[code] for code in table.person[drawn]]
        left, right = (torch.tensor(side[drawn])[:, None] for side in (table.a, table.b))
        mask = torch.ones_like(left)
        items = {
            "left_input_ids": left,
            "left_attention_mask": mask,
            "right_input_ids": right,
            "right_attention_mask": mask,
        }
        sides = torch.tensor(1 - 2 * table.chosen[drawn])  # -1: the left one is preferred
        optimizer.zero_grad()
        ends = [[0] * batch, [1] * batch]
        loss = calc_hinge_loss(model((people, items)), sides, loss_of, ends, weightingMethod="mean")["loss"]
        loss.backward()
        optimizer.step()
        return loss

    return step


def our_step(table: Comparisons, batch: int, hidden: int, size: int) -> Step:
    plan = Plan(K, "dist", "hinge", hidden, size, 1, batch, 1e-3, 0.0)
    random = np.random.default_rng(0)
    start = random.normal(size=(K, WIDTH)), random.normal(size=(len(table.people), K))
    trainer = Trainer(plan, vectors_of(table.items), np.zeros((N_ITEMS, 1)), *start, 0)
    columns = [torch.tensor(each) for each in (table.person, table.a, table.b)]
    columns += [
        torch.tensor(each, dtype=torch.float32) for each in (table.chosen, table.weight, np.zeros(len(table)))
    ]

    def step() -> object:
        drawn = torch.tensor(random.integers(len(table), size=batch))
        return trainer.step(Batch(*(column[drawn] for column in columns)))

    return step


def steps_a_second(steps: dict[str, Step], rounds: int, seconds: float) -> dict[str, float]:
    """Take turns, and return each one's best rate by processor time."""
    best = dict.fromkeys(steps, 0.0)
    for _ in range(rounds):
        for name, step in steps.items():
            step()
            start, n = time.process_time(), 0
            while time.process_time() - start < seconds:
                step()
                n += 1
            best[name] = max(best[name], n / (time.process_time() - start))
    return best


def training(path: Path, rounds: int, seconds: float) -> None:
    table = rows(N_RATERS, N_PAIRS)
    for batch in (4, 256):
        rates = steps_a_second(
            {
                "official, as released": official_step(path, table, batch, "mlp2-gelu-dropout0-residual"),
                "official, one hidden layer": official_step(path, table, batch, "mlp1-gelu-dropout0"),
                "personae, one hidden layer of the same width": our_step(table, batch, WIDTH, WIDTH),
                "personae, as it comes": our_step(table, batch, 128, 64),
            },
            rounds, seconds,
        )  # fmt: skip
        for name, rate in rates.items():
            print(f"batch {batch}, {name}: {rate:,.0f} steps a second")
        pairs = (("as it comes", "as released"), ("one hidden layer of the same width", "one hidden layer"))
        for ours, theirs in pairs:
            ratio = rates[f"personae, {ours}"] / rates[f"official, {theirs}"]
            print(f"  {ours} / official, {theirs}: {ratio:.1f} (bar 5)")


def placing(n_people: int) -> None:
    table = rows(N_RATERS, N_PAIRS)
    for name, method in {
        "LinearTaste": LinearTaste(features=vectors_of),
        "PAL": PAL(features=vectors_of),
    }.items():
        start = time.process_time()
        method.fit(table)
        print(f"{name}: fit on {N_RATERS} x {N_PAIRS} in {time.process_time() - start:.1f} s")
        shots = rows(1, 20, seed=5).preferences()
        spent = []
        for number in range(30):
            named = [Preference(f"new {number}", "", shot.a, shot.b, shot.choice) for shot in shots]
            start = time.process_time()
            method.adapt(f"new {number}", named)
            spent.append(time.process_time() - start)
        print(
            f"{name}: one new person of 20 choices in {1000 * np.median(spent):.2f} ms of processor time (bar 5)"
        )
        many = rows(n_people, 20, seed=7)
        start = time.process_time()
        method._place(many, method._vectors(many), n_people)
        print(
            f"{name}: {n_people:,} people of 20 choices placed in {time.process_time() - start:.1f} s of one core (bar 60)"
        )


def reading(n_rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        duckdb.execute(
            f"COPY (SELECT 'p' || (i % 50000) AS person, '' AS context, 'text ' || (i % 997) AS a, 'text ' || ((i * 7 + 1) % 997)"
            f" AS b, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END AS choice FROM range({n_rows}) t(i)) TO '{path}' (FORMAT parquet)"
        )
        start = time.process_time()
        found = read_comparisons(path)
        print(
            f"{len(found):,} rows read from Parquet in {time.process_time() - start:.1f} s of processor time"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--official", type=Path)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.official:
        training(chosen.official, chosen.rounds, chosen.seconds)
    placing(chosen.people)
    reading(1_000_000)


if __name__ == "__main__":
    main()
