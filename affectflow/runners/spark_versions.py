"""Whether a cluster runs the same Spark as Beam's job server.

Executors of another version cannot read their tasks, and do not report it. A standalone
master shows its version only on its web page.
"""

import contextlib
import http.client
import os
import re
import socket
import threading
import zipfile
from collections.abc import Iterable

from affectflow.errors import UsageError

PAGE_PORT = "SPARK_MASTER_WEBUI_PORT"
"""Spark's own variable for the port of that page."""
_TIMEOUT_S = 2.0
_HEAD_BYTES = 64 << 10
_INFO = "spark-version-info.properties"
_ON_PAGE = re.compile(r'class="version"[^>]*>\s*(\d[\w.-]*)')


def check_same(jar: str, hosts: Iterable[str]) -> None:
    """Compares the jar's Spark with that of the masters, if both are known.

    Raises:
      UsageError: they differ, even if only in the last number.
    """
    ours = of_jar(jar)
    for host in hosts if ours else ():
        theirs = of_master(host)
        if theirs and _numbers(theirs) != _numbers(ours):
            raise UsageError(
                f"the cluster at {host} runs Spark {theirs}, but the job server "
                f"{jar!r} is for {ours}: use a jar or a cluster of the same version, "
                "or submit an executable jar with spark-submit "
                "(--output_executable_path)"
            )


def of_jar(path: str) -> str:
    """Returns the version of Spark in a local jar; empty if unknown."""
    if not zipfile.is_zipfile(path):
        return ""
    with zipfile.ZipFile(path) as jar:
        if _INFO not in jar.namelist():
            return ""
        found = re.search(r"^version=(\S+)", jar.read(_INFO).decode(), re.MULTILINE)
    return found[1] if found else ""


def of_master(host: str) -> str:
    """Returns the version of Spark on a master's web page; empty if unknown."""
    # Kubernetes also sets the variable, to an address, for a service of that name.
    given = os.environ.get(PAGE_PORT, "")
    port = int(given) if given.isdecimal() else 8080
    try:
        page = _page(host, port).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException, UnicodeError):
        return ""  # behind a firewall, or elsewhere: unknown
    found = _ON_PAGE.search(page)
    return found[1] if found else ""


def _page(host: str, port: int) -> bytes:
    """Returns the head of a page, read for at most `_TIMEOUT_S` once connected."""
    with contextlib.closing(
        http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    ) as connection:
        connection.connect()
        # The timeout of a socket restarts with every byte received.
        timer = threading.Timer(_TIMEOUT_S, _shut, [connection.sock])
        timer.start()
        try:
            connection.request("GET", "/")
            return connection.getresponse().read(_HEAD_BYTES)
        finally:
            timer.cancel()


def _shut(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _numbers(version: str) -> list[str]:
    # A vendor's suffix, as in 3.5.0-amzn-1, does not matter here.
    return version.partition("-")[0].split(".")
