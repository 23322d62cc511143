from datetime import date

import pytest

from personae.errors import PolicyDenied
from personae.infer.pipeline import read_people
from personae.infer.stated import StatedReader
from personae.people.access import replay
from personae.people.attributes import Attribute, attribute
from personae.people.policy import Setting, decide, require, rules
from personae.people.records import Person, Trace
from personae.people.store import Store

LENDER = Setting("credit_other", "collect", jurisdiction="US", actor="lender", day=date(2026, 11, 23))


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "people.duckdb") as opened:
        yield opened


def test_sensitive_and_denied_operations_are_kept_others_are_not(store):
    require("research", "occupation", log=store.accesses)
    require("fairness-test", "religion", log=store.accesses)
    for asked in (("decision", "occupation"), ("research", "religion")):
        with pytest.raises(PolicyDenied):
            require(*asked, log=store.accesses)
    found = [(e.purpose, e.attribute.name, e.verdict, e.granted) for e in store.accesses.entries()]
    assert found == [
        ("fairness-test", "religion", "allowed", True),
        ("decision", "occupation", "unknown", False),
        ("research", "religion", "forbidden", False),
    ]


def test_the_log_replays_to_the_same_verdicts_and_shows_what_other_rules_would_say(store, tmp_path):
    with pytest.raises(PolicyDenied):
        require("decision", "race", LENDER, log=store.accesses)
    mine = Attribute("shyness", "Shyness", "number", special=True, poles=("at ease", "avoids strangers"))
    require("self-audit", mine, log=store.accesses)
    entries = store.accesses.entries()
    assert [each.agrees for each in replay(entries)] == [True, True]
    (tmp_path / "own.yaml").write_text(
        "rules: [{id: us-credit-3, purpose: decision, verdict: unknown, reason: r, citation: c, since: 2026-01-01}]"
    )
    again = list(replay(entries, rules(tmp_path / "own.yaml")))
    assert [(each.verdict, each.agrees) for each in again] == [("unknown", False), ("allowed", True)]
    early = list(replay(entries, day=date(1970, 1, 1)))
    assert early[0].rule == "none"


def test_a_changed_or_missing_line_breaks_the_seals_after_it(store):
    for name in ("religion", "health", "sex"):
        store.accesses.record(decide("fairness-test", name), granted=True)
    store.database.execute("UPDATE accesses SET granted = false WHERE place = 2")
    assert [entry.intact for entry in store.accesses.entries()] == [True, False, False]
    store.database.execute("DELETE FROM accesses WHERE place = 2")
    assert [entry.intact for entry in store.accesses.entries()] == [True, False]
    assert not all(each.agrees for each in replay(store.accesses.entries()))


def test_reading_people_leaves_the_purpose_and_no_word_of_theirs(store):
    person = Person("ana", (Trace("ana", "table", "1", text="I am a nurse and a woman."),))
    asked = [attribute("sex"), attribute("occupation")]
    list(read_people([person], StatedReader(), asked, purpose="fairness-test", store=store))
    (entry,) = store.accesses.entries()
    assert (entry.purpose, entry.attribute.name, entry.rule) == ("fairness-test", "sex", "audit-1")
    [(line,)] = store.database.execute("SELECT concat_ws(' ', question, verdict, rule, seal) FROM accesses")
    assert not any(word in line for word in ("ana", "nurse", "woman"))


def test_a_store_from_before_the_log_gets_one(store):
    store.database.execute("DROP TABLE accesses")
    path = store.path
    store.close()
    with Store(path) as again:
        assert again.accesses.entries() == []


def test_rules_of_ones_own_decide_what_is_read(tmp_path):
    (tmp_path / "own.yaml").write_text(
        "rules: [{id: ours-1, purpose: self-audit, attributes: sex, verdict: forbidden, reason: r, citation: c, since: 2026-01-01}]"
    )
    person = Person("ana", (Trace("ana", "table", "1", text="I am a woman."),))
    with pytest.raises(PolicyDenied, match="ours-1"):
        next(read_people([person], StatedReader(), [attribute("sex")], rules=rules(tmp_path / "own.yaml")))
    assert next(read_people([person], StatedReader(), [attribute("sex")])).claims
