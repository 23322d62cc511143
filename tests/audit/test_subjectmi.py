import numpy as np
import pytest

from personae.audit.accountant import epsilon
from personae.audit.many_networks import Networks, new_networks, train
from personae.audit.subjectmi import (
    JointLikelihoodRatio,
    Privacy,
    Schedule,
    across_rounds,
    calibrated,
    choose_threshold,
    federate,
    final_loss,
    spent,
    vote,
)
from personae.errors import BadInput

ONE_BATCH = Schedule(n_rounds=4, n_epochs=3, batch_size=1000, learning_rate=0.01)


@pytest.fixture
def silos():
    random = np.random.default_rng(0)
    x = random.normal(size=(2, 3, 4, 5, 6)).astype(np.float32)  # federations, silos, subjects, rows, inputs
    return x, (x @ random.normal(size=6)).astype(np.float32)


def test_federated_averaging_is_that_of_a_plain_loop(silos):
    """With one batch an epoch no order is left to chance, so one silo after the other must give the same."""
    x, y = silos
    start = new_networks(2, (6, 5, 1))
    found = federate(start, x, y, schedule=ONE_BATCH)
    assert len(found) == 5
    for federation in range(2):
        now = start.take(np.array([federation]))
        for after in found[1:]:
            parts = [
                train(
                    now,
                    x[[federation], silo].reshape(1, 20, 6),
                    y[[federation], silo].reshape(1, 20),
                    n_epochs=3,
                    batch_size=1000,
                    learning_rate=0.01,
                    is_binary=False,
                )
                for silo in range(3)
            ]
            now = Networks(
                tuple(np.mean([p.weights[k] for p in parts], axis=0) for k in range(2)),
                tuple(np.mean([p.biases[k] for p in parts], axis=0) for k in range(2)),
            )
            for ours, theirs in zip(
                (*after.weights, *after.biases), (*now.weights, *now.biases), strict=True
            ):
                np.testing.assert_allclose(ours[federation], theirs[0], atol=1e-5)


def size(networks, before):
    return np.sqrt(
        sum(
            ((a - b) ** 2).sum(axis=(1, 2))
            for a, b in zip(
                (*networks.weights, *networks.biases), (*before.weights, *before.biases), strict=True
            )
        )
    )


def test_a_silos_change_is_cut_to_the_clip(silos):
    x, y = silos
    start = new_networks(2, (6, 5, 1))
    schedule = Schedule(n_rounds=1, n_epochs=3, batch_size=1000, learning_rate=0.01)
    free = federate(start, x, y, schedule=schedule)
    cut = federate(start, x, y, schedule=schedule, privacy=Privacy("user", 0.05, 0.0))
    assert (size(free[1], start) > 0.06).all()
    assert (size(cut[1], start) <= 0.05 + 1e-6).all()


@pytest.mark.parametrize("level", ["item", "subject", "user"])
def test_noise_moves_the_model_and_repeats_under_a_seed(silos, level):
    x, y = silos
    start = new_networks(2, (6, 5, 1))
    quiet, loud, again = (
        federate(start, x, y, schedule=ONE_BATCH, privacy=Privacy(level, 1.0, multiplier), random_state=3)[-1]
        for multiplier in (0.0, 3.0, 3.0)
    )
    assert not np.allclose(quiet.weights[0], loud.weights[0], atol=1e-3)
    np.testing.assert_array_equal(loud.weights[0], again.weights[0])


def test_one_subjects_step_is_bounded_whatever_its_rows(silos):
    """A subject whose targets are a thousand times too large changes a private silo no more than any other."""
    x, y = silos
    loud = y.copy()
    loud[:, 0, 0] *= 1000
    start = new_networks(2, (6, 5, 1))
    once = Schedule(n_rounds=1, n_epochs=1, batch_size=1000, learning_rate=1e-3)
    private = Privacy("subject", 0.1, 0.0)
    plain, moved = (federate(start, x, each, schedule=once, privacy=private)[1] for each in (y, loud))
    assert np.isfinite(moved.weights[0]).all()
    assert size(moved, plain).max() < 0.02


def test_what_is_spent_is_the_accountants():
    schedule = Schedule(n_rounds=10, n_epochs=2, batch_size=25)
    user, subject, item = (
        spent(Privacy(level, 1.0, 2.0), schedule, n_rows=100, silos_of_a_subject=3, delta=1e-3)
        for level in ("user", "subject", "item")
    )
    assert user == epsilon(2.0, rate=1.0, steps=10, delta=1e-3)
    assert subject == epsilon(2.0, rate=1.0, steps=60, delta=1e-3)
    assert item == epsilon(2.0, rate=0.25, steps=80, delta=1e-3)


def test_attack_1_is_the_last_loss_turned_round():
    assert final_loss([[[3.0, 1.0], [2.0, 5.0]]]).tolist() == [[-2.0, -5.0]]


def test_attack_2_by_hand():
    losses = [[4.0, 4.0], [3.0, 3.0], [2.0, 3.5], [1.0, 4.5]]
    assert across_rounds(losses).tolist() == [3, 1]
    assert across_rounds(losses, way="drop").tolist() == [3, -0.5]
    assert across_rounds([losses, losses], way="slope") == pytest.approx(np.array([[1, -0.2]] * 2))
    with pytest.raises(BadInput):
        across_rounds([[1.0, 2.0]])


def test_calibration_takes_only_references_without_the_subject():
    references = np.array(
        [[[1.0, 10.0]], [[3.0, 20.0]], [[100.0, 30.0]]]
    )  # (3 references, 1 round, 2 subjects)
    found = calibrated([[5.0, 5.0]], references, [[False, True], [False, True], [True, False]])
    assert found.tolist() == [[3.0, -25.0]]
    with pytest.raises(BadInput, match="every reference"):
        calibrated([[5.0, 5.0]], references, [[True, False]] * 3)


@pytest.mark.parametrize("aim", ["f1", "accuracy"])
def test_the_threshold_is_the_best_of_all(aim):
    random = np.random.default_rng(0)
    member = np.arange(30) % 2 == 0
    score = member + random.normal(size=30)

    def worth(value):
        said = score >= value
        return (
            (said == member).mean()
            if aim == "accuracy"
            else 2 * (said & member).sum() / (said.sum() + member.sum())
        )

    found = choose_threshold(score, member, aim=aim)
    assert worth(found.value) == pytest.approx(max(worth(value) for value in [-9, *(np.sort(score) + 1e-9)]))
    assert found.decide([found.value, found.value - 1]).tolist() == [True, False]


def test_midway_lies_between_the_means():
    assert choose_threshold([0.0, 2.0, 5.0], [0, 0, 1], aim="midway").value == 3.0


def test_known_subjects_of_one_kind_are_refused():
    with pytest.raises(BadInput):
        choose_threshold([1.0, 2.0], [1, 1])


def test_votes_are_shares_of_samples():
    assert vote([[0.1, 0.9, 0.2, 0.3]], [0, 0, 1, 1], 3, 0.25).tolist() == [[0.5, 0.5, 0.0]]


def test_one_sweep_is_the_likelihood_ratio_of_each_subject_by_hand():
    """Out: mean 3, spread 1; in: mean 1, spread 1. A loss of 0 speaks for in by ((0 - 3)^2 - (0 - 1)^2) / 2 = 4."""
    losses = np.array([[2.0], [4.0], [0.0], [2.0]])
    found = JointLikelihoodRatio(n_sweeps=1).fit(losses, [[0], [0], [1], [1]])
    assert found.score([[0.0], [2.0]]).ravel() == pytest.approx([4.0, 0.0], abs=1e-5)


def test_who_else_is_in_is_taken_into_account():
    """A neighbor in the federation lowers a subject's loss as much as being in does; only telling both together sees it."""
    random = np.random.default_rng(0)

    def draw(n):
        is_in = random.random((n, 6)) < 0.5
        return is_in, -1.0 * is_in - 1.0 * np.roll(is_in, 1, axis=1) + 0.25 * random.normal(size=(n, 6))

    learned_in, learned = draw(200)
    is_in, losses = draw(200)
    known = np.where(np.arange(6) == 0, is_in, np.nan)
    right = [
        (JointLikelihoodRatio(n_sweeps=n).fit(learned, learned_in).decide(losses, known) == is_in)[
            :, 1:
        ].mean()
        for n in (1, 8)
    ]
    assert right[0] < 0.9 < 0.95 < right[1]
    with pytest.raises(BadInput, match="missing from as many"):
        JointLikelihoodRatio().fit(learned, np.ones_like(learned_in))
    with pytest.raises(BadInput, match="6 subjects"):
        JointLikelihoodRatio().fit(learned, learned_in).score(losses[:, :5])


def test_shapes_that_do_not_fit_are_named(silos):
    x, y = silos
    with pytest.raises(BadInput, match="n_silos"):
        federate(new_networks(3, (6, 1)), x, y, schedule=ONE_BATCH)


@pytest.mark.parametrize("level", ["silo", "record", "person", "Item"])
def test_a_level_that_there_is_not_is_refused_rather_than_left_without_noise(level):
    with pytest.raises(BadInput, match="item, user, subject"):
        Privacy(level, 1.0, 4.0)


@pytest.mark.parametrize(
    ("clip", "multiplier"), [(0, 1), (-1, 1), (np.nan, 1), (np.inf, 1), (1, -1), (1, np.nan)]
)
def test_noise_that_is_none_is_refused(clip, multiplier):
    with pytest.raises(BadInput, match="clip above 0"):
        Privacy("item", clip, multiplier)


def test_words_numbers_and_shapes_that_mean_nothing_are_refused():
    losses = np.ones((3, 4, 2))
    with pytest.raises(BadInput, match="count, drop, slope"):
        across_rounds(losses, way="fall")
    with pytest.raises(BadInput, match="there are"):
        choose_threshold([0.1, 0.9], [0, 1], aim="most")
    with pytest.raises(BadInput, match="no number"):
        choose_threshold([0.1, np.nan], [0, 1])
    with pytest.raises(BadInput, match="references"):
        calibrated(losses, np.ones((5, 4, 3)), np.zeros((5, 3)))
