"""What every request to the app must pass, before anything of Voila sees it: the right host, origin, token and path.

A server on the loopback is reached by every program of this computer, and by every web page that its user's browser has
open. Only who knows the token gets in; a page elsewhere cannot borrow the user's cookie (SameSite=Strict), and
cannot come under another name (the Host header, against DNS rebinding) or from another place (the Origin header).
"""

from __future__ import annotations

import hmac
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import unquote

from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    ResponseStartLine,
)
from tornado.routing import Router
from tornado.web import Application

_KERNEL = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SERVED = re.compile(
    rf"/|/voila/(static|templates|labextensions|api/themes)/.+|/voila/api/shutdown/{_KERNEL}"
    rf"|/api/kernels/{_KERNEL}(/channels)?"
)
"""The page, the parts of Voila that draw it, and its kernel. No file of the user's is served at all."""

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws: data: blob:; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""With every answer: the page loads nothing from elsewhere, and no other page holds it in a frame."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate itself answers.

    Parameters
    ----------
    status : int
        Of HTTP.
    reason : str
        The status in words.
    text : str
        The page.
    headers : dict of str to str
        Besides those of every answer.
    """

    status: int
    reason: str
    text: str
    headers: dict[str, str] = field(default_factory=dict)


def _refused(status: int, reason: str, text: str) -> Answer:
    return Answer(status, reason, f"<!DOCTYPE html><title>vbqkit</title><p>{html.escape(text)}</p>")


@dataclass(frozen=True, slots=True)
class Gate:
    """Decides on a request.

    Parameters
    ----------
    port : int
        That the server listens on.
    token : str
        Who knows it gets in.
    """

    port: int
    token: str

    @property
    def cookie(self) -> str:
        """Name of the cookie: browsers do not tell ports apart."""
        return f"vbqkit-app-{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """How the server may be called."""
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    def decide(self, method: str, path: str, headers: Mapping[str, str], tokens: tuple[str, ...] = ()) -> Answer | None:
        """None lets the request in.

        Parameters
        ----------
        method : str
            Such as ``"GET"``.
        path : str
            As sent, without the query.
        headers : mapping of str to str
            Of the request; several of one name are joined by commas.
        tokens : tuple of str
            Values of ``token`` in the query.
        """
        if headers.get("Host", "") not in self.hosts:
            return _refused(403, "Forbidden", "This app is reached as 127.0.0.1 or localhost only.")
        origin = headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in self.hosts}:
            return _refused(403, "Forbidden", "This app answers to its own page only.")
        if not self._knows_token(headers.get("Cookie", "")):
            if method == "GET" and path == "/" and len(tokens) == 1 and self._is_token(tokens[0]):
                return self._let_in()
            return _refused(403, "Forbidden", "Open the address that 'vbqkit app' has printed: it holds the token.")
        if not _SERVED.fullmatch(path) or _climbs(path):
            return _refused(404, "Not Found", "There is nothing here.")
        return None

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self.token.encode())

    def _knows_token(self, cookies: str) -> bool:
        try:
            found = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return False
        return found is not None and self._is_token(found.value)

    def _let_in(self) -> Answer:
        """The token becomes a cookie, and goes from the address; a page opened from a file may not redirect."""
        return Answer(
            200,
            "OK",
            "<!DOCTYPE html><title>vbqkit</title><meta http-equiv='refresh' content='0; url=/'>",
            {"Set-Cookie": f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"},
        )


def _climbs(path: str) -> bool:
    r"""Whether a path leaves its folder, however often it is encoded.

    Examples
    --------
    >>> [_climbs(path) for path in ("/voila/static/a.js", "/voila/static/%252e%252e/x", "/voila/static/..%5cx")]
    [False, True, True]
    """
    for _ in range(3):
        path = unquote(path)
    return ".." in path or "\\" in path or "//" in path or "\0" in path


class GatedServer(Router):
    """Stands in front of an application: what the gate refuses never reaches it.

    Parameters
    ----------
    gate : Gate
        Decides.
    application : tornado.web.Application
        Answers what is let in.
    """

    def __init__(self, gate: Gate, application: Application) -> None:
        self._gate, self._application = gate, application

    def find_handler(self, request: HTTPServerRequest, **_: object) -> HTTPMessageDelegate | None:
        """Of tornado: who answers a request."""
        tokens = tuple(value.decode("utf-8", "replace") for value in request.query_arguments.get("token", []))
        answer = self._gate.decide(request.method or "", request.path or "", request.headers, tokens)
        return self._application.find_handler(request) if answer is None else _Refusal(request, answer)


class _Refusal(HTTPMessageDelegate):
    """Answers in place of the application, and reads nothing of what was sent."""

    def __init__(self, request: HTTPServerRequest, answer: Answer) -> None:
        self._connection, self._answer = request.connection, answer

    def finish(self) -> None:
        """Of tornado: the request is there."""
        content = self._answer.text.encode()
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(content)), **SECURITY_HEADERS}
        assert self._connection is not None
        self._connection.write_headers(
            ResponseStartLine("HTTP/1.1", self._answer.status, self._answer.reason),
            HTTPHeaders({**headers, **self._answer.headers}),
            content,
        )
        self._connection.finish()
