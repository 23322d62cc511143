"""Hostile requests and ordinary ones over real HTTP against the program as it is started."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from personae.errors import BadInput
from personae.people.store import Store
from personae.web import serve
from personae.web.app import router
from personae.web.door import LINGER_BYTES

ROUTES = [
    (method, route.path) for route in router.routes if isinstance(route, APIRoute) for method in route.methods
]
POSTS = sorted(path for method, path in ROUTES if method == "POST")
GIGABYTE = 1 << 30


@pytest.fixture(scope="module")
def person(visitor, example) -> str:
    """Read the example once; return the person's address."""
    return visitor.done(visitor.hand_in(example)).headers["location"]


def filled(path: str, person: str) -> str:
    return path.replace("/people/{key}", person).replace("{slug}", "twin2k").replace("{id_}", "none")


def test_the_key_is_exchanged_once_for_a_cookie_that_no_script_and_no_other_site_gets(served, visitor):
    with_key = served.address.split(served.host)[1]
    again, guessed = (_get(served.host, path) for path in (with_key, "/?key=" + "A" * 43))
    assert (again.status, guessed.status) == (403, 403)
    assert "was used already" in again.read().decode()
    cookie = visitor.entered.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert with_key.split("=")[1] not in cookie
    assert visitor.entered.headers["location"] == "/"


def _get(at: str, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(at, timeout=10)
    connection.request(
        "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    return connection.getresponse()


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_without_the_cookie_no_address_answers(stranger, person, method, path):
    answer = stranger.request(method, filled(path, person))
    assert answer.status_code == 403
    assert "Use the address that the program printed" in answer.text


@pytest.mark.parametrize(
    "cookie", ["personae-{port}=", "personae-{port}=" + "A" * 43, "other=1", "=;=", "\x80"]
)
def test_a_guessed_cookie_is_refused(served, cookie):
    port = served.host.split(":")[1]
    assert _get(served.host, "/", cookie=cookie.format(port=port)).status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", "evil.example:{port}"]
)
def test_another_host_name_is_refused_whatever_it_brings(served, visitor, host):
    named = host.format(port=served.host.split(":")[1])
    answer = visitor.get("/", headers={"host": named})
    assert answer.status_code == 421
    assert _get(served.host, served.address.split(served.host)[1], host=named).status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site", "origin": "null"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "https://evil.example"},
        {"sec-fetch-site": "", "origin": "null"},
        {"sec-fetch-site": ""},
    ],
    ids=str,
)
def test_a_form_of_another_site_is_refused_even_with_cookie_and_token(visitor, person, headers):
    sent = {name: value for name, value in headers.items() if value}
    request = visitor.build_request(
        "POST", f"{person}/claims", data={"token": visitor.token, "attribute": "age", "value": "99"}
    )
    del request.headers["sec-fetch-site"]
    request.headers.update(sent)
    answer = visitor.send(request)
    assert answer.status_code == 403
    assert "Another site" in answer.text
    assert "<b>99</b>" not in visitor.get(person).text


def test_an_older_browser_that_says_only_its_origin_is_let_in(served, visitor, person):
    request = visitor.build_request("POST", f"{person}/forget", data={"token": visitor.token})
    del request.headers["sec-fetch-site"]
    request.headers["origin"] = f"http://{served.host}"
    assert "tick the box" in visitor.send(request).text


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "token", [{}, {"token": "guessed"}, {"token": "\ud7ff\u00e9"}], ids=["none", "guessed", "odd"]
)
def test_a_form_without_the_token_does_nothing(visitor, person, path, token):
    files = {"archive": ("a.txt", b"I am a nurse.")} if path == "/archives" else None
    answer = visitor.post(filled(path, person), data=token, files=files)
    assert answer.status_code == 403
    assert "not from a page of this program" in answer.text


def test_every_answer_says_what_a_page_may_do(visitor, stranger, person):
    answers = [
        visitor.get(path)
        for path in ("/", "/page.js", "/page.css", "/none", person, f"{person}/report", "/papers")
    ]
    for answer in (*answers, stranger.get("/"), visitor.post("/archives")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy.replace(
            "style-src 'unsafe-inline'", "" if "sandbox" in policy else "x unsafe-inline"
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers
        assert (
            not any(word in answer.text for word in ("http://", "https://"))
            or "w3.org" in answer.text
            or "sandbox" in policy
        )
    assert answers[5].headers["content-security-policy"].startswith("sandbox;")


def test_what_is_announced_as_a_gigabyte_is_refused_before_it_is_read(served, visitor):
    before = served.uploads
    with socket.create_connection(("127.0.0.1", int(served.host.split(":")[1])), timeout=10) as wire:
        head = f"POST /archives HTTP/1.1\r\nhost: {served.host}\r\ncookie: {_cookie(visitor)}\r\nsec-fetch-site: same-origin\r\n"
        wire.sendall(
            f"{head}content-type: multipart/form-data; boundary=x\r\ncontent-length: {GIGABYTE}\r\n\r\n".encode()
        )
        answer = wire.recv(1 << 16).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert "connection: close" in answer.lower()
    assert served.uploads == before


def _cookie(visitor) -> str:
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())


def test_a_gigabyte_that_is_not_announced_is_refused_at_the_limit(served, visitor):
    """The disk holds no more than the limit at any moment, and nothing of it afterwards."""
    before, most, sent, answer = served.uploads, 0, 0, b""
    piece = b"x" * (1 << 18)
    with socket.create_connection(("127.0.0.1", int(served.host.split(":")[1])), timeout=10) as wire:
        head = f"POST /archives HTTP/1.1\r\nhost: {served.host}\r\ncookie: {_cookie(visitor)}\r\nsec-fetch-site: same-origin\r\n"
        wire.sendall(
            f"{head}content-type: multipart/form-data; boundary=x\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        )
        form = f'--x\r\ncontent-disposition: form-data; name="token"\r\n\r\n{visitor.token}\r\n'
        file = '--x\r\ncontent-disposition: form-data; name="archive"; filename="a.zip"\r\n\r\n'
        try:
            wire.sendall(_chunk(f"{form}{file}".encode()))
            while sent < GIGABYTE:
                wire.sendall(_chunk(piece))
                sent += len(piece)
                most = max(most, sum(each.stat().st_size for each in set(served.uploads) - set(before)))
        except OSError:
            pass
        try:
            answer = wire.recv(1 << 16)
        except OSError:
            answer = b""
    assert sent < 5_000_000 + LINGER_BYTES + (16 << 20), "and what the two ends hold between them"
    assert most <= 5_000_000
    assert not answer or answer.startswith(b"HTTP/1.1 413")
    assert served.uploads == before
    assert visitor.get("/").status_code == 200


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def test_a_little_over_the_limit_is_told_so(visitor, tmp_path):
    large = tmp_path / "large.txt"
    large.write_bytes(b"I am here. " * 500_000)
    answer = visitor.hand_in(large)
    assert answer.status_code == 413
    assert "larger than 5 MB" in answer.text


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../x.txt", "x.txt"), ("/etc/x.txt", "x.txt"), ("..\\..\\x.txt", "x.txt"), ("a\x00/\x1b\u202e.txt", "__.txt"),
        ("..", "archive"), (".txt", "txt"), ("x" * 300 + ".txt", "x" * 116 + ".txt"), ("é" * 300 + ".txt", "é" * 58 + ".txt"),
    ],
)  # fmt: skip
def test_a_file_name_is_never_a_path(served, visitor, short, sent, kept):
    """Only letters, digits and a few signs of its last part stay, in a folder of the upload's own."""
    around = served.store.parent.parent
    before = set(around.rglob("*"))
    answer = visitor.done(visitor.hand_in(short, sent))
    assert answer.status_code == 303, answer.text
    new = {file for file in set(around.rglob("*")) - before if file.is_file()} - {Path(f"{served.store}.wal")}
    assert [file.name for file in new] == [kept]
    [file] = new
    assert file.parent.parent.parent == served.store.parent
    assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0


def test_two_archives_that_name_no_owner_are_two_people(visitor, short):
    addresses = {
        visitor.done(visitor.hand_in(short, name)).headers["location"] for name in ("ana.txt", "bea.txt")
    }
    assert len(addresses) == 2


def test_a_zip_bomb_is_refused_in_words(served, visitor, tmp_path):
    bomb, before = tmp_path / "bomb.zip", served.uploads
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        packed.writestr("conversations.json", b"[" + b" " * (12 << 20) + b"]")
    answer = visitor.done(visitor.hand_in(bomb))
    assert answer.status_code == 400
    assert "bomb.zip" in answer.text
    assert str(served.store.parent) not in answer.text
    assert set(served.uploads) <= set(before)


def test_broken_forms_are_told_so(visitor):
    kind = "multipart/form-data; boundary=x"
    for body, status in ((b"", 400), (b"--x\r\nrubbish", 400), (b"--x--\r\n", 400), (b"--y\r\n", 400)):
        assert visitor.post("/archives", content=body, headers={"content-type": kind}).status_code == status
    assert visitor.post("/archives", content=b"token=1").status_code == 400
    assert visitor.form(f"/papers/{'x' * 100}").status_code == 404
    assert visitor.get("/jobs/none").status_code == 404
    assert visitor.get("/people/none").status_code == 404
    assert visitor.post("/page.css").status_code == 405


def test_two_archives_at_once_are_both_read(visitor, tmp_path):
    files = []
    for name in ("ana", "bea"):
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text(f'{{"person": "{name}", "text": "I am a nurse."}}\n' * 50)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(visitor.hand_in, files))
    pages = [visitor.get(visitor.done(answer).headers["location"]).text for answer in answers]
    assert ["ana" in page for page in pages] == [True, False]
    assert ["bea" in page for page in pages] == [False, True]


def test_every_verb_of_the_page_does_what_the_command_line_does(
    serving, enter, example, tmp_path, monkeypatch
):
    """The whole way without a browser, and what is left of it on the disk; a paper without its data says how to get them."""
    monkeypatch.setenv("PERSONAE_DATA", str(tmp_path))
    served = serving()
    me = enter(served)
    assert "<table>" in me.get("/papers/twin2k").text
    without = me.done(me.form("/papers/llmprivacy"))
    assert without.status_code == 400
    assert "personae data" in without.text
    person = me.done(me.hand_in(example)).headers["location"]
    assert "can be told about you" in me.get(f"{person}/report").text
    page = me.get(
        me.done(me.form(f"{person}/shield", level="generalize", target="20")).headers["location"]
    ).text
    assert "Step by step" in page
    first, last = (me.get(f"{person}/shield/step?at={at}").text for at in (0, 999))
    assert "Changed in this step: 0 lines" in first
    assert "<del>" in last
    saved = me.form(f"{person}/shield/archive", at="1")
    assert saved.headers["content-disposition"] == 'attachment; filename="chatgpt-export-shielded.zip"'
    (tmp_path / "new.zip").write_bytes(saved.content)
    assert zipfile.ZipFile(tmp_path / "new.zip").namelist() == ["conversations.json"]
    assert me.form(f"{person}/claims", attribute="age", value="36", do="edit").status_code == 303
    assert "36 years old" in me.get(f"{person}/report").text
    assert me.form(f"{person}/claims", attribute="age", value="old", do="edit").status_code == 400
    me.form(f"{person}/claims", attribute="sex", do="dispute")
    assert "disputed: said to be wrong" in me.get(f"{person}?said=disputed").text
    assert me.form(f"{person}/forget").status_code == 400
    assert len(served.uploads) == 1
    proof = me.done(me.form(f"{person}/forget", sure="yes")).text
    assert "<h1>Forgotten</h1>" in proof
    assert "found after all" in proof
    assert served.uploads == []
    assert me.get(person).status_code == 404
    assert "should be forgotten here" in me.done(me.hand_in(example)).text
    person = me.done(me.hand_in(example, again="yes")).headers["location"]
    me.form(f"{person}/claims", attribute="occupation", value="baker", do="edit")
    assert served.end().splitlines() == [
        "Open this address in a browser, once. Ctrl-C ends the program.",
        "Stopped. The archives that were handed in are deleted; the store is kept.",
    ]
    assert served.process.returncode == 0
    assert [file.name for file in served.store.parent.iterdir()] == [served.store.name]
    with Store(served.store, create=False) as store:
        [summary] = store.summaries()
        held = [claim for claim in store.profile(summary.person).current if claim.attribute == "occupation"]
    assert [(claim.status, claim.best.value) for claim in held if claim.best] == [("given", "baker")]


def test_a_chat_that_is_saved_is_named_after_the_pseudonym_and_the_page_says_its_owners(visitor, tmp_path):
    chat = tmp_path / "WhatsApp Chat with Berta Quim.txt"
    chat.write_text("".join(
        f"12/03/24, 14:0{n} - {who}: {text}\n"
        for n, (who, text) in enumerate([("Ana Lopes", "I live in Porto and I am a nurse."), ("Berta Quim", "Nice!")])
    ))  # fmt: skip
    person = visitor.done(visitor.hand_in(chat, me="Ana Lopes")).headers["location"]
    page = visitor.get(
        visitor.done(visitor.form(f"{person}/shield", level="generalize", target="20")).headers["location"]
    ).text
    owner = re.search(r"Its owner is called (.+?) in it", page)
    assert owner
    assert owner[1] != "Ana Lopes"
    saved = visitor.form(f"{person}/shield/archive", at="0")
    assert "Berta" not in saved.headers["content-disposition"]
    assert "Berta" not in saved.text
    assert f"- {owner[1]}: " in saved.text


@pytest.mark.data
def test_a_paper_is_run_and_its_table_shown(visitor):
    answer = visitor.done(visitor.form("/papers/llmprivacy"))
    assert answer.status_code == 303, answer.text
    page = visitor.get(answer.headers["location"]).text
    assert "Run here just now, quickly" in page
    assert page.count("<table>") == 2


def test_archives_are_gone_after_the_end_and_after_the_start_that_follows_a_crash(
    serving, enter, tmp_path, short
):
    store = tmp_path / "people.duckdb"
    left = tmp_path / ".people.duckdb.web-killed" / "0"
    left.mkdir(parents=True)
    (left / "archive.zip").write_bytes(b"PK")
    served = serving(store=store)
    assert served.uploads == []
    assert enter(served).hand_in(short).status_code == 303
    assert len(served.uploads) == 1
    served.end(signal.SIGTERM)
    assert served.uploads == []
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(served.host.split(":")[1])), timeout=2)


def test_a_store_has_one_program_and_a_port_too(served, tmp_path):
    with pytest.raises(BadInput, match="another process has this store open"):
        serve(served.store)
    with pytest.raises(BadInput, match="cannot be used"):
        serve(tmp_path / "other.duckdb", port=int(served.host.split(":")[1]))


def test_nobody_else_on_the_network_is_answered(served):
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {
        "127.0.0.1"
    }
    for address in others:
        with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
            socket.create_connection((address, int(served.host.split(":")[1])), timeout=2)
    with socket.socket() as mine, pytest.raises(OSError, match="in use"):
        mine.bind(("127.0.0.1", int(served.host.split(":")[1])))
