"""The cosine of attributes by hand: rare ones weigh more, ties go to the popular, and nothing known is an error."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.recommend import AttributeCosine, Items, interactions

CATALOG = ("pen", "ink", "soap", "new soap", "card")
ITEMS = Items(
    CATALOG,
    ("black", "writes", "washes"),
    Lists.of(
        [0, 0, 1, 2, 3, 0], [0, 1, 0, 2, 2, 1], n_people=5
    ),  # a pen writes twice, of the card nothing is known
)
ROWS = interactions(["ana", "ana", "bo"], ["pen", "soap", "soap"], catalog=CATALOG)


def test_scores_are_cosines_of_counts_by_rarity_summed_over_the_last_items():
    model = AttributeCosine(n_last=2).fit(ROWS, ITEMS)
    black, writes = np.log(5 / 2), 2 * np.log(5)
    to_ink = black / np.hypot(black, writes)
    ties = 0.001 * np.log1p([1, 0, 2, 0, 0]) / np.log(3)
    assert np.allclose(model.score(model.states_)[0], np.array([1, to_ink, 1, 1, 0]) + ties, atol=1e-6)
    alone = AttributeCosine(n_last=1).fit(ROWS, ITEMS)
    assert np.allclose(alone.score(alone.states_)[0], np.array([0, 0, 1, 1, 0]) + ties, atol=1e-6)


def test_without_attributes_there_is_nothing_to_compare():
    with pytest.raises(BadInput, match="Nothing is known"):
        AttributeCosine().fit(ROWS)
