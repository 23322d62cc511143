"""The page that raters see: the standard library's server on 127.0.0.1, a token in the address, forms and no script."""

from __future__ import annotations

import html
import secrets
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from personae.synth.rating import Rating, Ratings, Shown, order_for

_MOST_BYTES = 4096  # of a form
_LONGEST_NAME = 60
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_STYLE = """body{font:18px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
blockquote{white-space:pre-wrap;overflow-wrap:anywhere;border-left:4px solid #767676;margin:1.5rem 0;padding:.5rem 1rem}
button,input{font:inherit;padding:.6rem 1rem;margin:.25rem .5rem .25rem 0}:focus-visible{outline:3px solid #1a5fb4}"""


class RatingServer:
    """Serves the study until it is stopped; `address` holds the token.

    Parameters
    ----------
    items : sequence of Shown
    ratings : Ratings
    seed : int
    port : int
        0 takes a free one.
    """

    def __init__(self, items: Sequence[Shown], ratings: Ratings, *, seed: int = 0, port: int = 0) -> None:
        self.items = tuple(items)
        self.by_id = {item.id: item for item in self.items}
        self.ratings = ratings
        self.seed = seed
        self.token = secrets.token_urlsafe(24)
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self.server.daemon_threads = True

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def address(self) -> str:
        return f"http://{self.host}/?{urlencode({'token': self.token})}"

    def serve(self) -> None:
        """Answer until `stop` or Ctrl-C."""
        try:
            self.server.serve_forever()
        finally:
            self.server.server_close()

    def stop(self) -> None:
        """End `serve`."""
        self.server.shutdown()

    def page(self, rater: str) -> str:
        """Return the next comment for a rater, the question of a name, or thanks."""
        if not rater:
            return _page(
                "Who rates?",
                "<p>You will see comments. Say of each whether a person wrote it, or whether it was made by a program.</p>"
                f'<form method="get" action="/">{_hidden("token", self.token)}<label>A short name for you '
                f'<input name="rater" required maxlength="{_LONGEST_NAME}" autofocus></label> <button>Begin</button></form>',
            )
        with self.lock:
            done = self.ratings.done_by(rater)
        left = [item for item in order_for(self.items, rater, self.seed) if item.id not in done]
        if not left:
            return _page("Thank you", "<p>You have rated every comment. You can close this page.</p>")
        fields = "".join(
            _hidden(name, value)
            for name, value in (("token", self.token), ("rater", rater), ("item", left[0].id))
        )
        return _page(
            f"Comment {len(self.items) - len(left) + 1} of {len(self.items)}",
            f"<blockquote>{html.escape(left[0].text)}</blockquote><form method='post' action='/rate'>{fields}"
            '<button name="said" value="real">A person wrote it</button>'
            '<button name="said" value="made">A program made it</button></form>',
        )

    def rate(self, fields: dict[str, str]) -> bool:
        """Keep what a form says; False where it is not a rating of one of the comments."""
        item = self.by_id.get(fields.get("item", ""))
        rater, said = fields.get("rater", "")[:_LONGEST_NAME], fields.get("said")
        if item is None or not rater or said not in ("real", "made"):
            return False
        with self.lock:
            self.ratings.add(Rating(rater, item.id, item.is_real, said == "real"))
        return True


def _handler(study: RatingServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "personae"
        sys_version = ""

        def log_message(self, *_: Any) -> None:
            return

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            fields = _fields(parts.query)
            if parts.path != "/" or not self._is_allowed(fields):
                self._send(
                    403 if parts.path == "/" else 404, _page("Not here", "<p>Use the printed address.</p>")
                )
                return
            self._send(200, study.page(fields.get("rater", "")[:_LONGEST_NAME]))

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isdigit() or int(length) > _MOST_BYTES:
                self.close_connection = True
                self._send(413, _page("Too much", "<p>That form is too long.</p>"))
                return
            fields = _fields(self.rfile.read(int(length)).decode("utf-8", "replace"))
            if self.path != "/rate" or not self._is_allowed(fields):
                self._send(403, _page("Not here", "<p>Use the printed address.</p>"))
            elif not study.rate(fields):
                self._send(400, _page("Not a rating", "<p>Go back and choose one of the two answers.</p>"))
            else:
                query = urlencode({"token": study.token, "rater": fields["rater"][:_LONGEST_NAME]})
                self._send(303, "", {"location": f"/?{query}"})

        def _is_allowed(self, fields: dict[str, str]) -> bool:
            """The token is right, the host is ours, and no other site's page sent the form."""
            origin = self.headers.get("origin")
            given = fields.get("token", "").encode()
            return (
                secrets.compare_digest(given, study.token.encode())
                and self.headers.get("host") == study.host
                and origin in (None, f"http://{study.host}")
            )

        def _send(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
            data = body.encode("utf-8", "replace")
            self.send_response(status)
            standing = {
                "content-type": "text/html; charset=utf-8", "content-length": str(len(data)), "cache-control": "no-store",
                "content-security-policy": _POLICY, "x-content-type-options": "nosniff", "referrer-policy": "same-origin",
            }  # fmt: skip
            for name, value in (standing | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    return Handler


def _fields(query: str) -> dict[str, str]:
    try:
        return {name: values[0] for name, values in parse_qs(query, max_num_fields=10).items()}
    except ValueError:
        return {}


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{html.escape(value, quote=True)}">'


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>"
    )
