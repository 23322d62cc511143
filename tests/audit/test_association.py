import numpy as np
import pytest
from scipy import stats

from personae.audit.subtlerbias import associate, shuffled_tables, table_of, tau_c
from personae.audit.subtlerbias.association import tau_p_value
from personae.errors import BadInput


def test_by_hand():
    """Two contexts of each kind: of the four pairs that differ, three agree and one ties; 2 * 2 * 3 / (16 * 1)."""
    found = associate([1, 1, -1, -1], [1, 0, 0, -1])
    assert found.tau.value == 2 * 2 * 3 / 16
    assert found.counts.tolist() == [[1, 1, 0], [0, 1, 1]]


@pytest.mark.parametrize(("rows", "columns"), [(2, 3), (3, 3), (2, 2), (4, 3)])
def test_agrees_with_scipy(rows, columns):
    random = np.random.default_rng(rows * columns)
    for _ in range(20):
        x = random.integers(rows, size=120)
        y = np.minimum(random.integers(columns, size=120) + (x > 1), columns - 1)
        expected = stats.kendalltau(x, y, variant="c", method="asymptotic")
        table = table_of(x, y)
        assert float(tau_c(table)) == pytest.approx(expected.statistic, abs=1e-12)
        assert float(tau_p_value(table)) == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-300)


def test_many_tables_at_once_and_empty_columns():
    one = np.array([[3.0, 0.0, 1.0], [1.0, 0.0, 4.0]])
    stacked = tau_c(np.stack([one, one[:, ::-1], np.array([[2.0, 0, 0], [3.0, 0, 0]])]))
    assert stacked[0] == pytest.approx(float(tau_c(one[:, [0, 2]])))
    assert stacked[1] == -stacked[0]
    assert np.isnan(stacked[2])


def test_the_interval_keeps_what_is_shared_together():
    random = np.random.default_rng(0)
    contexts = np.repeat([1, -1], 150)
    choices = np.where(random.random(300) < 0.4, contexts, random.integers(-1, 2, size=300))
    thrice = np.repeat(np.arange(300), 3)
    alone = associate(contexts, choices).tau
    copied = associate(contexts[thrice], choices[thrice], clusters=thrice.tolist()).tau
    assert copied.value == pytest.approx(alone.value)
    assert copied.high - copied.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert alone.low > 0


def test_shuffled_tables_keep_their_margins_and_lose_the_link():
    counts = np.array([[50, 30, 20], [10, 30, 60]])
    tables = shuffled_tables(counts, draws=4000, random_state=1)
    assert (tables.sum(1) == counts.sum(0)).all()
    assert (tables.sum(2) == counts.sum(1)).all()
    dealt = tau_c(tables)
    assert float(tau_c(counts)) > 0.4
    assert abs(dealt.mean()) < 0.01
    spread = np.quantile(np.abs(dealt), 0.95)
    assert 0.1 < spread < 0.2
    with pytest.raises(BadInput):
        shuffled_tables(np.ones((3, 3)))


@pytest.mark.parametrize(("contexts", "choices"), [([1, 0], [1, 1]), ([1, -1], [1, 2]), ([1], [1, 0])])
def test_other_values_are_refused(contexts, choices):
    with pytest.raises(BadInput):
        associate(contexts, choices)
