from dataclasses import replace
from datetime import date

import pytest

from personae.errors import BadInput, PolicyDenied, UnknownName
from personae.people.attributes import ATTRIBUTES, Attribute, attribute
from personae.people.policy import Setting, decide, require, rules


def test_self_audit_allows_every_attribute():
    assert {decide("self-audit", name).verdict for name in ATTRIBUTES} == {"allowed"}


@pytest.mark.parametrize("purpose", ["research", "personalisation", "decision"])
def test_special_category_data_needs_a_purpose_that_names_it(purpose):
    assert decide(purpose, "religion").verdict == "forbidden"
    assert decide("sensitive-research", "religion").verdict == "allowed"


def test_denial_names_the_rule_and_the_mend():
    with pytest.raises(PolicyDenied, match=r"personal-2.*--only"):
        require("personalisation", "sex")


def test_where_no_rule_fits_the_verdict_is_unknown_and_nothing_is_inferred():
    decision = decide("decision", "occupation")
    assert (decision.verdict, decision.rule) == ("unknown", "none")
    with pytest.raises(PolicyDenied):
        require("decision", "occupation")


def test_an_unknown_purpose_lists_the_nearest():
    with pytest.raises(UnknownName, match="research"):
        decide("reserch", "age")


def test_an_attribute_of_the_users_own_passes_the_gate_by_its_ground():
    shy = Attribute("shyness", "Shyness", "number", poles=("is at ease with strangers", "avoids strangers"))
    assert decide("personalisation", shy).verdict == "allowed"


def test_every_purpose_has_a_verdict_for_every_attribute():
    verdicts = {decide(purpose, name).verdict for purpose in rules().purposes for name in ATTRIBUTES}
    assert verdicts == {"allowed", "forbidden", "unknown"}


def test_an_unknown_attribute_lists_the_nearest():
    with pytest.raises(UnknownName, match="occupation"):
        attribute("ocupation")


LENDER = Setting("credit_other", "collect", jurisdiction="US", actor="lender", day=date(2026, 11, 23))


def own(path, text):
    (file := path / "own.yaml").write_text(text)
    return file


def test_a_rule_holds_from_its_first_day_to_its_last():
    asked = Setting("employment", "collect", "self_report", jurisdiction="US", actor="federal_contractor")
    before, last, after = (
        decide("regulatory-report", "race", replace(asked, day=day))
        for day in (date(1977, 12, 31), date(2025, 1, 20), date(2025, 1, 21))
    )
    assert [each.rule for each in (before, last, after)] == ["none", "us-employment-8", "none"]


def test_conditions_have_to_be_answered_for():
    asked = replace(LENDER, operation="infer", granularity="aggregate")
    with pytest.raises(
        PolicyDenied, match=r"us-credit-5 of 2014-09-01.*on condition that probabilities and not labels"
    ):
        require("fairness-test", "race", asked)
    granted = require("fairness-test", "race", asked, conditions_met=True)
    assert len(granted.conditions) == 3
    with pytest.raises(PolicyDenied, match="collecting 'ethnicity' in credit_other"):
        require("decision", "race", LENDER, conditions_met=True)


def test_a_later_file_overrides_and_adds(tmp_path):
    file = own(
        tmp_path,
        "rules:\n"
        "- {id: us-credit-3, purpose: decision, verdict: unknown, reason: counsel is asked, citation: us, since: 2026-01-01}\n"
        "- {id: ours-1, purpose: training-day, attributes: plain, verdict: allowed, reason: r, citation: us, since: 2026-01-01}\n",
    )
    table = rules(file)
    assert len(table.rows) == len(rules().rows) + 1
    assert decide("decision", "race", LENDER, table=table).reason == "counsel is asked"
    assert decide("training_day", "occupation", table=table).rule == "ours-1"
    with pytest.raises(UnknownName):
        decide("training-day", "occupation")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rules: [", ": not YAML"),
        ("other: 1", "under `rules:`"),
        ("rules:\n- {id: a}", "rule a: verdict is missing"),
        ("rules:\n- {id: a, verdct: allowed}", "Nearest: verdict"),
        ("rules:\n- {id: a, verdict: maybe, reason: r, citation: c, since: 2026-01-01}", "'maybe' is none of required"),
        ("rules:\n- {id: a, verdict: allowed, reason: r, citation: c, since: soon}", "since must be a date"),
        ("rules:\n- {id: a, verdict: allowed, reason: r, citation: c, since: 2026-01-01, domain: credit}", "credit_other"),
        ("rules:\n- {id: a, verdict: allowed, reason: r, citation: c, since: 2026-01-01, attributes: relgion}", "religion"),
        ("rules:\n" + 2 * "- {id: a, verdict: allowed, reason: r, citation: c, since: 2026-01-01}\n", "stands twice"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_the_rule_and_the_mend(tmp_path, text, told):
    with pytest.raises(BadInput, match=r"own\.yaml") as refused:
        rules(own(tmp_path, text))
    assert told in str(refused.value)


def test_a_missing_file_and_a_facet_misspelled(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        rules(tmp_path / "none.yaml")
    with pytest.raises(UnknownName, match="credit_other"):
        decide("decision", "race", Setting("credit"))


def test_every_rule_says_what_it_rests_on_and_gives_no_advice():
    for rule in rules().rows:
        assert rule.citation
        assert rule.since <= rules().reviewed
        assert not any(word in rule.reason for word in ("you must", "you may", "legal advice", "we advise"))


def test_a_state_lies_in_its_country():
    assert decide("decision", "race", replace(LENDER, jurisdiction="us-ca")).rule == "us-credit-3"
    assert decide("decision", "race", replace(LENDER, jurisdiction="USSR")).rule == "decision-1"


def test_grounds_decide_for_attributes_that_are_both():
    assert [decide(purpose, "religion").rule for purpose in ("research", "personalisation", "decision")] == [
        "research-1", "personal-1", "decision-1",
    ]  # fmt: skip
