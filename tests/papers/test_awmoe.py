"""Views, places and mixes of AW-MoE's experiment, on invented purchases; and the size of the real ones."""

import gzip
import json

import numpy as np
import pytest

from personae.papers.awmoe.experiment import FULL, MANY, PLAN, sides
from personae.papers.awmoe.study import interest_mix, load, of_people, places, scores, shared_information
from personae.papers.harness import Context
from personae.recommend import Popularity

N_ITEMS = 150


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Thirty invented people; odd ones buy of the first half. Item 1 has attributes 7 and 9, of which 9 is the common one."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "m2trec").mkdir()
    random = np.random.default_rng(0)
    people = [
        {"user": p, "items": (random.permutation(75)[: 5 + p % 8] + 1 + 75 * (p % 2)).tolist()}
        for p in range(30)
    ]
    items = [
        {"item": n, "attributes": [7, 9] if n == 1 else [9 if n < 76 else 8]} for n in range(1, N_ITEMS + 1)
    ]
    for name, rows in {"sequences": people, "item_attributes": items}.items():
        with gzip.open(folder / "m2trec" / f"beauty_{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    return load(Context(folder=folder)), people, load(Context(folder=folder), n_left_out=2)


def test_the_last_purchase_stands_first_among_items_never_bought(study):
    found, people, _ = study
    numbers = np.array([int(each) for each in found.items.ids])
    assert numbers[found.candidates[:, 0]].tolist() == [each["items"][-1] for each in people]
    for row, each in zip(found.candidates, people, strict=True):
        assert not {*numbers[row[1:]]} & {*each["items"]}
    assert found.histories.counts().tolist() == [len(each["items"]) - 1 for each in people]
    assert found.heavy.tolist() == [len(each["items"]) > 8 for each in people]


def test_settings_are_chosen_on_the_purchase_before(study):
    found, people, before = study
    numbers = np.array([int(each) for each in found.items.ids])
    assert numbers[before.candidates[:, 0]].tolist() == [each["items"][-2] for each in people]
    assert before.histories.counts().tolist() == [len(each["items"]) - 2 for each in people]


def test_cut_histories_are_the_last_three(study):
    found, people, _ = study
    numbers = np.array([int(each) for each in found.items.ids])
    cut = of_people(found.cut(), np.array([7, 4]))
    assert numbers[cut.items].tolist() == [*people[7]["items"][-4:-1], *people[4]["items"][-4:-1]]


def test_the_main_attribute_is_the_common_one(study):
    found, people, _ = study
    assert found.items.attributes[found.main[found.items.ids.index("1")]] == "9"
    assert [found.items.attributes[each] for each in found.main_of_people()] == [
        "8" if each["user"] % 2 else "9" for each in people
    ]


def test_places_by_hand():
    one, auc, ndcg = places(np.array([[0.5, 0.1, 0.9, 0.5, 0.2], [0.0, 1.0, 1.0, 1.0, 1.0]]))
    assert (one.tolist(), auc.tolist()) == ([1.0, 0.0], [(1 + 0 + 0.5 + 1) / 4, 0.0])
    assert ndcg == pytest.approx([1 / np.log2(3.5), 1 / np.log2(6)])  # places 1.5 and 4, from 0


def test_sides_that_score_the_catalog_are_read_at_the_candidates(study):
    found, *_ = study
    counts = found.rows.popularity()
    model = Popularity().fit(found.rows, found.items)
    assert np.array_equal(scores(model, found.histories, found.candidates), counts[found.candidates])


def test_clusters_of_mixes_tell_labels_and_not_those_of_others():
    pytest.importorskip("sklearn")
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 300)
    own, other = shared_information(np.eye(3)[labels] + 0.01 * random.random((300, 3)), labels, 0)
    assert own == pytest.approx(1)
    assert other < 0.05


def test_everybodys_mix_is_read_beside_the_same_items(study):
    pytest.importorskip("torch")
    found, *_ = study
    model = sides(PLAN, 0)[FULL].fit(found.rows, found.items)
    mix = interest_mix(model, found)
    assert mix.shape == (30, model.n_experts)
    assert np.abs(mix - mix[0]).max() > 0
    assert MANY.endswith(f"{found.candidates.shape[1] - 1} other items")


@pytest.mark.data
def test_the_real_set_has_the_people_and_items_its_readme_counts():
    """The data's README: 19,009 users and 12,101 items; the card's long tail, histories of at most 4, is a third of the people.

    Of the samples that training reads more than half are as short.
    """
    found = load(Context())
    assert found.candidates.shape == (19_009, 100)
    assert len(found.items.ids) == 12_101
    assert np.mean(found.histories.counts() <= 4) == pytest.approx(0.322, abs=0.001)
    lengths = np.concatenate([np.arange(1, count) for count in found.histories.counts()])
    assert np.mean(lengths <= 4) == pytest.approx(0.534, abs=0.001)
