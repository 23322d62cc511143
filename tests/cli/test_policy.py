import json

import pytest
from typer.testing import CliRunner

from personae.cli.policy import app
from personae.errors import UnknownName
from personae.people.policy import decide, rules
from personae.people.store import Store

LENDER = (
    "race",
    "--purpose",
    "decision",
    "--operation",
    "collect",
    "--domain",
    "credit_other",
    "--jurisdiction",
    "US",
)


def typed(*arguments, code=0):
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def test_ask_names_verdict_rule_and_date():
    told = dict(line.split("\t") for line in typed("ask", *LENDER).stdout.splitlines())
    assert (told["verdict"], told["rule"], told["since"]) == ("forbidden", "us-credit-3", "1977-03-23")
    found = json.loads(typed("ask", *LENDER, "--json").stdout)
    assert found["also"] == ["decision-1", "decision-2"]
    assert json.loads(typed("ask", *LENDER, "--day", "1970-01-01", "--json").stdout)["verdict"] == "unknown"
    assert "no legal advice" in typed("ask", *LENDER).stderr


def test_rules_are_listed_with_those_of_an_own_file(tmp_path):
    (tmp_path / "own.yaml").write_text(
        "rules: [{id: ours-1, purpose: decision, verdict: unknown, reason: r, citation: c, since: 2026-01-01}]"
    )
    listed = typed("rules", "--rules", tmp_path / "own.yaml", "--json").stdout.splitlines()
    assert len(listed) == len(rules().rows) + 1
    assert json.loads(listed[-1])["id"] == "ours-1"
    some = typed("rules", "--domain", "health").stdout.splitlines()
    assert len(some) == 1 + sum("health" in rule.domain for rule in rules().rows)


def test_the_log_is_printed_and_replayed(tmp_path):
    path = tmp_path / "people.duckdb"
    with Store(path) as store:
        store.accesses.record(decide("research", "religion"), granted=False)
    out = typed("log", "--store", path, "--replay")
    assert out.stdout.splitlines()[1].split("\t")[1:] == [
        "research", "infer", "religion", "other", "forbidden", "research-1", "no", "research-1",
    ]  # fmt: skip
    assert out.stderr == "1 entries, 0 broken, 0 differ\n"
    assert json.loads(typed("log", "--store", path, "--json").stdout)["verdict"] == "forbidden"
    assert not json.loads(
        typed("log", "--store", path, "--replay", "--day", "2020-01-01", "--json", code=1).stdout
    )["agrees"]


def test_an_unknown_facet_lists_the_nearest():
    with pytest.raises(UnknownName, match="credit_other"):
        CliRunner().invoke(
            app, ["ask", "race", "--purpose", "decision", "--domain", "credit"], catch_exceptions=False
        )


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (("ask", *LENDER[:-1], "Mars"), "No jurisdiction named 'Mars'. Nearest: US"),
        (("ask", *LENDER[:-1], "US-California"), "No jurisdiction named 'US-California'. Nearest: US"),
        (("ask", *LENDER[:-1], "USSR"), "Nearest: US"),
        (("rules", "--domain", "bogus"), "No domain named 'bogus'"),
        (("rules", "--purpose", "desicion"), "Nearest: decision"),
    ],
)
def test_an_unknown_place_domain_or_purpose_is_refused(words, nearest):
    with pytest.raises(UnknownName) as refused:
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert nearest in str(refused.value)


def test_places_are_read_as_they_are_written(tmp_path):
    for place in ("USA", "us", "US-CA", "usa-ny"):
        assert json.loads(typed("ask", *LENDER[:-1], place, "--json").stdout)["rule"] == "us-credit-3"
    assert json.loads(typed("ask", *LENDER[:-1], "EU-DE", "--json").stdout)["rule"] == "eu-1"
    (tmp_path / "own.yaml").write_text(
        "rules: [{id: ours-1, jurisdiction: Bermuda, purpose: decision, verdict: unknown, reason: r, citation: c, "
        "since: 2020-01-01}]"
    )
    own = ("--rules", tmp_path / "own.yaml", "--json")
    assert json.loads(typed("ask", *LENDER[:-1], "bermuda", *own).stdout)["rule"] == "ours-1"


def test_reveal_reads_what_own_rules_leave(tmp_path, monkeypatch):
    from personae.cli import app as whole

    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("I am a woman of 41 and live in Porto.")
    (tmp_path / "own.yaml").write_text(
        "rules: [{id: ours-1, purpose: self-audit, attributes: sex, verdict: forbidden, reason: r, citation: c, since: 2026-01-01}]"
    )
    done = CliRunner().invoke(whole, ["reveal", "notes.txt", "--json", "--rules", "own.yaml"])
    assert done.exit_code == 0, done.output
    told = {claim["attribute"] for claim in json.loads(done.stdout.splitlines()[0])["claims"]}
    assert "age" in told
    assert "sex" not in told
