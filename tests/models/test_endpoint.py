"""The endpoint over real HTTP, against a server process with injected faults."""

from __future__ import annotations

import logging
import os
import pickle
import time
import traceback
from itertools import pairwise
from typing import Any

import pytest

from personae.errors import BadInput, ModelFailed
from personae.models import Ledger, Price, Request, chat_model
from personae.models.endpoint import Endpoint, Patience, TurnedAway

CANARY = "my-canary-sentence-7f3a"
QUICK = Patience(timeout_seconds=8, retries=3, backoff_seconds=0.01)


def _user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def _requests(n_requests: int) -> list[Request]:
    return [Request(tuple(_user(f"question {i}"))) for i in range(n_requests)]


@pytest.fixture
def endpoint(server: Any) -> Endpoint:
    return Endpoint(server.address, "small", patience=QUICK)


def test_answer_usage_and_nothing_sent_but_what_was_asked(
    server: Any, endpoint: Endpoint, monkeypatch: Any
) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-secret: mine\nauthorization: Bearer mine")
    reply = endpoint.reply(_user("Hello"), temperature=0.1)
    assert (reply.text, reply.usage.prompt_tokens, reply.usage.estimated) == ("You said: Hello", 10, False)
    call = server.saw()["calls"][0]
    assert call["body"] == {
        "model": "small",
        "messages": _user("Hello"),
        "temperature": 0.1,
        "max_tokens": 4096,
    }
    sent = {name.lower(): value for name, value in call["headers"].items()}
    assert sent.pop("authorization") == "Bearer none"
    assert sent.pop("user-agent") == "personae"
    plain = {"host", "accept", "accept-encoding", "connection", "content-type", "content-length"}
    assert set(sent) - {"x-stainless-raw-response"} == plain


def test_key_comes_from_the_variable_the_user_names(server: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("PERSONAE_API_KEY", "ours")
    monkeypatch.setenv("MY_KEY", "named")
    monkeypatch.setenv("OPENAI_API_KEY", "not for this server")
    chat_model(server.model).reply(_user("a"))
    chat_model(server.model, key_variable="MY_KEY").reply(_user("b"))
    monkeypatch.delenv("PERSONAE_API_KEY")
    chat_model(server.model).reply(_user("c"))
    keys = [call["headers"]["authorization"] for call in server.saw()["calls"]]
    assert keys == ["Bearer ours", "Bearer named", "Bearer none"]
    with pytest.raises(BadInput, match="NO_SUCH_KEY"):
        chat_model(server.model, key_variable="NO_SUCH_KEY")


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429},
        {"kind": "cut"},
        {"kind": "slow", "seconds": 3},
        {"kind": "raw", "body": '{"choices": [{"mess'},
        {"kind": "raw", "body": '{"choices": [{"message": {"content": 7}}]}'},
        {"kind": "raw", "body": '{"object": "something else"}'},
        {"kind": "raw", "body": "[]"},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', fault.get('body', ''))}",
)
def test_one_fault_is_asked_again_and_many_are_given_up(server: Any, fault: dict[str, Any]) -> None:
    seconds = 0.6 if fault["kind"] == "slow" else 8
    endpoint = Endpoint(server.address, "small", patience=Patience(seconds, retries=1, backoff_seconds=0.01))
    server.behave(faults=[fault])
    assert endpoint.reply(_user("Hello")).text == "You said: Hello"
    assert server.n_calls == 2
    server.behave(faults=[fault] * 9)
    with pytest.raises(ModelFailed, match="after 2 tries"):
        endpoint.reply(_user("Hello"))
    assert server.n_calls == 2


def test_back_off_doubles_and_stays_in_its_spread(server: Any) -> None:
    server.behave(faults=[{"kind": "status", "status": 500}] * 3)
    Endpoint(server.address, "small", patience=Patience(5, 3, 0.08)).reply(_user("Hello"))
    times = [call["at"] for call in server.saw()["calls"]]
    waits = [later - earlier for earlier, later in pairwise(times)]
    for i, wait in enumerate(waits):
        assert 0.5 * 0.08 * 2**i <= wait <= 1.5 * 0.08 * 2**i + 0.5  # and the call itself


@pytest.mark.parametrize("headers", [{"Retry-After": "0.3"}, {"retry-after-ms": "300"}])
def test_retry_after_is_honoured(server: Any, endpoint: Endpoint, headers: dict[str, str]) -> None:
    server.behave(faults=[{"kind": "status", "status": 429, "headers": headers}])
    endpoint.reply(_user("Hello"))
    first, second = (call["at"] for call in server.saw()["calls"])
    assert 0.3 <= second - first < 1.5


def test_retry_after_as_a_date_and_a_wait_too_long(server: Any, endpoint: Endpoint) -> None:
    past = "Wed, 21 Oct 2015 07:28:00 GMT"
    server.behave(faults=[{"kind": "status", "status": 429, "headers": {"Retry-After": past}}])
    assert endpoint.reply(_user("Hello")).text
    server.behave(faults=[{"kind": "status", "status": 429, "headers": {"Retry-After": "3600"}}])
    with pytest.raises(ModelFailed, match="3600 s"):
        endpoint.reply(_user("Hello"))
    assert server.n_calls == 1


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (401, None, "PERSONAE_API_KEY"),
        (404, None, "/v1"),
        (400, "context_length_exceeded", "context"),
        (429, "insufficient_quota", "429"),
    ],
)
def test_what_cannot_help_is_not_asked_again(
    server: Any, endpoint: Endpoint, status: int, code: str, hint: str
) -> None:
    server.behave(faults=[{"kind": "status", "status": status, "code": code}] * 9)
    with pytest.raises(ModelFailed, match=hint):
        endpoint.reply(_user("Hello"))
    assert server.n_calls == 1


def test_a_server_that_is_not_there() -> None:
    ledger = Ledger(Price(1, 1), budget_usd=1.0)
    nobody = Endpoint("http://127.0.0.1:9/v1", "small", patience=Patience(1, 1, 0.01), ledger=ledger)
    with pytest.raises(ModelFailed, match=r"after 2 tries\. Check that the server runs"):
        nobody.reply(_user("Hello"))
    assert ledger.spent.usd == 0  # nothing was sent


def test_redirects_are_not_followed(server: Any, endpoint: Endpoint) -> None:
    server.behave(
        faults=[{"kind": "status", "status": 307, "headers": {"Location": f"{server.address}/elsewhere"}}]
    )
    with pytest.raises(ModelFailed, match="307"):
        endpoint.reply(_user("Hello"))
    assert server.n_calls == 1


def test_schema_is_given_up_step_by_step_and_remembered(server: Any, endpoint: Endpoint) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}
    server.behave(takes=["json_object", "temperature", "max_tokens"], names_param=False)
    assert endpoint.reply(_user("a"), response_format=form).text
    assert endpoint.reply(_user("b"), response_format=form).text
    forms = [call["body"].get("response_format", {}).get("type") for call in server.saw()["calls"]]
    assert forms == ["json_schema", "json_object", "json_object"]
    server.behave(takes=["temperature", "max_tokens"])
    assert endpoint.reply(_user("c"), response_format=form).text
    assert [call["body"].get("response_format") for call in server.saw()["calls"]][-1] is None


def test_parameters_a_server_names_are_renamed_or_dropped(server: Any, endpoint: Endpoint) -> None:
    server.behave(takes=["response_format"])
    assert endpoint.reply(_user("a"), temperature=0.5, logprobs=True, max_tokens=7, stop=["."]).text
    last = server.saw()["calls"][-1]["body"]
    assert last == {"model": "small", "messages": _user("a"), "max_completion_tokens": 7}


def test_a_refusal_to_take_the_messages_is_reported_as_it_came(server: Any) -> None:
    server.behave(faults=[{"kind": "status", "status": 400, "code": "bad_messages"}] * 9)
    strict = Endpoint(server.address, "small", patience=QUICK, gives_way=False)
    with pytest.raises(TurnedAway, match="bad_messages"):
        strict.reply(_user("Hello"), temperature=1)


def test_content_filter_is_a_refusal(server: Any, endpoint: Endpoint) -> None:
    server.behave(faults=[{"kind": "status", "status": 400, "code": "content_filter"}, {"kind": "refusal"}])
    assert endpoint.reply(_user("Hello")).refusal == "content_filter"
    assert endpoint.reply(_user("Hello")).refusal == "I will not."


def test_text_that_is_no_unicode_is_sent_all_the_same(endpoint: Endpoint) -> None:
    assert endpoint.reply(_user("half \ud83d a smile")).text == "You said: half ? a smile"


def test_log_probabilities(endpoint: Endpoint) -> None:
    reply = endpoint.reply(_user("Hello"), logprobs=True, top_logprobs=2)
    assert reply.log_probs == (("You", -0.5),)
    assert reply.top_log_probs == ((("You", -0.5), ("They", -1.5)),)


def test_usage_is_estimated_when_the_server_says_none(server: Any, endpoint: Endpoint) -> None:
    server.behave(says_usage=False)
    usage = endpoint.reply(_user("Hello there")).usage
    assert usage.estimated
    assert usage.prompt_tokens == 4 + 4  # 11 bytes at three a token, and four for the message


def test_many_in_order_under_the_limit(server: Any) -> None:
    server.behave(seconds=0.02, faults=[{"kind": "status", "status": 500}] * 3)
    model = Endpoint(server.address, "small", patience=QUICK, concurrency=3)
    texts = [reply.text for reply in model.reply_many(_requests(30))]
    assert texts == [f"You said: question {i}" for i in range(30)]
    assert server.saw()["most_open"] == 3
    assert model.ledger.spent.retries == 3


def test_requests_are_read_as_they_are_needed(endpoint: Endpoint) -> None:
    taken = 0

    def endless() -> Any:
        nonlocal taken
        while True:
            taken += 1
            yield Request(tuple(_user(f"question {taken}")))

    replies = endpoint.reply_many(endless())
    for _ in range(5):
        next(replies)
    replies.close()  # type: ignore[attr-defined]
    assert taken <= 5 + 2 * endpoint.concurrency


def test_one_failure_ends_the_run_and_drops_what_had_not_begun(server: Any) -> None:
    model = Endpoint(server.address, "small", patience=Patience(1, 0, 0.01), concurrency=2)
    server.behave(faults=[{"kind": "status", "status": 500}], seconds=0.02)
    with pytest.raises(ModelFailed):
        list(model.reply_many(_requests(50)))
    assert server.n_calls <= 6


def test_budget_stops_before_it_is_exceeded(server: Any) -> None:
    # The server counts 10 tokens in and 5 out: 20 dollars a call; the most one can cost is 7 + 9 * 2 = 25.
    ledger = Ledger(Price(1e6, 2e6), budget_usd=100.0)
    model = Endpoint(server.address, "small", patience=QUICK, ledger=ledger, concurrency=1)
    with pytest.raises(ModelFailed, match=r"budget of \$100"):
        list(model.reply_many(Request(tuple(_user("12345678")), {"max_tokens": 9}) for _ in range(50)))
    assert server.n_calls == 4
    assert ledger.spent.usd == 80.0


def test_budget_holds_under_concurrency_and_counts_calls_that_broke_off(server: Any) -> None:
    ledger = Ledger(Price(1e6, 2e6), budget_usd=300.0)
    server.behave(faults=[{"kind": "cut"}] * 4 + [{"kind": "status", "status": 500}] * 2, seconds=0.01)
    model = Endpoint(server.address, "small", patience=Patience(1, 5, 0.01), ledger=ledger, concurrency=8)
    with pytest.raises(ModelFailed, match="budget"):
        list(model.reply_many(Request(tuple(_user("12345678")), {"max_tokens": 9}) for _ in range(99)))
    spent = ledger.spent
    assert spent.usd is not None
    assert spent.usd == 20 * spent.calls + 25 * 4
    assert 275 < spent.usd <= 300


def test_pickles_without_its_connection_or_key(server: Any, endpoint: Endpoint, monkeypatch: Any) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-secret")
    keyed = Endpoint(server.address, "small", key_variable="SOME_KEY", patience=QUICK)
    keyed.reply(_user("Hello"))
    data = pickle.dumps(keyed)
    assert b"sk-secret" not in data
    assert pickle.loads(data).reply(_user("Again")).text == "You said: Again"


def test_no_text_of_messages_in_logs_or_exceptions(server: Any, caplog: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("SOME_KEY", CANARY)
    faults = [{"kind": "status", "status": 429}, {"kind": "cut"}, {"kind": "raw", "body": f'"{CANARY}'}]
    told: list[str] = []
    with caplog.at_level(logging.DEBUG):
        for last in (
            {"kind": "status", "status": 400, "code": CANARY + " x"},
            {"kind": "status", "status": 500},
        ):
            server.behave(faults=[*faults, last, last, last])
            model = Endpoint(server.address, "small", key_variable="SOME_KEY", patience=QUICK)
            with pytest.raises(ModelFailed) as caught:
                model.reply(_user(CANARY))
            told += traceback.format_exception(caught.value)
            error: BaseException | None = caught.value
            while error is not None:
                told.append(repr(error))
                error = error.__context__
    assert told
    assert caplog.records
    assert CANARY not in "".join(told)
    assert CANARY not in caplog.text
    assert CANARY not in repr(Request(tuple(_user(CANARY))))


def test_proxies_of_the_environment_never_see_a_local_call(
    server: Any, endpoint: Endpoint, monkeypatch: Any
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setitem(os.environ, "NO_PROXY", "")
    started = time.monotonic()
    assert endpoint.reply(_user("Hello")).text
    assert time.monotonic() - started < 5
