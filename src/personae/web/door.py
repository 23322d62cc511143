"""Who may come in: one key in the printed address, exchanged once for a cookie, and checks before any page sees a request."""

from __future__ import annotations

import asyncio
import secrets
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response

from personae.errors import PersonaeError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STANDING = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
READS = frozenset({"GET", "HEAD"})
LINGER_BYTES, LINGER_SECONDS = (
    8 << 20,
    2.0,
)  # of a refused body: a connection that is cut at once loses the answer


class Refused(PersonaeError):
    """A request that is not answered; `status` is what the browser is told."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Door:
    """The secrets of one run. The key is good once; the cookie and the token that forms carry are good until the program ends.

    Parameters
    ----------
    port : int
    """

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.cookie = f"personae-{port}"  # a name of its own: browsers share cookies between ports
        self.token = secrets.token_urlsafe(32)
        self._key: str | None = secrets.token_urlsafe(32)
        self._visitor = secrets.token_urlsafe(32)
        self._lock = threading.Lock()
        self.address = f"http://{self.host}/?key={self._key}"

    def exchange(self, key: str) -> str | None:
        """Return the cookie's value for the key, the first time it is given; None otherwise."""
        with self._lock:
            if self._key is None or not _same(key, self._key):
                return None
            self._key = None
            return self._visitor

    def knows(self, cookies: str) -> bool:
        """Whether a request's cookies hold the one that the key was exchanged for."""
        return _same(cookie_parser(cookies).get(self.cookie, ""), self._visitor)

    def check_token(self, given: str) -> None:
        """Raise `Refused` unless a form carries the token."""
        if not _same(given, self.token):
            raise Refused(
                403, "This form is not from a page of this program. Open the page again and repeat."
            )

    def check(self, method: str, headers: Headers) -> None:
        """Raise `Refused` unless the request names this host, brings the cookie and, where it changes something, comes from here.

        Notes
        -----
        Pages send no referrer, so a browser writes "null" as the origin of their forms; what says where such a form comes from
        is then `Sec-Fetch-Site`, which no page can set. A request that changes something and says neither is refused.
        """
        self.check_host(headers)
        if not self.knows(headers.get("cookie", "")):
            raise Refused(403, "Use the address that the program printed. It works once, in one browser.")
        if method not in READS and not self._is_from_here(headers):
            raise Refused(403, "Another site's page sent this. Nothing was done.")

    def check_host(self, headers: Headers) -> None:
        """Raise `Refused` unless the request is for this address by number: a name that leads here is somebody's trick."""
        if headers.getlist("host") != [self.host]:
            raise Refused(421, f"This program answers at {self.host} only.")

    def _is_from_here(self, headers: Headers) -> bool:
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if site not in (None, "same-origin"):
            return False
        return origin == f"http://{self.host}" or (site == "same-origin" and origin in (None, "null"))


class Guard:
    """Stands before the pages: checks each request at the door, and puts the standing headers on each answer.

    Parameters
    ----------
    app : ASGI application
    door : Door
    refused : function of the refusal
        Makes the page that says so.
    """

    def __init__(self, app: ASGIApp, door: Door, refused: Callable[[Refused], Response]) -> None:
        self.app, self.door, self.refused = app, door, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        begun, unread = False, scope["method"] not in READS

        async def taken() -> Message:
            nonlocal unread
            message = await receive()
            unread = unread and message.get("more_body", False)
            return message

        async def headed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in STANDING.items():
                    headers.setdefault(name, value)
            elif unread and not message.get("more_body", False):
                await send({**message, "more_body": True})
                await _linger(taken)
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        try:
            await self._answer(scope)(scope, taken, headed)
        except Exception as error:  # noqa: BLE001 - said by its type alone: its words may hold what a person wrote
            sys.stderr.write(f"personae: a page failed ({type(error).__name__})\n")
            if not begun:
                said = Refused(
                    500, f"Something went wrong here ({type(error).__name__}). Nothing more was done."
                )
                await self.refused(said)(scope, taken, headed)

    def _answer(self, scope: Scope) -> ASGIApp:
        headers = Headers(scope=scope)
        try:
            keys = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20).get("key")
            if scope["path"] == "/" and scope["method"] == "GET" and keys:
                self.door.check_host(headers)
                return self._enter(keys[0])
            self.door.check(scope["method"], headers)
        except Refused as refusal:
            return self.refused(refusal)
        except ValueError:
            return self.refused(Refused(400, "That address has too many parts."))
        return self.app

    def _enter(self, key: str) -> Response:
        cookie = self.door.exchange(key)
        if cookie is None:
            raise Refused(
                403,
                "This address is wrong or was used already. Go on in the browser that used it, or stop the program with Ctrl-C "
                "and start it again.",
            )
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(self.door.cookie, cookie, httponly=True, samesite="strict", path="/")
        return answer


async def _linger(receive: Receive) -> None:
    """Let a sender who was answered already go on for a moment, and throw away what comes."""
    read = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while read < LINGER_BYTES:
                message = await receive()
                read += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode("utf-8", "replace"), other.encode())
