"""Our private steps beside Opacus: the epsilon of the same steps, and one clipped gradient of the same batch.

`python benchmarks/opacus.py PYTHON`, where PYTHON is an interpreter with `opacus` 1.6. Printed are, over noise, rate and
steps, how far our epsilon lies from that of its Rényi accountant (whole and broken orders up to 63; ours are whole, up to 512)
and from that of its PRV accountant (numerical and tighter, but for its own slack of .01), for epsilon up to .5, to 10 and
above; and the greatest difference between our step's slopes and those that its optimizer holds after clipping, with no noise,
relative to the greatest slope.

Notes
-----
Opacus is no dependency: it keeps one gradient an example for one torch model, while `personae.audit.many_networks` clips the
examples of many networks at once, in one tensor, from their norms alone.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from itertools import pairwise, product
from pathlib import Path

import numpy as np

from personae.audit.accountant import epsilon
from personae.audit.many_networks import new_networks, slopes_of

GRID = {
    "noise": (0.6, 1.0, 2.0, 5.0),
    "rate": (0.01, 0.1, 0.5),
    "steps": (10, 150, 1000),
    "delta": (1e-5,),
}
BANDS = (0.0, 0.5, 10.0, math.inf)
LAYERS, N_ROWS, CLIP = (42, 32, 16, 8, 1), 100, 1.0
OPACUS = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np, torch
from opacus import GradSampleModule
from opacus.accountants import PRVAccountant, RDPAccountant
from opacus.optimizers import DPOptimizer

torch.set_num_threads(1)
given, plans = np.load(sys.argv[1]), json.loads(sys.argv[2])


def spent(kind, noise, rate, steps, delta):
    try:
        accountant = kind()
        accountant.history = [(noise, rate, steps)]
        return float(accountant.get_epsilon(delta=delta))
    except (ValueError, RuntimeError):
        return None


told = [[spent(kind, *plan) for plan in plans] for kind in (RDPAccountant, PRVAccountant)]
layers = []
for k in range(len(given.files) // 2 - 1):
    linear = torch.nn.Linear(*given[f"w{k}"].shape)
    linear.weight.data, linear.bias.data = torch.from_numpy(given[f"w{k}"].T.copy()), torch.from_numpy(given[f"b{k}"])
    layers += [linear, torch.nn.ReLU()]
model = GradSampleModule(torch.nn.Sequential(*layers[:-1]))
x, y = torch.from_numpy(given["x"]), torch.from_numpy(given["y"])
plain = torch.optim.SGD(model.parameters(), lr=1.0)
private = DPOptimizer(plain, noise_multiplier=0.0, max_grad_norm=float(sys.argv[3]), expected_batch_size=len(x))
torch.nn.functional.binary_cross_entropy_with_logits(model(x)[:, 0], y).backward()
private.pre_step()
slopes = [each.grad.T.tolist() if each.ndim == 2 else each.grad.tolist() for each in model.parameters()]
print(json.dumps({"told": told, "slopes": slopes}))
"""


def main(python: str) -> None:
    """Print the three differences."""
    random = np.random.default_rng(0)
    networks = new_networks(1, LAYERS, random)
    x = random.normal(size=(N_ROWS, LAYERS[0])).astype(np.float32)
    y = (random.random(N_ROWS) < 0.25).astype(np.float32)
    plans = list(product(*GRID.values()))
    found = _opacus(python, networks, x, y, plans)
    ours = np.array([epsilon(s, rate=q, steps=t, delta=d) for s, q, t, d in plans])
    for name, told in zip(("Rényi", "PRV"), found["told"], strict=True):
        kept = np.array([math.nan if each is None else each for each in told])
        for low, high in pairwise(BANDS):
            over = (ours / kept - 1)[(low < kept) & (kept <= high)]
            if not len(over):
                continue
            print(
                f"epsilon beside Opacus' {name} accountant, {len(over)} settings above {low:g} and up to {high:g}: "
                f"{over.min():+.1%} to {over.max():+.1%}, median {np.median(over):+.1%}"
            )
    share = np.full((1, 1), 1 / N_ROWS, dtype=np.float32)
    slopes = slopes_of(networks, x[None], y[None], share, True, CLIP)
    half = len(slopes) // 2
    in_turn = [
        each[0] if k % 2 == 0 else each[0, 0]
        for k in range(2 * half)
        for each in [slopes[k // 2 + half * (k % 2)]]
    ]
    gaps = [np.abs(a - np.array(b)).max() for a, b in zip(in_turn, found["slopes"], strict=True)]
    free = slopes_of(networks, x[None], y[None], share, True, None)
    top = max(np.abs(each).max() for each in slopes)
    cut = np.sqrt(sum((a**2).sum() for a in slopes) / sum((a**2).sum() for a in free))
    print(f"one step's slopes, clipped to {CLIP:g}: differ by {max(gaps) / top:.1e} of the greatest at most")
    print(f"clipping leaves {cut:.2f} of the unclipped slopes' length")


def _opacus(python, networks, x, y, plans):  # type: ignore[no-untyped-def]
    arrays = {f"w{k}": each[0] for k, each in enumerate(networks.weights)}
    arrays |= {f"b{k}": each[0, 0] for k, each in enumerate(networks.biases)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given.npz"
        np.savez(path, x=x, y=y, **arrays)
        done = subprocess.run(
            [python, "-c", OPACUS, str(path), json.dumps(plans), str(CLIP)],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
        )
    if done.returncode:
        sys.exit(f"Opacus did not run: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("python", help="an interpreter with opacus")
    main(parser.parse_args().python)
