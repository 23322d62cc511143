"""The one training loop: order, early stop, the best epoch kept, resuming, and what cannot be learned."""

import numpy as np
import pytest

from personae.errors import BadInput
from personae.recommend.training import Plan, fingerprint, train


class Counter:
    """Learns the number of rows it was shown; loses `losses[epoch]` at every step."""

    def __init__(self, losses=None):
        self.losses, self.epoch, self.seen, self.shown = losses or {}, 0, np.zeros(1), []

    def begin(self, epoch):
        self.epoch = epoch

    def step(self, rows, random):
        self.shown.append(rows.tolist())
        self.seen += len(rows)
        return self.losses.get(self.epoch, 1.0)

    def state(self):
        return {"seen": self.seen}

    def restore(self, state):
        self.seen = np.array(state["seen"])


def test_each_epoch_shows_every_row_once_in_an_order_of_the_seed():
    learner, other = Counter(), Counter()
    epochs = train(learner, 5, Plan(n_epochs=2, batch_size=2), random_state=3)
    train(other, 5, Plan(n_epochs=2, batch_size=2), random_state=3)
    assert [len(rows) for rows in learner.shown] == [2, 2, 1, 2, 2, 1]
    assert sorted(row for rows in learner.shown[:3] for row in rows) == list(range(5))
    assert learner.shown == other.shown
    assert learner.shown[:3] != learner.shown[3:]
    assert [(each.number, each.planned, each.loss) for each in epochs] == [(1, 2, 1.0), (2, 2, 1.0)]


def test_it_stops_when_the_score_no_longer_rises_and_goes_back_to_the_best():
    learner, scores = Counter(), iter([0.1, 0.5, 0.4, 0.5, 0.9])
    epochs = train(learner, 4, Plan(n_epochs=9, batch_size=4, patience=2), score=lambda: next(scores))
    assert [each.score for each in epochs] == [0.1, 0.5, 0.4, 0.5]  # an equal score is no better one
    assert learner.seen.item() == 8  # as after the second epoch


def test_a_broken_run_goes_on_and_ends_as_an_undisturbed_one(tmp_path):
    def score_of(learner):
        return lambda: -abs(learner.seen.item() - 12)

    plan, file = Plan(n_epochs=6, batch_size=3, patience=2), tmp_path / "run.npz"
    whole = Counter()
    expected = train(whole, 4, plan, score=score_of(whole))
    broken = Counter()

    def interrupt(epoch):
        if epoch.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(broken, 4, plan, score=score_of(broken), checkpoint=file, watch=interrupt)
    resumed = Counter()
    assert train(resumed, 4, plan, score=score_of(resumed), checkpoint=file) == expected
    assert resumed.seen.item() == whole.seen.item() == 12
    assert broken.shown + resumed.shown == whole.shown
    assert [each.name for each in tmp_path.iterdir()] == ["run.npz"]
    with pytest.raises(BadInput, match="another plan"):
        train(Counter(), 4, Plan(n_epochs=7), checkpoint=file)


def test_a_checkpoint_of_other_rows_another_seed_or_other_sizes_is_refused(tmp_path):
    class Wider(Counter):
        def restore(self, state):
            raise RuntimeError("size mismatch")

    plan, file = Plan(n_epochs=2), tmp_path / "run.npz"
    given = fingerprint(np.arange(4), ("a", "b"))
    train(Counter(), 4, plan, checkpoint=file, given=given)
    for n_rows, others in (
        (5, {}),
        (4, {"random_state": 1}),
        (4, {"given": fingerprint(np.arange(4), ("a", "c"))}),
    ):
        with pytest.raises(BadInput, match="other rows or another seed"):
            train(Counter(), n_rows, plan, checkpoint=file, **{"given": given} | others)
    with pytest.raises(BadInput, match="other sizes"):
        train(Wider(), 4, plan, checkpoint=file, given=given)
    file.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(BadInput, match="no whole checkpoint"):
        train(Counter(), 4, plan, checkpoint=file, given=given)
    np.savez(file, other=np.arange(3))
    with pytest.raises(BadInput, match="no whole checkpoint"):
        train(Counter(), 4, plan, checkpoint=file, given=given)


@pytest.mark.parametrize(
    "wrong", [{"n_epochs": -1}, {"batch_size": 0}, {"patience": -1}, {"rate": 0.0}, {"rate": np.nan}]
)
def test_a_plan_by_which_nothing_is_learned_is_refused(wrong):
    with pytest.raises(BadInput, match="finite rate above 0"):
        Plan(**wrong)


def test_no_rows_and_a_loss_without_bounds_are_refused():
    with pytest.raises(BadInput, match="No rows"):
        train(Counter(), 0, Plan())
    with pytest.raises(BadInput, match="epoch 2: choose a lower rate"):
        train(Counter({1: np.inf}), 4, Plan())
