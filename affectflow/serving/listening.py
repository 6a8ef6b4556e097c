"""Listening: the port, and the server on it until Ctrl-C."""

import contextlib
import errno
import ipaddress
import shlex
import socket
from types import FrameType

import uvicorn

from affectflow.errors import UsageError
from affectflow.serving.app import application
from affectflow.serving.database import ServedLake
from affectflow.serving.guard import Access

DEFAULT_PORT = 8765
_TRIED = 50
_GRACE_S = 2
_MOST_AT_ONCE = 64


def is_loopback(host: str) -> bool:
    """Returns whether only this machine can reach a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int | None, lake: str) -> socket.socket:
    """Returns a socket that listens on a port of a host.

    Args:
      host: a name or an address.
      port: the port; 0 for any; None for the default, or the next free one.
      lake: the served lake, for the message.

    Raises:
      UsageError: the port is taken, and names a free one; or the host is not here.
    """
    if port is not None:
        try:
            return _bound(host, port)
        except OSError as error:
            raise _refused(error, host, port, lake) from error
    try:
        return _next_free(host, DEFAULT_PORT)
    except OSError as error:
        raise _refused(error, host, DEFAULT_PORT, lake) from error


def _next_free(host: str, first: int) -> socket.socket:
    for port in range(first, first + _TRIED):
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return _bound(host, 0)


def _bound(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Otherwise the port of a server that has ended stays busy for a minute.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen()
    except OSError:
        bound.close()
        raise
    return bound


def _refused(error: OSError, host: str, port: int, lake: str) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        with contextlib.closing(_next_free(host, port + 1)) as free:
            instead = free.getsockname()[1]
        return UsageError(
            f"port {port} of {host} is in use; port {instead} is free: `affectflow "
            f"serve {shlex.quote(lake)} --port {instead}`"
        )
    why = error.strerror or error
    return UsageError(f"cannot listen on {host!r}, port {port}: {why}; use another")


def serve(lake: ServedLake, access: Access, on: socket.socket) -> None:
    """Serves a lake until Ctrl-C, or until the process is told to stop."""
    with contextlib.suppress(KeyboardInterrupt):
        server_of(lake, access).run(sockets=[on])


def server_of(lake: ServedLake, access: Access) -> uvicorn.Server:
    """Returns a server of a lake that has not started."""
    config = uvicorn.Config(
        application(lake, access),
        access_log=False,
        http="h11",
        lifespan="off",
        limit_concurrency=_MOST_AT_ONCE,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        ws="none",
    )
    return _Server(config, lake)


class _Server(uvicorn.Server):
    """A server that does not wait for queries when it is told to stop."""

    def __init__(self, config: uvicorn.Config, lake: ServedLake):
        super().__init__(config)
        self._lake = lake

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._lake.interrupt()
        super().handle_exit(sig, frame)
