"""`federate` beside Flower: its server and its FedAvg over clients in torch, round for round, one core.

`python benchmarks/flower.py PYTHON`, where PYTHON is an interpreter with `flwr` 1.41 (its `Server`, in one process) and torch.
Needs PERSONAE_DATA (Parkinson's voice). Both sides have the same four silos of 360 recordings, the same first weights and order
of rows, and take Adam's steps by one schedule in numbers of 32 bits; torch adds Adam's epsilon after correcting for the start,
`federate` before it, as the paper's efficient form does, so that the clients set torch's epsilon to match. Printed are the
greatest difference of any parameter after each round that both begin from the same model; the same where Flower goes on from
its own (roundings then add up, and a ReLU or a step of Adam by the sign of almost nothing multiplies them); the greatest change
that the round made; and the ratio of the seconds that a federation takes, of the processor: one by one, and twenty at once as the
experiment has them.
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

from personae.audit.many_networks import Networks, new_networks
from personae.audit.subjectmi import Schedule, federate
from personae.papers.harness import Context
from personae.papers.subjectmi import voice

SCHEDULE = Schedule(n_rounds=10, n_epochs=5, batch_size=40, learning_rate=6e-3)
AT_ONCE = 20
DECAY = 1e-4  # of `personae.audit.many_networks.train`
FLOWER = """
import json, logging, sys, time
import numpy as np, torch
from flwr.common import Code, FitRes, Status, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.client_manager import SimpleClientManager
from flwr.server.client_proxy import ClientProxy
from flwr.server.server import Server
from flwr.server.strategy import FedAvg

logging.disable(logging.CRITICAL)
torch.set_num_threads(1)
given, settings = np.load(sys.argv[1]), json.loads(sys.argv[2])
orders = given["orders"]
starts = [[given[f"start{turn}-{k}"] for k in range(settings["n_arrays"])] for turn in range(len(orders))]


class Silo(ClientProxy):
    def __init__(self, place):
        super().__init__(str(place))
        self.place, self.turn = place, 0
        self.x, self.y = torch.from_numpy(given["x"][place]), torch.from_numpy(given["y"][place])

    def fit(self, ins, timeout, group_id):
        values = [torch.from_numpy(each).requires_grad_() for each in parameters_to_ndarrays(ins.parameters)]
        weights, biases = values[: len(values) // 2], values[len(values) // 2 :]
        groups = [{"params": weights, "weight_decay": settings["decay"]}, {"params": biases, "weight_decay": 0.0}]
        adam = torch.optim.Adam(groups, lr=settings["rate"])
        steps = 0
        for order in orders[self.turn, :, self.place]:
            for rows in torch.from_numpy(order).split(settings["batch"]):
                steps += 1
                for group in adam.param_groups:
                    group["eps"] = 1e-8 / (1 - 0.999**steps) ** 0.5
                out = self.x[rows]
                for weight, bias in list(zip(weights, biases))[:-1]:
                    out = torch.relu(out @ weight + bias)
                out = (out @ weights[-1] + biases[-1])[:, 0]
                adam.zero_grad()
                (((out - self.y[rows]) ** 2).mean() / 2).backward()
                adam.step()
        self.turn += 1
        told = ndarrays_to_parameters([each.detach().numpy() for each in values])
        return FitRes(Status(Code.OK, ""), told, len(self.x), {})

    def get_properties(self, ins, timeout, group_id): ...
    def get_parameters(self, ins, timeout, group_id): ...
    def evaluate(self, ins, timeout, group_id): ...
    def reconnect(self, ins, timeout, group_id): ...


manager, n_silos = SimpleClientManager(), len(given["x"])
silos = [Silo(place) for place in range(n_silos)]
for silo in silos:
    manager.register(silo)


def run(start, first, n_rounds):
    after = []
    for silo in silos:
        silo.turn = first
    kept = lambda turn, values, config: after.append([each.copy() for each in values])
    strategy = FedAvg(fraction_evaluate=0.0, min_fit_clients=n_silos, min_available_clients=n_silos, evaluate_fn=kept,
                      initial_parameters=ndarrays_to_parameters(start))
    server = Server(client_manager=manager, strategy=strategy)
    server.set_max_workers(1)
    server.fit(num_rounds=n_rounds, timeout=None)
    return after


begun = time.process_time()
through = run(starts[0], 0, len(orders))
seconds = time.process_time() - begun
single = [run(start, turn, 1)[1] for turn, start in enumerate(starts)]
told = {f"{name}{turn}-{k}": each for name, some in (("through", through), ("single", single))
        for turn, values in enumerate(some) for k, each in enumerate(values)}
np.savez(sys.argv[3], **told)
print(json.dumps(seconds))
"""


def main(python: str) -> None:
    """Print the differences after each round, and both ratios."""
    voices, random = voice.load(Context()), np.random.default_rng(0)
    dealt = [
        voice.deal(voices.trained, voices.trained_target, random.permutation(35)[: voice.N_MEMBERS], random)
        for _ in range(AT_ONCE)
    ]
    x, y = (np.stack(some) for some in zip(*dealt, strict=True))
    start = new_networks(AT_ONCE, (x.shape[-1], *voice.LAYERS, 1), random)
    first = start.take(np.array([0]))
    found, seconds = _timed(first, x[:1], y[:1])
    ours = [_arrays(each) for each in found]
    through, single, their_seconds = _flower(python, ours[:-1], x[0], y[0])
    for turn in range(SCHEDULE.n_rounds):
        moved = _greatest(ours[turn + 1], ours[turn])
        alone, since = _greatest(ours[turn + 1], single[turn]), _greatest(ours[turn + 1], through[turn + 1])
        print(
            f"round {turn + 1}: differs by {alone:.1e} at most from the same model, by {since:.1e} since the first round; "
            f"the round moved {moved:.1e}"
        )
    print(f"times faster, one federation: {their_seconds / seconds:.1f}")
    _, together = _timed(start, x, y)
    print(f"times faster, each of {AT_ONCE} federations at once: {their_seconds * AT_ONCE / together:.1f}")


def _timed(start: Networks, x: np.ndarray, y: np.ndarray) -> tuple[list[Networks], float]:
    begun = time.process_time()
    return federate(start, x, y, schedule=SCHEDULE, random_state=0), time.process_time() - begun


def _arrays(networks: Networks) -> list[np.ndarray]:
    """Return the weights, then the biases, of the first federation, as torch's layers take them."""
    return [*(each[0] for each in networks.weights), *(each[0, 0] for each in networks.biases)]


def _greatest(some: list[np.ndarray], others: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(some, others, strict=True))


def _flower(
    python: str, starts: list[list[np.ndarray]], x: np.ndarray, y: np.ndarray
) -> tuple[list[list[np.ndarray]], list[list[np.ndarray]], float]:
    """Return Flower's models through all rounds, after each round from our model, and the seconds of the first."""
    rows, targets = x.reshape(len(x), -1, x.shape[-1]), y.reshape(len(y), -1)
    random = np.random.default_rng(0)  # as `federate` draws the rows' order: of all silos, epoch by epoch
    orders = [
        [random.random(targets.shape, dtype=np.float32).argsort(axis=1) for _ in range(SCHEDULE.n_epochs)]
        for _ in range(SCHEDULE.n_rounds)
    ]
    settings = {
        "n_arrays": len(starts[0]),
        "decay": DECAY,
        "rate": SCHEDULE.learning_rate,
        "batch": SCHEDULE.batch_size,
    }
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "given.npz", Path(folder) / "found.npz"
        arrays = {f"start{turn}-{k}": each for turn, some in enumerate(starts) for k, each in enumerate(some)}
        np.savez(given, x=rows, y=targets, orders=np.array(orders), **arrays)
        done = subprocess.run(
            [python, "-c", FLOWER, str(given), json.dumps(settings), str(found)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"Flower did not run: {done.stderr.strip()[-400:]}")
        with np.load(found) as kept:
            through, single = (
                [[kept[f"{name}{turn}-{k}"] for k in range(len(starts[0]))] for turn in range(n)]
                for name, n in (("through", SCHEDULE.n_rounds + 1), ("single", SCHEDULE.n_rounds))
            )
    return through, single, float(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("python", help="an interpreter with flwr and torch")
    main(parser.parse_args().python)
