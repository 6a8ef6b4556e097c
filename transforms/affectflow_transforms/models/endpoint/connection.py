"""One connection to a server: a request at a time, kept open between them.

One pool for all connections was tried: httpcore searches all of them at every request,
which took 2.3 of 3.2 ms with 32.
"""

import asyncio
import os
import ssl
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from affectflow.errors import MissingExtraError
from affectflow_transforms.models.endpoint.failures import again, away, one_line
from affectflow_transforms.models.endpoint.server import Server

if TYPE_CHECKING:
    import httpx

LARGEST_ANSWER = 4 << 20
# The caller sets one limit for the whole exchange.
_NO_LIMIT = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"))}


class Reply(NamedTuple):
    """What a server sent."""

    status: int
    retry_after: str | None
    content: bytes


class Connection:
    """A connection, opened when it is used.

    Args:
      server: the server to connect to.
      key: the key of the server.
      tls: how its certificate is checked; False for plain HTTP.
    """

    def __init__(self, server: Server, key: str, tls: ssl.SSLContext | bool):
        import httpx

        self._server, self._key = server, key
        self._url, self._headers = httpx.URL(server.url), httpx.Headers(_headers(key))
        # A client would look for cookies, redirects and log-ins, which takes as long
        # as the rest.
        self._proxy = _proxy(server)
        self._transport = httpx.AsyncHTTPTransport(
            verify=tls,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            trust_env=not server.is_local,
            proxy=self._proxy,
        )

    async def post(self, body: bytes) -> Reply:
        """Returns what the server sends to a request.

        Raises:
          AgainError: no complete answer came.
        """
        import httpx

        try:
            async with asyncio.timeout(self._server.timeout_s):
                return await self._exchange(body)
        except TimeoutError as error:
            silent = f"no answer within {self._server.timeout_s:g} s"
            raise again(silent) from error
        except httpx.ConnectError as error:
            raise away(self._why_not(error)) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            said = str(error) or type(error).__name__
            raise again(one_line(said, self._key)) from error

    def _why_not(self, error: Exception) -> str:
        """Returns why the connection failed, and to whom."""
        why = _cause(error)
        return f"through the proxy of the environment: {why}" if self._proxy else why

    async def _exchange(self, body: bytes) -> Reply:
        import httpx

        request = httpx.Request(
            "POST", self._url, headers=self._headers, content=body, extensions=_NO_LIMIT
        )
        response = await self._transport.handle_async_request(request)
        try:
            content = await _content(response)
        finally:
            await response.aclose()
        header = response.headers.get("retry-after")
        return Reply(response.status_code, header, content)


def _cause(error: BaseException) -> str:
    """Returns what the system says about a connection; httpx says less."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.errno and found.errno > 0:
            return os.strerror(found.errno).lower()
        found = found.__cause__ or found.__context__
    return one_line(str(error))


async def _content(response: "httpx.Response") -> bytes:
    pieces, size = [], 0
    async for piece in response.aiter_bytes():
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise again(f"it sent more than {LARGEST_ANSWER >> 20} MB")
    return b"".join(pieces)


def connections(server: Server, key: str, n: int) -> list[Connection]:
    """Returns this many connections to a server.

    Raises:
      MissingExtraError: httpx is not installed.
    """
    try:
        import httpx
    except ImportError as error:
        raise MissingExtraError(
            "a model behind a URL needs httpx: pip install 'affectflow[llm]'"
        ) from error
    # Loading all certificates takes a fifth of a second.
    tls = httpx.create_ssl_context() if server.url.startswith("https") else False
    return [Connection(server, key, tls) for _ in range(n)]


def _proxy(server: Server) -> str | None:
    """Returns the proxy that the environment names for a server."""
    if server.is_local or urllib.request.proxy_bypass(server.host):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(server.url.partition(":")[0]) or proxies.get("all")


def _headers(key: str) -> Mapping[str, str]:
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    return {**headers, "Authorization": f"Bearer {key}"} if key else headers
