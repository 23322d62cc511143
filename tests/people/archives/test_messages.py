import json

from personae.people.archives import messages
from personae.people.archives.rows import Options
from personae.people.records import person_id


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_every_shape_of_chat_data(put, load):
    path = put({"a.jsonl": lines(
        {"id": "r1", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "u"}]}, {"role": "assistant", "content": "a"}]},
        {"conversations": [{"from": "human", "value": "h"}, {"from": "gpt", "value": "g"}]},
        {"prompt": "p", "chosen": "c", "rejected": "r"},
        {"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "d"}]},
        {"text": "t"},
        {"messages": [{"role": "tool", "content": "x"}, {"role": "user", "content": ""}, 5]},
        {"other": 1}, 7,
    )})  # fmt: skip
    traces, errors = load(messages, path)
    assert "".join(f"{t.role[0]}{t.text} " for t in traces).split() == [
        "ss",
        "su",
        "aa",
        "sh",
        "ag",
        "sp",
        "ac",
        "sq",
        "ad",
        "st",
    ]
    assert {t.person for t in traces} == {person_id("export")}
    assert traces[0].thread == "r1"
    assert [t.where for t in traces[:4]] == [
        "a.jsonl:1/messages/0", "a.jsonl:1/messages/1", "a.jsonl:1/messages/2", "a.jsonl:2/conversations/0",
    ]  # fmt: skip
    assert len(errors) == 5
    assert len({t.id for t in traces}) == len(traces)


def test_rows_of_several_people_are_told_apart(put, load):
    said = [{"role": "user", "content": "hi"}]
    rows = [{"person_id": person, "messages": said} for person in ("b", "a", "b")]
    traces, _ = load(messages, put({"a.jsonl": lines(*rows)}))
    assert [t.person for t in traces] == ["a", "b", "b"]


def test_an_array_is_read_too(put, load):
    path = put({"sg.json": json.dumps([{"id": "c", "conversations": [{"from": "human", "value": "hi"}]}])})
    (trace,), _ = load(messages, path, Options(person="me"))
    assert (trace.person, trace.where, trace.thread) == ("me", "sg.json:/0/conversations/0", "c")
