import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.dialogue.personamem import (
    KINDS,
    MemoryQuestion,
    as_row,
    evolve_people,
    history_of,
    read_histories,
    read_questions,
    recall,
    remembered,
)
from personae.errors import BadInput
from personae.metrics.shortcuts import Choice, shortcuts
from personae.models.encoder import CachedEncoder, home_encoder

ROW = {
    "persona_id": 3,
    "question_id": "q1",
    "question_type": "recalling_facts_mentioned_by_the_user",
    "topic": "food",
    "distance_to_ref_proportion_in_context": "12.50%",
    "user_question_or_message": "What was it again?",
    "correct_answer": "(c)",
    "all_options": "[\"(a) it's one\", '(b) two', '(c) say \"three\"', '(d) (a) four']",
    "shared_context_id": "h",
    "end_index_in_shared_context": "2",
}
SAID = [
    {"role": "system", "content": "Current user persona: tall"},
    {"role": "user", "content": "User: I grow moss. User: twice"},
    {"role": "assistant", "content": "Assistant: Nice."},
]


def test_a_row_by_hand():
    found = read_questions([ROW])[0]
    assert found.options == ("it's one", "two", 'say "three"', "(a) four")
    assert (found.right, found.end, found.distance, found.person) == (2, 2, 0.125, "3")
    assert (found.kind, found.raw_kind) == (
        "recall_user_shared_facts",
        "recalling_facts_mentioned_by_the_user",
    )


def test_header_rows_in_the_middle_are_left_out():
    assert len(read_questions([ROW, {key: key for key in ROW}, ROW])) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"question_type": "riddle"}, "question_type"),
        ({"correct_answer": "(e)"}, "correct_answer"),
        ({"correct_answer": "c"}, "correct_answer"),
        ({"all_options": "[(a) broken"}, "SyntaxError"),
        ({"distance_to_ref_proportion_in_context": "far"}, "ValueError"),
    ],
)
def test_a_bad_row_is_named_and_not_quoted(change, says):
    with pytest.raises(BadInput, match=says) as error:
        read_questions([ROW, ROW | change])
    assert "Row 2" in str(error.value)
    assert "three" not in str(error.value)


def test_a_missing_field_is_named():
    with pytest.raises(BadInput, match="'topic'"):
        read_questions([{key: value for key, value in ROW.items() if key != "topic"}])


TEXT = st.text(st.characters(codec="utf-8"), max_size=30)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(TEXT.map(lambda text: f"x{text}"), min_size=2, max_size=4),
    st.data(),
    TEXT,
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 10_000),
)
def test_what_is_written_reads_as_the_same_question(options, data, message, kind, distance):
    right = data.draw(st.integers(0, len(options) - 1))
    question = MemoryQuestion(
        "q", "p", kind, "food", message, tuple(options), right, "h", 3, distance / 10_000, kind
    )
    assert read_questions([as_row(question)]) == [question]


def test_histories_are_read_in_both_layouts():
    ours, released = ({"shared_context_id": "h", "messages": SAID}, {"h": SAID})
    found = read_histories([ours])
    assert found == read_histories([released])
    assert [message["content"] for message in found["h"]] == [
        "Current user persona: tall", "I grow moss. User: twice", "Nice.",
    ]  # fmt: skip


def test_only_what_was_said_before_is_given():
    question = read_questions([ROW])[0]
    assert len(history_of(question, read_histories([{"h": SAID}]))) == 2
    with pytest.raises(BadInput, match="not among"):
        history_of(question, {})
    with pytest.raises(BadInput, match="after message 2"):
        history_of(question, {"h": SAID[:1]})


@pytest.mark.parametrize("bad", [{"role": "robot", "content": "x"}, {"role": "user"}, "text"])
def test_a_bad_message_is_refused(bad):
    with pytest.raises(BadInput, match="Row 1"):
        read_histories([{"h": [bad]}])


class Words:
    name = "words"

    def encode(self, texts):
        known = ("moss", "fern", "reed", "pine")
        found = np.array([[word in text for word in known] for text in texts], dtype=np.float32)
        return found / np.maximum(1e-9, np.linalg.norm(found, axis=1, keepdims=True))


def test_recall_by_hand():
    said = [
        {"role": "system", "content": "moss"},
        {"role": "user", "content": "moss and fern"},
        {"role": "assistant", "content": "moss"},
        {"role": "user", "content": "reed"},
    ]
    found = recall(said, "moss?", ["fern", "moss", "pine"], Words(), n_recalled=2)
    assert found.places == (2, 1)
    np.testing.assert_allclose(found.closeness, [1, 0.5**0.5])
    np.testing.assert_allclose(found.fit, [0.5**0.5, 0.5**0.5, 0], atol=1e-7)  # the person's own words alone
    np.testing.assert_allclose(found.echo, [0, 1, 0], atol=1e-7)


def test_recall_by_lot_follows_the_seed_and_not_the_question():
    said = [{"role": "user", "content": text} for text in ["moss", "fern", "reed", "pine"] * 10]
    first, again = (recall(said, "moss", ["moss"], Words(), random_state=1) for _ in range(2))
    assert first.places == again.places
    assert first.places == recall(said, "pine", ["moss"], Words(), random_state=1).places
    assert {said[i]["content"] for i in recall(said, "moss", ["moss"], Words()).places} == {"moss"}


def test_there_must_be_something_to_recall():
    with pytest.raises(BadInput):
        recall([{"role": "system", "content": "x"}], "moss", ["moss"], Words())


@pytest.fixture(scope="module")
def people():
    return evolve_people(60, n_topics=3, n_updates=3, n_fillers=1)


def test_every_change_is_said_where_it_is_noted_and_linked_to_the_one_before(people):
    for person in people:
        for i, change in enumerate(person.changes):
            said = person.messages[change.message]
            assert said["role"] == "user"
            assert change.thing in said["content"]
            if change.replaces is not None:
                before = person.changes[change.replaces]
                assert before.topic == change.topic
                assert change.replaces < i
                assert before.thing in said["content"]
        assert sum(change.replaces is None for change in person.changes) == 3


def test_the_profile_holds_the_last_change_of_each_topic_and_keeps_the_others(people):
    for person in people[:20]:
        latest = {change.topic: change.thing for change in person.changes}
        profile = person.profile()
        assert {claim.guesses[0].value for claim in profile.current} == set(latest.values())
        assert len(profile.claims) == 12
        for question in person.questions:
            assert latest[question.topic] in question.options[question.right]


def test_nothing_tells_the_right_option_unread(people):
    questions = [question for person in people for question in person.questions]
    items = [Choice(each.options, each.right, each.topic) for each in questions]
    for shortcut in shortcuts(items, clusters=[each.person for each in questions], draws=200):
        assert shortcut.accuracy.low < 0.3, shortcut.name


def test_what_holds_now_answers_and_everything_ever_said_does_not(people):
    encoder = CachedEncoder(home_encoder())
    right = {True: [], False: []}
    for person in people[:15]:
        for is_latest, answers in right.items():
            known = encoder.encode(remembered(person, is_latest=is_latest))
            for question in person.questions:
                fit = (encoder.encode(list(question.options)) @ known.T).max(axis=1)
                answers.append(fit.argmax() == question.right)
    assert np.mean(right[True]) > 0.9
    assert np.mean(right[False]) < 0.6


def test_made_people_follow_the_seed_and_survive_the_files(people):
    assert evolve_people(60, n_topics=3, n_updates=3, n_fillers=1) == people
    assert evolve_people(1, random_state=1) != evolve_people(1, random_state=2)
    assert evolve_people(3)[:2] == evolve_people(2)
    questions = [question for person in people for question in person.questions]
    again = read_questions(as_row(question) for question in questions)
    assert [each.options for each in again] == [each.options for each in questions]
    histories = {person.questions[0].history: person.messages for person in people}
    assert all(history_of(question, histories) for question in again)


def test_too_many_topics_or_updates_are_refused():
    with pytest.raises(BadInput):
        evolve_people(1, n_topics=7)
    with pytest.raises(BadInput):
        evolve_people(1, n_updates=1)
