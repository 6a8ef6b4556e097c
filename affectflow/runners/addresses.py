"""Hosts and ports: read from what people write, and asked whether they answer."""

import os
import re
import socket

NO_PROXY = "no_grpc_proxy"
"""gRPC's own variable; it reads `no_proxy`, in small letters, where this is not set."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
CONNECT_TIMEOUT_S = 5.0
_HOST = r"\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>(?!\.)[A-Za-z0-9._-]{1,253})"
_ADDRESS = re.compile(rf"(?:{_HOST}):(?P<port>\d{{1,5}})")
MAX_PORT = 65535
_MAX_LABEL = 63


def parsed(address: str) -> tuple[str, int] | None:
    """Returns host and port of `HOST:PORT`, or None if it is not that.

    An IPv6 address is in brackets there, and comes back without them.
    """
    found = _ADDRESS.fullmatch(address)
    if not found or not 0 < int(found["port"]) <= MAX_PORT:
        return None
    if any(len(label) > _MAX_LABEL for label in (found["name"] or "").split(".")):
        return None
    return found["v6"] or found["name"], int(found["port"])


def answers(host: str, port: int) -> bool:
    """Returns whether somebody accepts a connection within the connect timeout."""
    try:
        with socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S):
            return True
    except (OSError, UnicodeError):
        return False


def answers_grpc(address: str) -> bool:
    """Returns whether a gRPC server answers within the connect timeout."""
    import grpc

    with grpc.insecure_channel(address) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=CONNECT_TIMEOUT_S)
        except grpc.FutureTimeoutError:
            return False
    return True


def spare_loopback() -> None:
    """Keeps what an engine says to its own processes away from a proxy.

    gRPC sends even loopback through `http_proxy`, where nothing ever answers. Worker
    processes inherit the variable.
    """
    given = os.environ.get(NO_PROXY) or os.environ.get("no_proxy") or ""
    spared = [each.strip() for each in given.split(",") if each.strip()]
    missing = [each for each in LOOPBACK if each not in spared]
    os.environ[NO_PROXY] = ",".join([*spared, *missing])
