import pytest

from personae.errors import PolicyDenied, UnknownName
from personae.people.attributes import ATTRIBUTES, Attribute, attribute
from personae.people.policy import PURPOSES, decide, require


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
    verdicts = {decide(purpose, name).verdict for purpose in PURPOSES for name in ATTRIBUTES}
    assert verdicts <= {"allowed", "forbidden", "unknown"}


def test_an_unknown_attribute_lists_the_nearest():
    with pytest.raises(UnknownName, match="occupation"):
        attribute("ocupation")
