import numpy as np
import pytest

from personae.papers.harness import Context, run
from personae.papers.shield.experiment import EXPERIMENT, random_words
from personae.papers.shield.people import HOME_FOLDS, N_FOLDS, OTHER_FOLDS, fold_of, subjects, traces_of


def test_nobody_is_attacked_by_a_reader_that_knows_them():
    folds = fold_of([f"p{k}" for k in range(30)])
    assert fold_of([f"p{k}" for k in reversed(range(30))]) == folds
    for fold in range(N_FOLDS):
        assert sorted((fold, *HOME_FOLDS[fold], *OTHER_FOLDS[fold])) == list(range(N_FOLDS))


def test_the_control_takes_as_many_words_as_asked():
    traces = traces_of("p", ["one two three", "four five six seven"])
    found = random_words(traces, 3, np.random.default_rng(0))
    words = " ".join(trace.text for trace in found).split()
    assert (len(words), words.count("…")) == (7, 3)


@pytest.mark.data
def test_the_recorded_masks_take_their_share_of_the_words():
    """SynthPAI's comments, entities masked by a cloud service: 255 people, 7% of the words are asterisks (counted apart)."""
    people = subjects(Context())
    assert len(people) == 255
    words = sum(len(text.split()) for each in people for text in each.texts)
    masked = sum(
        "**" in word or word == "*" for each in people for text in each.masked for word in text.split()
    )
    assert masked / words == pytest.approx(0.0702, abs=0.0005)
    assert sum(len(each.labels) for each in people) == 602


@pytest.mark.data
@pytest.mark.slow
def test_a_quick_run_lowers_the_attacker_it_was_made_against():
    result = run(EXPERIMENT, Context(quick=True))
    value = {(row.setting, row.metric, row.method): row.value for row in result.rows}
    home = "home attacker"
    assert value[home, "top-1", "shield, truth known"] <= value[home, "top-1", "as it was"]
    assert (
        value["utility", "words kept", "shield, truth known"]
        >= value["utility", "words kept", "cloud masks, recorded"] - 1e-9
    )
