"""The command `serve`: its port, its warning, and its end."""

import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from affectflow.errors import UsageError
from affectflow.serving import listen
from affectflow.serving.guard import Access
from affectflow.serving.listening import DEFAULT_PORT, is_loopback
from tests.given.command_line import affectflow
from tests.given.report_lakes import tables
from tests.given.served_lakes import lake_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "serve.md"


@pytest.fixture(scope="module")
def lake_uri(tmp_path_factory, own_configuration):
    return lake_of(tmp_path_factory.mktemp("my lakes") / "lake", tables())


@pytest.fixture
def taken():
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_port_that_is_taken_is_an_error_that_names_a_free_one(lake_uri, taken):
    done = affectflow("serve", lake_uri, "--port", str(taken))

    assert done.code == 2
    assert f"port {taken} of 127.0.0.1 is in use; port " in done.last_line
    free = int(done.last_line.rpartition("--port ")[2].rstrip("`"))
    again = f"`affectflow serve {shlex.quote(lake_uri)} --port {free}`"
    assert again in done.last_line
    with listen("127.0.0.1", free, lake_uri) as ours:
        assert ours.getsockname()[1] == free


def test_without_a_port_the_next_free_one_is_taken(lake_uri):
    with (
        listen("127.0.0.1", None, lake_uri) as first,
        listen("127.0.0.1", None, lake_uri) as second,
    ):
        ports = [each.getsockname()[1] for each in (first, second)]
    assert DEFAULT_PORT <= ports[0] < ports[1]


@pytest.mark.parametrize("host", ["192.0.2.7", "no such host", "example.invalid"])
def test_an_address_that_is_not_here_is_a_usage_error(host):
    with pytest.raises(UsageError, match="cannot listen on"):
        listen(host, 0, "lake")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("192.0.2.7", False),
        ("localhost.example", False),
    ],
)
def test_what_only_this_machine_reaches_is_known(host, expected):
    assert is_loopback(host) == expected


def test_the_address_of_a_server_everywhere_names_this_machine():
    access = Access(host="0.0.0.0", port=80)

    assert access.url.startswith(f"http://{socket.gethostname()}:80/?key=")
    assert access.key not in repr(access)


def test_an_unknown_annotator_is_said_before_anything_is_served(lake_uri):
    done = affectflow("serve", lake_uri, "--port", "0", "--annotator", "nobody")

    assert done.code == 2
    assert "small-model@1" in done.last_line


@pytest.mark.rotated
@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", 0), ("0.0.0.0", 1)])
def test_what_the_page_about_serve_shows_works_until_ctrl_c(lake_uri, host, warned):
    (shown,) = re.findall(r"```sh\naffectflow (.*)\n", PAGE.read_text("utf-8"))
    command = [*shown.split(), "--port", "0", "--host", host]
    process = subprocess.Popen(
        [sys.executable, "-m", "affectflow", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(lake_uri).parent,
    )
    try:
        assert process.stdout
        url = process.stdout.readline().strip()
        place = url.replace(socket.gethostname(), "127.0.0.1", warned)
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        page = opener.open(place, timeout=60).read().decode()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()

    assert "What people expressed in lake" in page
    assert process.returncode == 0
    assert said.count("warning: other machines can reach 0.0.0.0") == warned
    assert said.splitlines()[-1] == "serve: ended"
    assert "Traceback" not in said
