"""Training many small victims at once beside one scikit-learn MLPClassifier fit each, on the same rows of Adult.

python benchmarks/audit.py --models 1000 --fits 20

Needs scikit-learn and PERSONAE_DATA. Both sides have the same layers, batch size, epochs, Adam and weight decay, and one process;
time is the process's own. Only `--fits` of the victims are fitted one by one, and their time is scaled to all.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np

from personae.audit.distinfer import resample
from personae.audit.many_networks import new_networks, train
from personae.papers.distinfer.census import LAYERS, load, population
from personae.papers.harness import Context

AT_ONCE = 16
BATCH = 200  # scikit-learn's default


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--fits", type=int, default=50, help="victims that scikit-learn fits, one by one")
    parser.add_argument("--epochs", type=int, default=60)
    chosen = parser.parse_args()
    census = load(Context())
    people, random = population(census, "sex"), np.random.default_rng(0)
    n = people.sizes.training
    rows = np.stack(
        [
            resample(people.victim, 0.5, n_positive=n, n_negative=people.sizes.imbalance * n, random=random)
            for _ in range(chosen.models)
        ]
    )
    asked = people.sample(0.5, random)
    shown, labels = census.inputs[asked], census.income[asked]
    start, right = time.process_time(), []
    for part in np.array_split(rows, -(-len(rows) // AT_ONCE)):
        fresh = new_networks(len(part), (shown.shape[1], *LAYERS, 1), random)
        made = train(fresh, census.inputs[part], census.income[part].astype(np.float32), n_epochs=chosen.epochs,
                     batch_size=BATCH, random_state=random)  # fmt: skip
        right += ((made.outputs(shown) > 0) == labels).mean(axis=1).tolist()
    ours = time.process_time() - start
    theirs, their_right = one_by_one(census, rows[: chosen.fits], chosen.epochs, shown, labels)
    scaled = theirs * chosen.models / chosen.fits
    print(
        f"{chosen.models:,} victims of {rows.shape[1]:,} rows, {chosen.epochs} epochs, all at once: {ours:.1f} s"
    )
    print(
        f"scikit-learn, one fit each: {theirs:.1f} s for {chosen.fits}, so {scaled:.1f} s for {chosen.models:,}"
    )
    print(f"times faster: {scaled / ours:.1f}")
    print(
        f"accuracy on the adversary's sample: {np.mean(right):.4f}; scikit-learn's {chosen.fits}: {np.mean(their_right):.4f}"
    )
    print(
        f"difference on the same {chosen.fits} victims, points: "
        f"{100 * (np.mean(right[: chosen.fits]) - np.mean(their_right)):.2f}"
    )


def one_by_one(census, rows, epochs, shown, labels):  # type: ignore[no-untyped-def]
    from sklearn.neural_network import MLPClassifier

    start, right = time.process_time(), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that the epochs end before it converges
        for seed, part in enumerate(rows):
            model = MLPClassifier(
                LAYERS, batch_size=BATCH, max_iter=epochs, n_iter_no_change=epochs, random_state=seed
            )
            model.fit(census.inputs[part], census.income[part])
            right.append((model.predict(shown) == labels).mean())
    return time.process_time() - start, right


if __name__ == "__main__":
    main()
