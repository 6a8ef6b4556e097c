"""Addresses as people write them, and what answers there."""

import os
import socket

import apache_beam as beam
import pytest

from affectflow import runners
from affectflow.runners.engines import (
    NO_PROXY,
    answers,
    answers_grpc,
    parsed,
    spare_loopback,
)

LOOPBACK = "localhost,127.0.0.1,::1"
MULTI = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


@pytest.fixture
def proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "grpc_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_grpc_proxy", "")
    return monkeypatch


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, LOOPBACK, id="nothing"),
        pytest.param({"no_proxy": "a.example"}, f"a.example,{LOOPBACK}", id="no_proxy"),
        pytest.param(
            {"no_proxy": "a.example", "no_grpc_proxy": "b.example, ::1"},
            "b.example,::1,localhost,127.0.0.1",
            id="gRPC's own word holds",
        ),
    ],
)
def test_loopback_is_added_to_what_no_proxy_is_asked_for(proxies, given, expected):
    for name, value in given.items():
        proxies.setenv(name, value)

    spare_loopback()
    spare_loopback()

    assert os.environ[NO_PROXY] == expected


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.rotated
def test_worker_processes_work_beside_a_proxy_that_is_dead(proxies):
    proxies.setenv("http_proxy", "http://127.0.0.1:9")

    runners.run(
        lambda p: p | beam.Create([1]).with_output_types(int) | beam.Map(abs), MULTI
    )


# -- hosts and ports -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("host-1.example:7077", ("host-1.example", 7077)),
        ("[::1]:7077", ("::1", 7077)),
        ("under_score:1", ("under_score", 1)),
        ("host", None),
        ("host:", None),
        (":7077", None),
        (".example:7077", None),
        (f"{'a' * 64}:7077", None),
        ("host:99999", None),
        ("host:-1", None),
        ("host:0", None),
        ("http://host:7077", None),
        ("::1:7077", None),
    ],
)
def test_an_address_is_a_host_and_a_port(address, expected):
    assert parsed(address) == expected


@pytest.mark.parametrize("host", ["a..b", "a" * 70, ".example"])
def test_a_name_that_is_none_answers_nothing(host):
    assert not answers(host, 7077)


def test_who_accepts_and_says_nothing_is_no_grpc_server(monkeypatch):
    monkeypatch.setattr("affectflow.runners.engines.CONNECT_TIMEOUT_S", 0.5)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]

        assert answers("127.0.0.1", port)
        assert not answers_grpc(f"127.0.0.1:{port}")
