import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.conformal import conformal_sets, conformal_threshold


@pytest.mark.parametrize("error", [0.05, 0.1, 0.3])
def test_sets_hold_the_right_option_as_promised(error):
    random = np.random.default_rng(0)
    held = []
    for _ in range(200):
        chances = random.dirichlet(np.ones(4), size=300)
        labels = np.array([random.choice(4, p=row) for row in chances])
        sets = conformal_sets(chances[150:], conformal_threshold(chances[:150], labels[:150], error=error))
        held.append(sets[np.arange(150), labels[150:]].mean())
    assert 1 - error - 0.01 <= np.mean(held) <= 1 - error + 0.02


def test_few_rows_promise_nothing_but_the_full_set():
    assert conformal_threshold([[0.9, 0.1]], [0], error=0.1) == 0.0


@pytest.mark.parametrize("error", [0.0, 1.0])
def test_an_impossible_promise_is_refused(error):
    with pytest.raises(BadInput, match="error"):
        conformal_threshold([[0.5, 0.5]], [0], error=error)
