import math

import numpy as np
import pytest

from personae.audit.distinfer import (
    Cells,
    LossTest,
    OutputRegression,
    PermutationInvariantNetwork,
    PerPointTest,
    StackedRegression,
    ThresholdTest,
    column_norms,
    leak,
    most_accuracy,
    poisson_affinity,
    ratio_affinity,
    resample,
)
from personae.audit.many_networks import Networks, new_networks, train
from personae.errors import BadInput
from personae.metrics.intervals import Interval, wilson


def exactly(omega):
    return Interval(omega, omega, omega, 100, 100)


@pytest.fixture
def cells():
    """3,000 rows: a fifth have the property, and they have the label half as often."""
    random = np.random.default_rng(0)
    has = random.random(3000) < 0.2
    label = random.random(3000) < np.where(has, 0.15, 0.3)
    return has, label, Cells.of(has, label)


@pytest.mark.parametrize(
    ("ratio", "omega", "records"), [(0.0, 0.92, 1.76), (0.2, 0.80, 0.95), (0.8, 0.56, 0.03)]
)
def test_n_leaked_is_the_cards(ratio, omega, records):
    """Measured table of the card, sex at one half against each ratio."""
    assert leak(exactly(omega), 0.5, ratio).value == pytest.approx(records, abs=0.005)


@pytest.mark.parametrize(("first", "second"), [(0.5, 0.2), (0.5, 0.9), (0.3, 0.4), (0.0, 0.5)])
@pytest.mark.parametrize("n", [1, 3, 7])
def test_n_leaked_inverts_the_bound(first, second, n):
    assert leak(exactly(most_accuracy(first, second, n)), first, second).value == pytest.approx(n)


def test_the_bound_is_the_papers():
    low, high, n = 0.3, 0.7, 2
    paper = 0.5 + 0.5 * min(math.sqrt(1 - (low / high) ** n), math.sqrt(1 - ((1 - high) / (1 - low)) ** n))
    assert most_accuracy(high, low, n) == pytest.approx(paper)
    assert ratio_affinity(0.4, 0.4) == 1
    assert ratio_affinity(0, 1) == 0


def test_a_sure_attack_leaks_more_than_its_victims_can_show():
    found = leak(wilson(80, 80), 0.5, 0.2)
    assert found.value == math.inf
    assert str(found) == f"> {found.low:.2g}"
    assert 3 < found.low < 10
    assert str(leak(exactly(0.5), 0.5, 0.2)) == "0"
    assert leak(exactly(0.4), 0.5, 0.2).value == 0
    assert leak(exactly(0.9), 0.3, 0.3).value == 0


def test_where_one_record_tells_all_none_is_needed_for_a_little():
    """The limit of pairs that approach 0 and 1, by the formula itself."""
    near = [leak(exactly(0.9), low, 1 - low).value for low in (1e-1, 1e-3, 1e-9)]
    assert near == sorted(near, reverse=True)
    assert leak(exactly(0.9), 0.0, 1.0).value == 0 < near[-1]


@pytest.mark.parametrize("omega", [math.nan, 1.3, -0.1])
def test_what_is_no_share_is_no_leak_of_nothing(omega):
    with pytest.raises(BadInput, match="omega"):
        leak(exactly(omega), 0.5, 0.2)


def test_another_bound_can_be_put_in():
    """Two Poisson laws: sum over k of sqrt(p q), squared."""
    k = np.arange(80)
    log_factorial = np.array([math.lgamma(each + 1) for each in k])
    overlap = np.exp(0.5 * (k * math.log(9) - 9 + k * math.log(13) - 13) - log_factorial).sum()
    assert poisson_affinity(9, 13) == pytest.approx(overlap**2)
    assert leak(exactly(0.9), 9, 13, affinity=poisson_affinity).value > 0
    for wrong in ((-1, 3),):
        with pytest.raises(BadInput):
            poisson_affinity(*wrong)
    with pytest.raises(BadInput):
        ratio_affinity(0.2, 1.2)


@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_samples_keep_size_and_balance_at_every_ratio(cells, ratio):
    has, label, sorted_cells = cells
    rows = resample(sorted_cells, ratio, n_positive=40, n_negative=120, random=np.random.default_rng(1))
    assert len(set(rows.tolist())) == 160
    assert label[rows].sum() == 40
    assert has[rows].mean() == pytest.approx(ratio, abs=0.007)


def test_samples_differ_and_keep_to_their_half(cells):
    has, label, _ = cells
    part = np.arange(1500)
    half = Cells.of(has, label, part)
    random = np.random.default_rng(1)
    first, second = (resample(half, 0.5, n_positive=20, n_negative=60, random=random) for _ in range(2))
    assert set(first.tolist()) != set(second.tolist())
    assert max(first.max(), second.max()) < 1500


def test_discarding_keeps_what_the_property_says_of_the_label(cells):
    has, label, sorted_cells = cells
    kept = sorted_cells.discard(0.6, np.random.default_rng(0))
    rows = [np.concatenate(pair) for pair in kept.rows]
    assert len(rows[1]) / (len(rows[0]) + len(rows[1])) == pytest.approx(0.6, abs=0.01)
    for pair, mask in zip(rows, (~has, has), strict=True):
        assert mask[pair].all()
        assert label[pair].mean() == pytest.approx(label[mask].mean(), abs=0.02)


def test_too_few_rows_of_a_kind_are_named(cells):
    with pytest.raises(BadInput, match=r"At ratio 1 the population has .* rows of label 1"):
        resample(cells[2], 1.0, n_positive=400, n_negative=100, random=np.random.default_rng(0))
    with pytest.raises(BadInput):
        resample(cells[2], 1.5, n_positive=4, n_negative=1, random=np.random.default_rng(0))


def test_the_loss_test_and_its_center_by_hand():
    accuracies = np.array([[0.8, 0.85], [0.8, 0.85], [0.7, 0.85], [0.7, 0.85]])
    secrets = [0, 0, 1, 1]
    plain = LossTest().fit(accuracies, secrets).score(accuracies) > 0
    assert plain.tolist() == [True] * 4  # the second sample is easier for every model
    centered = LossTest(is_centered=True).fit(accuracies, secrets)
    assert centered.middle_ == pytest.approx(0.1)
    assert (centered.score(accuracies) > 0).tolist() == [False, False, True, True]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_threshold_is_the_best_of_all_cuts(sign):
    random = np.random.default_rng(0)
    secret = np.repeat([0, 1], 30)
    values = np.stack([random.normal(size=60), sign * (secret + 0.8 * random.normal(size=60))], axis=1)
    found = ThresholdTest().fit(values, secret)
    assert found.sample_ == 1
    ours = ((found.score(values) > 0) == secret).mean()
    cuts = [((values[:, 1] > cut) == secret).mean() for cut in values[:, 1]]
    assert ours == pytest.approx(max(*cuts, *(1 - c for c in cuts)))


def test_an_input_that_is_never_seen_leaves_small_weights():
    """Weight decay alone moves its weights, by Adam's whole step each time: one column tells the two kinds of networks apart."""
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 200, 5)).astype(np.float32)
    secret = np.repeat([0, 1], 20)
    x[secret == 0, :, 3] = 0
    y = (x[..., 0] > 0).astype(np.float32)
    norms = column_norms(train(new_networks(40, (5, 8, 1)), x, y, n_epochs=80, batch_size=50))
    found = PerPointTest(n_points=1).fit(norms[::2], secret[::2])
    assert found.points_.tolist() == [3]
    assert ((found.score(norms[1::2]) > 0) == secret[1::2]).mean() >= 0.9


def test_stacking_uses_what_either_source_tells():
    pytest.importorskip("sklearn")
    random = np.random.default_rng(0)
    ratio = np.repeat([0.0, 0.25, 0.5, 0.75, 1.0], 40)
    outputs = 3 * ratio[:, None] + random.normal(size=(200, 20)) * 2
    norms = np.stack([ratio == 0, ratio == 1], axis=1) + 0.1 * random.normal(size=(200, 2))
    mine, theirs = np.arange(200) % 2 == 0, np.arange(200) % 2 == 1
    found = StackedRegression().fit(outputs[mine], norms[mine], ratio[mine])
    plain = OutputRegression().fit(outputs[mine], ratio[mine]).score(outputs[theirs])
    error = np.abs(found.score(outputs[theirs], norms[theirs]) - ratio[theirs]).mean()
    assert error < 0.75 * np.abs(plain - ratio[theirs]).mean()
    assert found.local_errors_.mean() == pytest.approx(error, abs=0.04)
    with pytest.raises(BadInput, match="one of each"):
        StackedRegression().fit(outputs, norms[:3], ratio)


def test_points_that_tell_vote_and_the_others_do_not():
    random = np.random.default_rng(0)
    secret = np.repeat([0, 1], 40)
    outputs = random.normal(size=(80, 300))
    outputs[:, :9] += 2 * secret[:, None]
    found = PerPointTest(n_points=9).fit(outputs[::2], secret[::2])
    assert set(found.points_.tolist()) == set(range(9))
    assert ((found.score(outputs[1::2]) > 0) == secret[1::2]).mean() > 0.9
    assert np.abs(found.score(outputs)).max() <= 1


def test_a_ratio_is_read_from_outputs():
    random = np.random.default_rng(0)
    ratio = random.random(200)
    outputs = ratio[:, None] * random.normal(size=50) + 0.3 * random.normal(size=(200, 50))
    told = OutputRegression(penalties=(1.0, 10.0, 1e4)).fit(outputs[:100], ratio[:100])
    assert np.abs(told.score(outputs[100:]) - ratio[100:]).mean() < 0.08
    with pytest.raises(BadInput):
        OutputRegression().fit(outputs, np.ones(200))


@pytest.mark.parametrize("attack", [LossTest(), ThresholdTest(), PerPointTest()])
def test_local_models_of_one_population_are_refused(attack):
    with pytest.raises(BadInput, match="both populations"):
        attack.fit(np.ones((4, 2)), [1, 1, 1, 1])


def trained(n, seed):
    """Networks whose label follows input 0 in one world and input 1 in the other."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 200, 4)).astype(np.float32)
    secret = np.arange(n) % 2
    y = (np.where(secret[:, None] == 1, x[..., 1], x[..., 0]) > 0).astype(np.float32)
    return train(
        new_networks(n, (4, 6, 3, 1), random), x, y, n_epochs=20, batch_size=50, learning_rate=0.01
    ), secret


def shuffled(networks):
    """The same functions with their neurons in another order."""
    first, second = np.random.default_rng(0).permutation(6), np.array([2, 0, 1])
    w, b = networks.weights, networks.biases
    return Networks(
        (w[0][:, :, first], w[1][:, first][:, :, second], w[2][:, second]),
        (b[0][:, :, first], b[1][:, :, second], b[2]),
    )


def test_the_meta_classifier_learns_and_does_not_see_the_order_of_neurons():
    pytest.importorskip("torch")
    (local, secret), (victims, hidden) = trained(40, 0), trained(30, 1)
    found = PermutationInvariantNetwork(n_epochs=100, learning_rate=0.01).fit(local, secret)
    scores = found.score(victims)
    assert ((scores > 0) == hidden).mean() > 0.9
    other = shuffled(victims)
    x = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    np.testing.assert_allclose(victims.outputs(x), other.outputs(x), atol=1e-4)
    np.testing.assert_allclose(scores, found.score(other), atol=1e-3)
    again = PermutationInvariantNetwork(n_epochs=100, learning_rate=0.01).fit(local, secret)
    np.testing.assert_array_equal(scores, again.score(victims))


def test_the_regression_places_a_number():
    pytest.importorskip("torch")
    (local, secret), (victims, hidden) = trained(40, 0), trained(30, 1)
    ratio = np.where(secret == 1, 0.9, 0.4)
    found = PermutationInvariantNetwork(is_binary=False, n_epochs=100, learning_rate=0.01).fit(local, ratio)
    assert np.abs(found.score(victims) - np.where(hidden == 1, 0.9, 0.4)).mean() < 0.12
    with pytest.raises(BadInput):
        PermutationInvariantNetwork().fit(local, ratio)
    with pytest.raises(BadInput):
        PermutationInvariantNetwork(is_binary=False).fit(local, ratio[:3])
