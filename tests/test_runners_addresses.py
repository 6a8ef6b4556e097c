"""Addresses as people write them, and what answers there."""

import os

import apache_beam as beam
import pytest

from affectflow import runners
from affectflow.runners.addresses import spare_loopback

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

    assert os.environ["no_grpc_proxy"] == expected


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_worker_processes_work_beside_a_proxy_that_is_dead(proxies):
    proxies.setenv("http_proxy", "http://127.0.0.1:9")

    runners.run(
        lambda p: p | beam.Create([1]).with_output_types(int) | beam.Map(abs), MULTI
    )
