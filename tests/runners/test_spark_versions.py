"""Spark of the cluster and of the job server's jar: told apart before a job is sent.

The page is a copy of what a master's page has in its head; real clusters are in
`tests/engines`.
"""

import contextlib
import socket
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from affectflow.errors import UsageError
from affectflow.runners import spark_versions
from affectflow.runners.spark_versions import (
    PAGE_PORT,
    check_same,
    of_jar,
    of_master,
)

PAGE = (
    '<div><h3><a href="/"><img src="/static/spark-logo.png"/>'
    '<span class="version" style="margin-right: 15px;">{}</span></a>Spark Master</h3>'
)


def jar_of(path, version):
    with zipfile.ZipFile(path, "w") as jar:
        said = f"version={version}\nuser=nobody\n" if version else "user=nobody\n"
        jar.writestr("spark-version-info.properties", said)
    return str(path)


@pytest.fixture
def page(monkeypatch):
    """Sets what the page on the loopback device says, once it is called with it."""

    class Handler(BaseHTTPRequestHandler):
        said = b""

        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.said)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv(PAGE_PORT, str(server.server_port))
    yield lambda said: setattr(Handler, "said", said.encode())
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("theirs", ["3.4.4", "3.5.9"])
def test_another_version_is_refused_with_both_named(page, tmp_path, theirs):
    page(PAGE.format(theirs))

    with pytest.raises(
        UsageError, match=rf"runs Spark {theirs}, .*is for 3\.5\.0: use"
    ):
        check_same(jar_of(tmp_path / "a.jar", "3.5.0"), ["127.0.0.1"])


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        pytest.param(PAGE.format("3.5.0-amzn-1"), "3.5.0", id="a vendor's mark"),
        pytest.param("<h1>another service</h1>", "3.5.0", id="page of somebody else"),
        pytest.param(PAGE.format("3.4.4"), "", id="jar that tells nothing"),
    ],
)
def test_what_fits_or_is_not_known_goes_on(page, tmp_path, theirs, ours):
    page(theirs)
    jar = jar_of(tmp_path / "a.jar", ours)

    check_same(jar, ["127.0.0.1"])

    assert of_jar(jar) == ours


def test_a_page_that_nobody_serves_tells_nothing(page, monkeypatch):
    page(PAGE.format("3.5.0"))
    assert of_master("127.0.0.1") == "3.5.0"

    monkeypatch.setenv(PAGE_PORT, "1")

    assert of_master("127.0.0.1") == ""


@pytest.fixture
def dripping(monkeypatch):
    """A page that never ends, one byte every 50 ms."""
    over = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def drip():
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            while not over.wait(0.05):
                connection.sendall(b"H")

    threading.Thread(target=drip, daemon=True).start()
    monkeypatch.setenv(PAGE_PORT, str(server.getsockname()[1]))
    monkeypatch.setattr(spark_versions, "_TIMEOUT_S", 0.3)
    yield
    over.set()
    server.close()


@pytest.mark.timeout(20)
def test_a_page_that_drips_is_not_waited_for(dripping):
    assert of_master("127.0.0.1") == ""


def test_a_port_that_is_no_number_is_not_believed(monkeypatch):
    monkeypatch.setenv(PAGE_PORT, "tcp://10.0.0.1:8080")

    assert of_master("127.0.0.1") == ""


def test_what_is_no_jar_tells_nothing(tmp_path):
    (tmp_path / "a.jar").write_text("no archive")

    assert of_jar(str(tmp_path / "a.jar")) == ""
