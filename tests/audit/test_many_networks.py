import numpy as np
import pytest

from personae.audit.many_networks import Networks, Noise, _batches, new_networks, slopes_of, train
from personae.errors import BadInput

SIZES = (5, 4, 3, 1)
MEAN = np.full((1, 1), 1 / 7, dtype=np.float32)


@pytest.fixture
def batch():
    random = np.random.default_rng(0)
    x = random.normal(size=(3, 7, 5)).astype(np.float32)
    return new_networks(3, SIZES, 1), x, (random.random((3, 7)) < 0.5).astype(np.float32)


def wide(networks):
    return Networks(
        tuple(w.astype(np.float64) for w in networks.weights),
        tuple(b.astype(np.float64) for b in networks.biases),
    )


def losses(networks, x, y, is_binary):
    out = networks.outputs(x)
    return np.logaddexp(0, out) - y * out if is_binary else (out - y) ** 2 / 2


@pytest.mark.parametrize("is_binary", [True, False])
def testslopes_of_are_those_of_finite_differences(batch, is_binary):
    networks, x, y = batch
    exact = wide(networks)
    found = slopes_of(networks, x, y, MEAN, is_binary, None)
    values = [*exact.weights, *exact.biases]
    for value, slope in zip(values, found, strict=True):
        for place in np.ndindex(value.shape):
            value[place] += 1e-5
            above = losses(exact, x, y, is_binary)[place[0]].mean()
            value[place] -= 2e-5
            below = losses(exact, x, y, is_binary)[place[0]].mean()
            value[place] += 1e-5
            assert slope[place] == pytest.approx((above - below) / 2e-5, abs=1e-4)


def test_clipping_is_that_of_a_loop_over_examples(batch):
    networks, x, y = batch
    clip = 0.4
    share = np.full((3, 7), 0.25, dtype=np.float32)
    share[:, 5:] = 0
    found = slopes_of(networks, x, y, share, True, clip)
    wanted, n_cut = [np.zeros_like(each) for each in found], 0
    for row in range(5):
        one = slopes_of(networks, x[:, [row]], y[:, [row]], np.ones((1, 1), np.float32), True, None)
        norm = np.sqrt(sum((slope**2).sum(axis=(1, 2)) for slope in one))
        n_cut += int((norm > clip).sum())
        for total, slope in zip(wanted, one, strict=True):
            total += 0.25 * slope * np.minimum(1, clip / norm)[:, None, None]
    assert 0 < n_cut < 15
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_each_network_learns_as_if_alone(batch):
    """With one batch an epoch the order within it does not matter, so one network alone must end at the same place."""
    networks, x, y = batch
    together = train(networks, x, y, n_epochs=20, batch_size=7)
    for place in range(3):
        alone = train(networks.take(np.array([place])), x[[place]], y[[place]], n_epochs=20, batch_size=7)
        for ours, theirs in zip(together.weights, alone.weights, strict=True):
            np.testing.assert_allclose(ours[place], theirs[0], atol=1e-5)


def test_one_step_of_adam_by_hand():
    """The first step of Adam moves each weight by the learning rate against its slope's sign."""
    start = Networks((np.zeros((1, 1, 1), np.float32),), (np.zeros((1, 1, 1), np.float32),))
    found = train(
        start,
        np.ones((1, 1, 1), np.float32),
        np.ones((1, 1), np.float32),
        n_epochs=1,
        learning_rate=0.1,
        decay=0,
    )
    assert found.weights[0].item() == pytest.approx(0.1, abs=1e-5)
    assert start.weights[0].item() == 0


def test_they_learn_what_can_be_learned():
    random = np.random.default_rng(0)
    x = random.normal(size=(4, 400, 3)).astype(np.float32)
    y = (x[..., 0] * x[..., 1] > 0).astype(np.float32)
    found = train(new_networks(4, (3, 16, 8, 1)), x, y, n_epochs=80, batch_size=20, learning_rate=0.01)
    assert (((found.outputs(x) > 0) == y).mean(axis=1) > 0.95).all()
    target = x @ np.array([1.0, -2.0, 0.5], dtype=np.float32)
    fitted = train(
        new_networks(4, (3, 1)), x, target, n_epochs=80, batch_size=20, learning_rate=0.02, is_binary=False
    )
    assert (np.abs(fitted.outputs(x) - target).mean(axis=1) < 0.05).all()


def test_private_batches_draw_every_row_by_itself():
    random = np.random.default_rng(0)
    counts, n_steps = np.zeros(40), 0
    for _ in range(300):
        for rows, share in _batches((1, 40), 10, True, random):
            assert set(np.unique(share).tolist()) <= {0.0, np.float32(0.1)}
            np.add.at(counts, rows[0][share[0] > 0], 1)
            n_steps += 1
    assert n_steps == 300 * 4
    assert abs(counts.mean() / n_steps - 0.25) < 0.01
    assert counts.std() / n_steps < 0.02


def test_noise_hides_and_no_noise_only_clips(batch):
    networks, x, y = batch
    quiet = train(networks, x, y, n_epochs=3, noise=Noise(1.0, 0.0))
    loud = train(networks, x, y, n_epochs=3, noise=Noise(1.0, 5.0))
    assert not np.allclose(quiet.weights[0], loud.weights[0])
    again = train(networks, x, y, n_epochs=3, noise=Noise(1.0, 5.0))
    np.testing.assert_array_equal(loud.weights[0], again.weights[0])


def test_all_rows_can_be_shown_to_all_networks(batch):
    networks, x, _ = batch
    np.testing.assert_allclose(
        networks.outputs(x[0])[2], networks.take(np.array([2])).outputs(x[0])[0], rtol=1e-5
    )
    assert len(networks) == 3


@pytest.mark.parametrize(
    "broken",
    [
        {"x": np.zeros((2, 7, 5), np.float32)},
        {"y": np.zeros((3, 6), np.float32)},
        {"n_epochs": 0},
        {"batch_size": 0},
        {"x": np.full((3, 7, 5), np.nan, np.float32)},
    ],
)
def test_bad_input_is_refused(batch, broken):
    networks, x, y = batch
    with pytest.raises(BadInput):
        train(networks, **{"x": x, "y": y, "n_epochs": 1, **broken})
