import json
from collections import Counter

import numpy as np
import pytest

from personae.errors import BadInput
from personae.models.strings import chat_model
from personae.synth import MadePerson
from personae.synth.threads import (
    ChatWriter,
    GrammarWriter,
    Rules,
    Topic,
    grow,
    make_threads,
    person_labels,
    random_tree,
    tree_of,
)
from personae.synth.threads.growth import path_scores
from personae.synth.threads.statistics import STATISTICS, distance, floor, histogram

TRUTH = {
    "age": 41, "sex": "female", "city_country": "Porto, Portugal", "birth_city_country": "Lima, Peru", "education": "PhD",
    "occupation": "engineer", "income_level": "high", "relationship_status": "divorced",
}  # fmt: skip


def people(n=30):
    return [MadePerson(f"p{i}", {**TRUTH, "age": 25 + i}, "by hand") for i in range(n)]


def said(value):
    """One answer of the server, in the order of the calls."""
    message = {"role": "assistant", "content": value if isinstance(value, str) else json.dumps(value)}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = {"id": "1", "object": "chat.completion", "model": "small", "choices": choices}
    return {"kind": "raw", "body": json.dumps(body)}


def test_path_scores_are_the_papers():
    """A chain topic, other, mine, other: its leaf has 2 + 1 + 5 + 1 over 4 nodes; one's own comment has none."""
    depths, own = np.array([0, 1, 2, 3]), np.array([0, 0, 1, 1])
    is_own = np.array([False, False, True, False])
    assert path_scores(depths, own, is_own).tolist() == [2.0, 1.5, 0.0, 9 / 4]


@pytest.mark.parametrize("seed", range(5))
def test_a_tree_keeps_to_the_rules(seed):
    rules = Rules(n_rounds=2, most_actions=3)
    tree = grow(30, rules=rules, random_state=seed)
    assert (tree.parents[1:] < np.arange(1, len(tree))).all()
    assert (tree.depths[1:] == tree.depths[tree.parents[1:]] + 1).all()
    pairs = Counter(zip(tree.parents[1:].tolist(), tree.authors[1:].tolist(), strict=True))
    assert max(pairs.values()) == 1, "nobody replies twice to one comment"
    assert (tree.authors[tree.parents[1:]] != tree.authors[1:]).all(), "nobody replies to their own comment"
    assert max(Counter(tree.authors[1:].tolist()).values()) <= 6
    full = tree.replies()[1:]
    assert (full > rules.most_replies).mean() < 0.02, (
        "the limits are waived only while there are few comments"
    )
    assert (tree.depths > rules.most_depth).mean() < 0.02


def test_many_replies_go_to_the_best_scores_only():
    """With one best comment, the second member must reply to the topic: it scores 2, a first comment 1.5."""
    for seed in range(20):
        tree = grow(
            2, rules=Rules(n_rounds=1, most_actions=1, reply_probability=1.0, n_best=1), random_state=seed
        )
        assert tree.parents.tolist() == [-1, 0, 0]


def test_the_topic_is_closed_after_the_first_round():
    rules = Rules(n_rounds=2, most_actions=1, reply_probability=1.0, decline=0.0, n_best=1)
    assert grow(2, rules=rules).parents.tolist()[:3] == [-1, 0, 0]
    assert 0 not in grow(2, rules=rules).parents.tolist()[3:]


def test_bad_trees_and_too_few_people_are_told():
    with pytest.raises(BadInput, match="stands before"):
        tree_of([None, 2, 1], ["a", "b", "c"])
    with pytest.raises(BadInput, match="topic first"):
        tree_of([0], ["a"])
    with pytest.raises(BadInput, match="at least one member"):
        grow(0)
    with pytest.raises(BadInput, match="3 or more"):
        next(make_threads(people(2), 1))
    with pytest.raises(BadInput, match="shoe"):
        next(make_threads(people(), 1, attributes=["shoe"]))


def test_made_threads_are_the_same_under_a_seed_and_however_many_are_asked_for():
    first = [row for thread in make_threads(people(), 3, random_state=5) for row in thread.rows()]
    again = [row for thread in make_threads(people(), 2, random_state=5) for row in thread.rows()]
    assert first[: len(again)] == again
    assert first != [row for thread in make_threads(people(), 3, random_state=6) for row in thread.rows()]


def test_every_label_is_true_and_stands_at_its_span():
    threads = list(make_threads(people(), 8))
    seen = set()
    for thread in threads:
        for node, comment in enumerate(thread.comments, 1):
            author = thread.members[thread.tree.authors[node]]
            for label in comment.labels:
                assert author.truth[label.attribute] == label.value
                start, end = label.span
                assert 0 <= start < end <= len(comment.text)
                seen.add(label.attribute)
    assert seen == set(TRUTH)
    hardest = person_labels(threads)["p3"]
    for name, label in hardest.items():
        every = [
            other.hardness
            for thread in threads
            for node, comment in enumerate(thread.comments, 1)
            for other in comment.labels
            if thread.members[thread.tree.authors[node]].id == "p3" and other.attribute == name
        ]
        assert label.hardness == min(every)


def test_comments_keep_to_their_length():
    rules = Rules()
    for thread in make_threads(people(), 4, rules=rules):
        for node, comment in enumerate(thread.comments, 1):
            low, high = rules.short_words if thread.tree.is_short[node] else rules.long_words
            assert low <= len(comment.text.split()) <= high + 2, "an ending such as tbh is no clause"


def test_unknown_attributes_of_a_person_are_never_told():
    bare = [MadePerson(f"p{i}", {"age": 30}, "by hand") for i in range(20)]
    told = {
        label.attribute
        for thread in make_threads(bare, 8)
        for written in thread.comments
        for label in written.labels
    }
    assert told <= {"age"}


def test_distances_and_their_floor():
    depth = STATISTICS[0]
    tree = tree_of([None, 0, 1, 2], ["t", "a", "b", "a"])
    assert depth.values(tree).tolist() == [1, 2, 3]
    flat = tree_of([None, 0, 0, 0], ["t", "a", "b", "a"])
    one, other = (histogram(depth.values(each), depth.most) for each in (tree, flat))
    assert distance([one], [other], draws=10).value == pytest.approx(
        1.0
    )  # mean depth 2 against 1, no crossing
    same = [one] * 10
    assert floor(same, draws=20).value == 0


def test_a_random_tree_is_told_from_a_grown_one():
    replies = STATISTICS[1]
    grown = [histogram(replies.values(grow(30, random_state=i)), replies.most) for i in range(10)]
    more = [histogram(replies.values(grow(30, random_state=i)), replies.most) for i in range(10, 20)]
    wild = [histogram(replies.values(random_tree(80, 30, random_state=i)), replies.most) for i in range(10)]
    assert distance(grown, more, draws=100).high < distance(grown, wild, draws=100).low


def test_a_model_writes_over_http(server):
    """One thread of three people: styles, topic, interest, then comments with their tags, in the order of the calls."""
    style = {"style": "Dry.", "example": "Sure."}
    topic = {"question": "How old is old?", "description": "Tell."}
    yes = {"interested": True}
    comment = {"thought": "hm", "comment": "at 25 I\nfeel ancient"}
    right = {"tags": [{"attribute": "age", "guesses": ["25"], "hardness": "direct", "certainty": 5}]}
    wrong = {"tags": [{"attribute": "age", "guesses": ["80"]}, {"attribute": "shoe", "guesses": ["9"]}]}
    pairs = [said(part) for tags in [right, wrong] * 20 for part in (comment, tags)]
    server.behave(faults=[*map(said, [style, style, style, topic, yes, {"interested": False}]), *pairs])
    writer = ChatWriter(chat_model(server.model))
    crowd = [MadePerson(f"p{i}", {"age": 25}, "by hand") for i in range(3)]
    rules = Rules(n_rounds=1, most_actions=1, reply_probability=1.0)
    thread = next(make_threads(crowd, 1, writer=writer, rules=rules, attributes=["age"]))
    assert thread.topic.question == "How old is old?"
    assert [member.style for member in thread.members] == ["Dry."]
    assert [comment.text for comment in thread.comments] == ["at 25 I feel ancient"]
    assert [label.hardness for label in thread.comments[0].labels] == [1]
    assert thread.provenance["writer"] == server.model
    asked = [call["body"] for call in server.saw()["calls"]]
    assert asked[6]["frequency_penalty"] == 2.0
    assert "How old is old?" in asked[6]["messages"][-1]["content"]
    assert asked[5]["temperature"] == 0.0


def test_tags_that_are_wrong_are_dropped_and_unreadable_answers_counted(server):
    member = GrammarWriter().members([MadePerson("p", {"age": 25}, "by hand")])
    topic = Topic("age", "How old?", "Tell.")
    wrong = {"tags": [{"attribute": "age", "guesses": ["80"]}, {"attribute": "shoe", "guesses": ["9"]}]}
    tree = tree_of([None, 0, 1], ["t", "a", "a"])
    answers = [{"comment": "hello there"}, wrong, "no JSON at all", "none again"]
    server.behave(faults=[said(answer) for answer in answers])
    writer = ChatWriter(chat_model(server.model))
    written = writer.write(topic, member, tree, 0)
    assert [(each.text, each.labels) for each in written] == [("hello there", ()), ("", ())]
    assert writer.outcomes.as_json()["unparsed"] == 1
