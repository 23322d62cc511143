"""An OpenAI-compatible chat server for the tests: a process of its own on the loopback, with faults on demand.

`POST /control` sets how it behaves, `GET /control` says what it saw. Everything else is the public protocol.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STATE: dict[str, Any] = {}
LOCK = threading.Lock()


def reset(settings: dict[str, Any]) -> None:
    STATE.clear()
    STATE.update(
        faults=deque(settings.get("faults", [])),  # one is taken by each call, in order
        answers=settings.get("answers", {}),  # by the last message's text; else an echo
        takes=settings.get("takes", ["response_format", "logprobs", "temperature", "max_tokens", "stop"]),
        names_param=settings.get("names_param", True),
        says_usage=settings.get("says_usage", True),
        seconds=settings.get("seconds", 0.0),
        calls=[],
        open=0,
        most_open=0,
    )


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        return

    def do_GET(self) -> None:
        if self.path == "/control":
            with LOCK:
                self._send(200, {"calls": STATE["calls"], "most_open": STATE["most_open"]})
        elif self.path == "/v1/models":
            self._send(200, {"object": "list", "data": [{"id": "small"}, {"id": "large"}]})
        else:
            self._send(404, {"error": {"message": "no such page"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/control":
            reset(body)
            self._send(200, {})
            return
        with LOCK:
            STATE["open"] += 1
            STATE["most_open"] = max(STATE["most_open"], STATE["open"])
            STATE["calls"].append({"at": time.time(), "body": body, "headers": dict(self.headers)})
            fault = STATE["faults"].popleft() if STATE["faults"] else None
        try:
            time.sleep(STATE["seconds"])
            self._answer(body, fault)
        finally:
            with LOCK:
                STATE["open"] -= 1

    def _answer(self, body: dict[str, Any], fault: dict[str, Any] | None) -> None:
        if self.path != "/v1/chat/completions":
            self._send(404, {"error": {"message": "no such page"}})
        elif fault and fault["kind"] == "status":
            said = {"message": f"echo: {body['messages'][-1]['content']}", "code": fault.get("code")}
            self._send(fault["status"], {"error": said}, fault.get("headers", {}))
        elif fault and fault["kind"] == "cut":
            self.wfile.write(b'HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{"choices": [')
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
        elif fault and fault["kind"] == "slow":
            self._drip(fault["seconds"])
        elif fault and fault["kind"] == "raw":
            self._send_bytes(200, fault["body"].encode())
        else:
            self._complete(body, fault or {})

    def _complete(self, body: dict[str, Any], fault: dict[str, Any]) -> None:
        for name in ("response_format", "logprobs", "temperature", "max_tokens", "stop"):
            form = body.get("response_format", {}).get("type") if name == "response_format" else None
            if name in body and name not in STATE["takes"] and (form is None or form not in STATE["takes"]):
                param = name if STATE["names_param"] else None
                self._send(400, {"error": {"message": f"{name} is not known here", "param": param}})
                return
        asked = body["messages"][-1]["content"]
        text = STATE["answers"].get(asked, f"You said: {asked}")
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if fault.get("kind") == "refusal":
            message = {"role": "assistant", "content": None, "refusal": "I will not."}
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": "stop"}
        if body.get("logprobs"):
            tops = [{"token": "You", "logprob": -0.5}, {"token": "They", "logprob": -1.5}]
            choice["logprobs"] = {"content": [{"token": "You", "logprob": -0.5, "top_logprobs": tops}]}
        answer: dict[str, Any] = {
            "id": "1",
            "object": "chat.completion",
            "model": body["model"],
            "choices": [choice],
        }
        if STATE["says_usage"]:
            answer["usage"] = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        self._send(200, answer)

    def _drip(self, seconds: float) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "4000")
        self.end_headers()
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.02)
        except OSError:
            pass
        self.close_connection = True

    def _send(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(value).encode(), headers)

    def _send_bytes(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    reset({})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
