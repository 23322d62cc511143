import http.client
import json
import threading
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest

from personae.errors import BadInput
from personae.synth.rating import Rating, Ratings, Shown, analyze, order_for, read_ratings, sampled
from personae.synth.rating_page import RatingServer

ATTACK = "<script>alert(1)</script>\" onload='x'"


@pytest.fixture
def study(tmp_path):
    items = [Shown("c1", ATTACK, True), Shown("c2", "made of words", False)]
    server = RatingServer(items, Ratings(tmp_path / "ratings.jsonl"))
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server
    server.stop()
    thread.join()


def asked(study, method, path, fields=None, headers=None):
    host, port = study.host.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    body = urlencode(fields) if fields is not None else None
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()
    return answer, page


def test_a_rater_goes_through_all_comments_and_every_rating_is_kept(study):
    token = parse_qs(urlsplit(study.address).query)["token"][0]
    answer, page = asked(study, "GET", f"/?token={token}")
    assert answer.status == 200
    assert "name for you" in page
    for _ in range(2):
        _, page = asked(study, "GET", f"/?{urlencode({'token': token, 'rater': 'ana'})}")
        assert "<script" not in page
        item = page.split('name="item" value="')[1].split('"')[0]
        answer, _ = asked(
            study, "POST", "/rate", {"token": token, "rater": "ana", "item": item, "said": "real"}
        )
        assert answer.status == 303
    _, page = asked(study, "GET", f"/?{urlencode({'token': token, 'rater': 'ana'})}")
    assert "Thank you" in page
    kept = {row.item: row for row in read_ratings(study.ratings.file)}
    assert {item: row.is_real for item, row in kept.items()} == {"c1": True, "c2": False}
    assert all(row.said_real for row in kept.values())


def test_the_page_is_escaped_and_tells_nothing_of_the_truth(study):
    page = study.page(ATTACK)
    assert "<script>" not in page
    pages = [study.page(rater) for rater in ("a", "b", "c")]
    assert not any("is_real" in page or "True" in page or "False" in page for page in pages)


@pytest.mark.parametrize(
    ("method", "path", "fields", "headers", "status"),
    [
        ("GET", "/", None, {}, 403),
        ("GET", "/?token=guess", None, {}, 403),
        ("GET", "/?token={token}", None, {"host": "evil.example"}, 403),
        ("GET", "/other?token={token}", None, {}, 404),
        ("GET", "/?" + "a=1&" * 50 + "token={token}", None, {}, 403),
        ("POST", "/rate", {"token": "{token}", "rater": "a", "item": "c1", "said": "real"}, {"origin": "http://evil.example"}, 403),
        ("POST", "/rate", {"token": "guess", "rater": "a", "item": "c1", "said": "real"}, {}, 403),
        ("POST", "/rate", {"token": "{token}", "rater": "a", "item": "../c1", "said": "real"}, {}, 400),
        ("POST", "/rate", {"token": "{token}", "rater": "a", "item": "c1", "said": "maybe"}, {}, 400),
        ("POST", "/rate", {"token": "{token}", "rater": "a" * 9000, "item": "c1", "said": "real"}, {}, 413),
    ],
)  # fmt: skip
def test_what_is_not_the_raters_form_is_turned_away(study, method, path, fields, headers, status):
    filled = {name: value.replace("{token}", study.token) for name, value in (fields or {}).items()}
    answer, page = asked(
        study, method, path.replace("{token}", study.token), filled if fields else None, headers
    )
    assert answer.status == status
    assert not study.ratings.rows
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert study.token not in page


def test_only_this_machine_is_served(study):
    assert study.server.server_address[0] == "127.0.0.1"


def test_ratings_outlive_the_study_and_the_last_word_counts(tmp_path):
    file = tmp_path / "r.jsonl"
    Ratings(file).add(Rating("ana", "c1", True, False))
    again = Ratings(file)
    assert again.done_by("ana") == {"c1"}
    again.add(Rating("ana", "c1", True, True))
    assert [row.said_real for row in read_ratings(file)] == [True]
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]
    file.write_text(json.dumps({"rater": "a", "item": "b", "is_real": 1, "said_real": True}) + "\n")
    with pytest.raises(BadInput, match=r"r\.jsonl:1"):
        read_ratings(file)


def test_orders_differ_by_rater_and_stay():
    items = [Shown(f"c{i}", "x", True) for i in range(20)]
    assert order_for(items, "ana", 0) == order_for(items, "ana", 0)
    assert order_for(items, "ana", 0) != order_for(items, "bea", 0)
    assert sorted(item.id for item in order_for(items, "ana", 0)) == sorted(item.id for item in items)


def test_as_many_real_as_made_are_drawn():
    drawn = sampled([f"r{i}" for i in range(9)], [f"m{i}" for i in range(9)], 4, random_state=2)
    assert sum(shown.is_real for shown in drawn) == 4
    assert all(shown.is_real == shown.text.startswith("r") for shown in drawn)
    assert len({shown.id for shown in drawn}) == 8
    again = sampled([f"r{i}" for i in range(9)], [f"m{i}" for i in range(9)], 4, random_state=3)
    ids = {shown.text: shown.id for shown in drawn}
    assert all(ids.get(shown.text, shown.id) == shown.id for shown in again), (
        "one comment has one name in every draw"
    )
    with pytest.raises(BadInput, match="9 real and 2 made"):
        sampled(["r"] * 9, ["m"] * 2, 3)


def test_shares_agreement_and_kappa_by_hand():
    """Two raters, four comments; they differ on one. Agreement 3/4; 5 of 8 said real: expected 34/64; kappa 7/15."""
    said = {"x": "1110", "y": "1100"}
    rows = [
        Rating(r, str(i), i < 2, mark == "1") for r, marks in said.items() for i, mark in enumerate(marks)
    ]
    report = analyze(rows)
    assert report.accuracy.value == 7 / 8
    assert report.real_judged_real.value == 1.0
    assert report.made_judged_real.value == 0.25
    assert report.bias.value == 5 / 8
    assert report.agreement.value == 0.75
    assert report.kappa == pytest.approx((3 / 4 - 34 / 64) / (1 - 34 / 64))
    assert report.by_rater == {"x": 0.75, "y": 1.0}
    with pytest.raises(BadInput, match="no ratings"):
        analyze([])


def test_guessing_raters_are_not_told_from_chance_and_knowing_ones_are():
    random = np.random.default_rng(0)
    items = [(str(i), i % 2 == 0) for i in range(60)]
    guesses = [Rating(r, i, real, bool(random.random() < 0.5)) for r in "abcdef" for i, real in items]
    knows = [
        Rating(r, i, real, real if random.random() < 0.9 else not real) for r in "abcdef" for i, real in items
    ]
    chance, skill = analyze(guesses, draws=500), analyze(knows, draws=500)
    assert chance.accuracy.low < 0.5 < chance.accuracy.high
    assert skill.accuracy.low > 0.8
    assert abs(chance.kappa) < 0.1 < skill.kappa


def test_one_rater_has_no_agreement():
    report = analyze([Rating("a", str(i), i % 2 == 0, True) for i in range(10)], draws=50)
    assert np.isnan(report.agreement.value)
    assert report.accuracy.value == 0.5


def test_a_share_counts_the_judgments_it_is_of():
    report = analyze([Rating(rater, item, item == "a", True) for rater in "xy" for item in "abc"])
    assert [each.n for each in (report.accuracy, report.real_judged_real, report.made_judged_real)] == [
        6,
        2,
        4,
    ]
