"""Who may ask the server: its own pages, in the browser of its user.

Any page on the web may send requests to loopback, and by rebinding its name may even
read the answers; another user of the machine may open the port. So a request needs one
of the server's own host names and a cookie that only the address printed at the start
sets; a query also needs a token from the form. See OWASP's cheat sheet on cross-site
request forgery (signed token, SameSite, origin), and on DNS rebinding Jackson et al.
2007, "Protecting browsers from DNS rebinding attacks".
"""

import hmac
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EVERYWHERE = ("0.0.0.0", "::")
_METHODS = ("GET", "HEAD", "POST")
_HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, kw_only=True)
class Access:
    """The requests that a server accepts.

    Args:
      host: the one that it listens on.
      port: the one that it listens on.
      key: the secret in the cookie, and in the address that sets it.
      token: the one in its forms.
    """

    host: str
    port: int
    key: str = field(default_factory=_secret, repr=False)
    token: str = field(default_factory=_secret, repr=False)

    @property
    def cookie(self) -> str:
        """Returns the cookie's name: cookies of a host do not distinguish ports."""
        return f"affectflow-{self.port}"

    @property
    def url(self) -> str:
        """Returns the address to open: it lets a browser in."""
        return f"http://{_spelt(self._shown_host())}:{self.port}/?key={self.key}"

    def _shown_host(self) -> str:
        return socket.gethostname() if self.host in _EVERYWHERE else self.host

    def knows_host(self, said: str) -> bool:
        """Returns whether a Host header names this server."""
        try:
            parts = urlsplit(f"//{said}")
            name, port = (parts.hostname or ""), parts.port or 80
        except ValueError:
            return False
        if port != self.port:
            return False
        own = {*LOOPBACK, self.host.lower()}
        if self.host in _EVERYWHERE:
            # Only a name can be rebound, not an address.
            own.add(socket.gethostname().lower())
            return name in own or _is_address(name)
        return name in own

    def knows_token(self, said: str) -> bool:
        """Returns whether a form comes from this server."""
        return hmac.compare_digest(said.encode(), self.token.encode())

    def knows_key(self, said: str) -> bool:
        """Returns whether this server issued a cookie or an address."""
        return hmac.compare_digest(said.encode(), self.key.encode())


def _spelt(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """Refuses requests that do not come from this server's own pages.

    Args:
      app: the guarded application.
      access: the requests that are accepted.
      policy: the content security policy of every answer.
    """

    def __init__(self, app: ASGIApp, access: Access, policy: str):
        self._app, self._access = app, access
        self._headers = {**_HEADERS, "content-security-policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or passes it on; all answers get the headers."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        answer = self._turned_away(Request(scope)) or self._app
        await answer(scope, receive, send_with_headers)

    def _turned_away(self, request: Request) -> Response | None:
        """Returns the answer to a refused request; None if it is accepted."""
        if not self._access.knows_host(request.headers.get("host", "")):
            return _no(HTTPStatus.MISDIRECTED_REQUEST, "unknown host name")
        if request.method not in _METHODS:
            return _no(HTTPStatus.METHOD_NOT_ALLOWED, "this server is read-only")
        if self._access.knows_key(request.query_params.get("key", "")):
            return self._let_in(request)
        if not self._access.knows_key(request.cookies.get(self._access.cookie, "")):
            return _no(
                HTTPStatus.FORBIDDEN,
                "open the address that `affectflow serve` printed: it lets this "
                "browser in",
            )
        if request.method == "POST" and not self._is_own(request.headers):
            return _no(HTTPStatus.FORBIDDEN, "the request comes from another site")
        return None

    def _is_own(self, headers: Headers) -> bool:
        """Returns whether a form was sent from a page of this server."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "same-origin") == "same-origin"
        return urlsplit(origin).netloc == headers.get("host")

    def _let_in(self, request: Request) -> Response:
        rest = [(k, v) for k, v in request.query_params.multi_items() if k != "key"]
        # The path alone, and never `//host`: this must not lead elsewhere.
        path = "/" + request.url.path.lstrip("/")
        where = f"{path}?{urlencode(rest)}" if rest else path
        answer = RedirectResponse(where, HTTPStatus.SEE_OTHER)
        answer.set_cookie(
            self._access.cookie, self._access.key, httponly=True, samesite="strict"
        )
        return answer


def _no(status: HTTPStatus, why: str) -> Response:
    return Response(f"{why}\n", status, media_type="text/plain")
