"""The parts behind the pages, by themselves: the door, the queue, an upload in pieces of any size, the shield's steps."""

from __future__ import annotations

import asyncio
import re
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.testclient import TestClient

from personae.errors import BadInput
from personae.infer.reveal import reveal
from personae.people.records import Guess, Trace
from personae.people.store import Store
from personae.shield import Edit, Exposure, Point, Shielded, Utility
from personae.web.app import Desk, make_app
from personae.web.door import Door, Refused
from personae.web.finding import Finder
from personae.web.jobs import Jobs
from personae.web.steps import steps_of
from personae.web.uploads import Upload, receive
from personae.web.workspace import Workspace

FORM = (
    b'--x\r\ncontent-disposition: form-data; name="token"\r\n\r\nright\r\n'
    b'--x\r\ncontent-disposition: form-data; name="me"\r\n\r\nAna\r\n'
    b'--x\r\ncontent-disposition: form-data; name="archive"; filename="../a b.ZIP"\r\ncontent-type: application/zip\r\n\r\n'
    b"PK\x03\x04\r\n--not the end\r\n\r\n--x--\r\n"
)
FILE = b"PK\x03\x04\r\n--not the end\r\n"


def arrived(pieces: list[bytes], folder: Path, limit: int = 1000):
    """Receive a form that comes in these pieces."""
    waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})
    kind = (b"content-type", b"multipart/form-data; boundary=x")
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [kind]}

    async def next_piece():
        return waiting.pop(0)

    def check(token: str) -> None:
        if token != "right":
            raise Refused(403, "wrong")

    return asyncio.run(receive(Request(scope, next_piece), folder, limit, check))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(FORM)), max_size=8))
def test_a_file_arrives_whole_in_pieces_of_any_size(tmp_path_factory, cuts):
    ends = [0, *sorted(cuts), len(FORM)]
    upload = arrived([FORM[a:b] for a, b in pairwise(ends)], tmp_path_factory.mktemp("in"))
    assert upload.path.read_bytes() == FILE
    assert upload.path.name == "a b.ZIP"
    assert upload.fields == {"token": "right", "me": "Ana"}
    upload.remove()
    assert not upload.path.parent.exists()


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (FORM[:-8], 400),
        (FORM.replace(b"right", b"wrong"), 403),
        (FORM[FORM.index(b'--x\r\ncontent-disposition: form-data; name="archive"') :], 403),
        (FORM.replace(b'"me"', b'"archive"; filename="b"'), 400),
        (FORM.replace(b"Ana", b"A" * (1 << 17)), 413),
        (FORM.replace(b"PK", b"P" * 1001), 413),
        (FORM.replace(FILE, b""), 400),
        (b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n' * 13 + b"--x--\r\n", 400),
        (FORM.replace(b"content-type: application/zip", b"rubbish"), 400),
    ],
    ids=["cut off", "wrong token", "file before token", "two files", "long field", "long file", "empty", "many parts", "damaged"],
)  # fmt: skip
def test_what_is_wrong_with_a_form_leaves_nothing_behind(tmp_path, form, status):
    with pytest.raises(Refused) as refused:
        arrived([form], tmp_path, limit=1000)
    assert refused.value.status == status
    assert list(tmp_path.iterdir()) == []


def test_the_key_opens_once_and_only_the_cookie_is_known():
    door = Door(80)
    key = door.address.split("=")[1]
    assert door.exchange(key[:-1]) is None
    assert door.exchange("é") is None
    cookie = door.exchange(key)
    assert cookie
    assert door.exchange(key) is None
    assert door.knows(f'odd={{"a": 1}}; bad name=2; {door.cookie}={cookie}; x')
    assert not door.knows(f"{door.cookie}={key}")
    assert not door.knows(f"other={cookie}")
    assert len({key, cookie, door.token}) == 3


@pytest.mark.parametrize("hosts", [[], ["127.0.0.1:81"], ["127.0.0.1:80", "127.0.0.1:80"], ["localhost:80"]])
def test_one_host_header_and_the_right_one(hosts):
    with pytest.raises(Refused, match="answers at"):
        Door(80).check_host(Headers(raw=[(b"host", host.encode()) for host in hosts]))


def test_the_queue_is_short_does_one_thing_at_a_time_and_stops():
    jobs, go, order = Jobs(most=3), threading.Event(), []

    def slow(job):
        go.wait(5)
        order.append(job.id)
        job.step("still here")
        return "done"

    first, second = jobs.start("a", slow), jobs.start("b", slow)
    jobs.hold()
    with pytest.raises(Refused, match="3 things are being done"):
        jobs.start("c", slow)
    jobs.release()
    second.stop()
    go.set()
    assert first.finished.wait(5)
    assert second.finished.wait(5)
    assert (first.outcome, second.outcome) == ("done", None)
    assert "was stopped" in second.error
    assert order == [first.id]
    broken = jobs.start("d", lambda job: [][0])
    told = jobs.start("e", lambda job: jobs.get("none"))
    assert told.finished.wait(5)
    assert broken.error == "Something went wrong here (IndexError)."
    assert "Nothing of that address" in told.error
    jobs.stop()
    assert not jobs._worker.is_alive()


def test_a_job_that_fails_quotes_a_clear_error_and_nothing_else():
    def wrong(job):
        raise BadInput("a.csv:3: no date. Write it as 2024-01-31.")

    def secret(job):
        raise ValueError("I live in Porto")

    jobs = Jobs()
    said = [jobs.start("x", work) for work in (wrong, secret)]
    assert all(job.finished.wait(5) for job in said)
    assert [job.error for job in said] == [
        "a.csv:3: no date. Write it as 2024-01-31.",
        "Something went wrong here (ValueError).",
    ]
    jobs.stop()


def test_a_step_shows_what_changed_with_it_and_what_before():
    traces = tuple(
        Trace("ana", "t", str(k), text=text, where=f"a:{k}")
        for k, text in enumerate(("in <Porto>", "a nurse"))
    )
    one = Edit("t", "0", "a:0", 3, 10, "a city", "generalize", "city_country")
    two = Edit("t", "1", "a:1", 2, 7, "…", "cut", "occupation")
    curve = (
        Point((), _guesses(0.9, 0.8), 1.0),
        Point((one,), _guesses(0.1, 0.8), 0.75, {"city_country": "country kept"}),
        Point((one, two), _guesses(0.1, 0.81), 0.25),
    )
    last = curve[-1].guesses
    exposure = (
        Exposure("city_country", Guess("x", 0.9), last["city_country"], 0.05, 0.2, 0.2),
        Exposure("occupation", Guess("x", 0.8), last["occupation"], 0.15, 0.2, 0.25),
    )
    done = Shielded(
        "ana", "generalize", traces, traces, (one, two), exposure, Utility(0.25, 0.5, 0.5), curve, "home"
    )
    step = steps_of(done, 2)
    assert [(where, str(body)) for where, body in step.lines] == [("a:1", "a <del>nurse</del><ins>…</ins>")]
    assert [str(body) for _, body in step.earlier] == ["in <del>&lt;Porto&gt;</del><ins>a city</ins>"]
    assert [(row.label, row.before, row.after, row.floor, row.state, row.raised) for row in step.rows] == [
        ("Lives in", "X, 90%", "X, 10%", "5%", "reached", False),
        ("Occupation", "X, 80%", "X, 81%", "15% + 10%", "not reached", True),
    ]
    assert step.said == (
        "Step 2 of 2: 2 lines changed, 25% of the words kept. The attacker is 46% sure on average, 85% before."
    )
    assert step.counted == "Of 2 attributes, 1 reached, 1 not reached; 1 fell, 1 rose."
    assert step.hints == (
        "Target not reached: the level “rewrite” goes further.",
        "Under half of the words are left: a higher target, or an earlier step, keeps more.",
    )
    middle = steps_of(done, 1)
    assert [row.state for row in middle.rows] == ["not reached, country kept", "not reached"]
    assert middle.hints == ()
    assert [steps_of(done, at).at for at in (None, -1, 99)] == [2, 0, 2]
    assert steps_of(done, 0).lines == ()


def _guesses(city: float, job: float) -> dict[str, Guess]:
    return {"city_country": Guess("x", city), "occupation": Guess("x", job)}


def test_an_archive_is_read_as_the_command_line_reads_it(tmp_path, example):
    """The same claims, in the store as in the page; stopped half way, what was begun is told and the archive is kept."""
    jobs = Jobs()
    with Store(tmp_path / "people.duckdb") as store:
        workspace = Workspace(store)
        (workspace.folder / "a").mkdir()
        file = workspace.folder / "a" / example.name
        file.write_bytes(example.read_bytes())
        upload = Upload(file, {"me": ""})
        stopped = jobs.start("x", lambda job: (job.stop(), workspace.read(upload, job)))
        assert stopped.finished.wait(30)
        assert "was stopped" in stopped.error
        job = jobs.start("x", lambda job: workspace.read(upload, job))
        assert job.finished.wait(30)
        assert re.fullmatch(r"[1-9]\d* texts looked at, 58 entries of 1 person read\.", job.said)
        [reading] = reveal(example)
        assert job.outcome.people == {reading.person.id}
        held = store.profile(reading.person.id).claims
        assert [claim.id for claim in held] == [claim.id for claim in reading.claims]
        workspace.forget(reading.person.id)
        assert job.outcome.people == set()
        workspace.close()
    jobs.stop()


def test_a_page_that_breaks_says_so_by_the_kind_of_failure_alone(capsys):
    class Broken:
        @property
        def store(self):
            raise ValueError("I live in Porto")

    door, jobs = Door(80), Jobs()
    visitor = TestClient(
        make_app(Desk(door, Broken(), jobs, Finder(), 1)),
        base_url="http://127.0.0.1:80",
        headers={"host": door.host},
    )
    assert visitor.get(door.address, follow_redirects=False).status_code == 303
    answer = visitor.get("/")
    assert answer.status_code == 500
    assert "<h1>That did not work</h1>" in answer.text
    assert "Something went wrong here (ValueError)." in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    said = capsys.readouterr().err
    assert said == "personae: a page failed (ValueError)\n"
    assert "Porto" not in answer.text
    jobs.stop()
