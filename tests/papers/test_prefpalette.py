import numpy as np
import pytest

from personae.metrics.logistic import fit_logistic, sigmoid
from personae.papers.harness import Context
from personae.papers.personaljudge.runs import recordings
from personae.papers.prefpalette.attributes import AXES, MANNERS, mark_readers, statement_rows
from personae.papers.prefpalette.communities import region
from personae.papers.prefpalette.offensiveness import group_test
from personae.papers.prism import prism


def annotators(n_people, shift, seed=0):
    """Two groups of people, whose weight on the first of two attributes differs by `shift`: gaps, people, groups."""
    random = np.random.default_rng(seed)
    person = np.repeat(np.arange(n_people), 40)
    gaps = random.normal(size=(len(person), 2))
    weight = np.stack([1 + shift * (person % 2), np.full(len(person), 0.5)], axis=1)
    is_first = random.random(len(person)) < sigmoid((gaps * weight).sum(axis=1))
    return (
        np.where(is_first[:, None], gaps, -gaps),
        person,
        ["even" if i % 2 == 0 else "odd" for i in range(n_people)],
    )


@pytest.mark.parametrize(("shift", "differs"), [(0.0, False), (1.5, True)])
def test_groups_differ_only_where_their_weights_do(shift, differs):
    gaps, person, kinds = annotators(40, shift)
    pooled = fit_logistic(gaps, np.ones(len(gaps)), penalty=1.0)
    statistic, drawn = group_test(gaps, person, kinds, pooled, n_shuffles=400)
    assert ((drawn >= statistic).mean() < 0.05) == differs


def test_regions_are_read_from_personas():
    lives = "The person is born in Canada and currently lives in {}."
    assert [region(lives.format(each)) for each in ("Canada", "New Zealand", "Poland")] == [
        "North America",
        "Oceania",
        "Europe and others",
    ]
    assert region("The person is tall.") == "unknown"


def test_every_mark_has_a_reader_that_rises_with_it():
    seen = np.random.default_rng(0).normal(size=(50, 393))
    for place, reader in enumerate(mark_readers(seen)):
        assert np.corrcoef(reader.scores(seen), seen[:, 385 + place])[0, 1] > 0.99


def test_the_axes_and_manners_are_those_of_the_card():
    assert len(AXES) == len(set(AXES)) == 22
    assert set(MANNERS) == {
        "verbosity",
        "formality",
        "politeness",
        "directness",
        "sarcasm",
        "humor",
        "empathy",
        "assertiveness",
    }


@pytest.mark.data
def test_prism_is_read_once_for_all_papers():
    found = prism(Context())
    assert (len(found.pairs), len(found.profiles)) == (2535, 258)
    assert sum(bool(pair.person) for pair in found.pairs) == 2086
    assert recordings(Context(limit=50)).pairs == prism(Context(limit=50)).pairs


@pytest.mark.data
def test_statement_readers_reach_what_the_card_measured():
    """Card: logistic regression on fewer statements reached a mean of .957 over these axes."""
    readers = []
    rows = {
        row.metric: row for row in statement_rows(Context(quick=True), readers) if row.method == "readers"
    }
    assert rows["mean accuracy"].value > 0.957
    assert rows["share of axes over .90"].met
    assert len(readers) == 6
