import numpy as np
import pytest

from personae.errors import BadInput
from personae.people.instruments import Instrument, QuestionnaireItem

ITEMS = (
    QuestionnaireItem("a", "I am calm", "calm"),
    QuestionnaireItem("b", "I worry", "calm", -1),
    QuestionnaireItem("c", "I talk a lot", "lively"),
)


def test_reversed_items_turn_round_and_missing_answers_do_not_count():
    scores = Instrument("two", ITEMS, 1, 7).score(np.array([[6.0, 1.0, 3.0], [np.nan, 2.0, np.nan]]))
    np.testing.assert_allclose(scores, [[6.5, 3.0], [6.0, np.nan]])


@pytest.mark.parametrize("responses", [np.ones((2, 2)), np.full((1, 3), 9.0), np.zeros((1, 3))])
def test_a_table_that_does_not_fit_is_refused_with_the_mend(responses):
    with pytest.raises(BadInput, match=r"one column an item|recode"):
        Instrument("two", ITEMS, 1, 7).score(responses)
