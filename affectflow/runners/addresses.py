"""Hosts and ports: read from what people write, and asked whether they answer."""

import os

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def spare_loopback() -> None:
    """Keeps what an engine says to its own processes away from a proxy.

    gRPC sends even loopback through `http_proxy`, where nothing ever answers. Worker
    processes inherit the variable.
    """
    given = os.environ.get("no_grpc_proxy") or os.environ.get("no_proxy") or ""
    spared = [each.strip() for each in given.split(",") if each.strip()]
    missing = [each for each in LOOPBACK if each not in spared]
    os.environ["no_grpc_proxy"] = ",".join([*spared, *missing])
