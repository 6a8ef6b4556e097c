"""Who is let in: the server's own pages, in a browser that has its address."""

import pytest

from affectflow.serving.guard import Access
from tests.given.report_lakes import tables
from tests.given.served_lakes import Served, lake_of, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory, own_configuration):
    with serving(lake_of(tmp_path_factory.mktemp("served") / "lake", tables())) as it:
        yield it


@pytest.mark.parametrize(
    ("host", "said", "expected"),
    [
        ("127.0.0.1", "127.0.0.1:80", True),
        ("127.0.0.1", "localhost:80", True),
        ("127.0.0.1", "LOCALHOST", True),
        ("127.0.0.1", "[::1]:80", True),
        ("127.0.0.1", "127.0.0.1:81", False),
        ("127.0.0.1", "evil.example:80", False),
        ("127.0.0.1", "127.0.0.1.evil.example:80", False),
        ("127.0.0.1", "192.0.2.7:80", False),
        ("127.0.0.1", "localhost:x", False),
        ("127.0.0.1", "", False),
        ("192.0.2.7", "192.0.2.7:80", True),
        ("0.0.0.0", "192.0.2.7:80", True),
        ("0.0.0.0", "evil.example:80", False),
    ],
)
def test_a_host_name_is_one_of_the_servers_own(host, said, expected):
    assert Access(host=host, port=80).knows_host(said) == expected


def test_a_rebound_name_is_turned_away(served):
    answer = served.ask("/", Host=f"evil.example:{served.access.port}")

    assert answer.status == 421
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("cookie", ["", "affectflow=x", "affectflow-{port}=wrong"])
def test_without_the_address_that_was_printed_nothing_is_shown(served, cookie):
    other = Served(served.access, cookie.format(port=served.access.port))

    for path in ("/", "/threads", "/sql", "/?key=wrong"):
        answer = other.ask(path)
        assert answer.status == 403
        assert "open the address" in answer.text


def test_the_address_sets_a_cookie_that_no_other_site_sends(served):
    answer = served.ask(f"/search?q=build&key={served.access.key}")

    assert answer.headers["location"] == "/search?q=build"
    for word in ("HttpOnly", "SameSite=strict"):
        assert word in answer.headers["set-cookie"]


def test_the_address_leads_nowhere_else(served):
    answer = served.ask(f"//evil.example/?key={served.access.key}")

    assert answer.headers["location"] == "/evil.example/"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_but_reading_is_taken(served, method):
    assert served.ask("/", method=method).status == 405


def test_a_form_without_the_token_is_turned_away(served):
    for body in ("query=SELECT+1", "query=SELECT+1&token=wrong"):
        assert served.ask("/sql", method="POST", body=body).status == 403


def test_a_form_of_another_site_is_turned_away_even_with_the_token(served):
    body = f"query=SELECT+1&token={served.access.token}"

    for origin in ("http://evil.example", "null"):
        answer = served.ask("/sql", method="POST", body=body, Origin=origin)
        assert answer.status == 403
    other = {"Sec_Fetch_Site": "same-site"}
    assert served.ask("/sql", method="POST", body=body, **other).status == 403
    own = f"http://127.0.0.1:{served.access.port}"
    assert served.ask("/sql", method="POST", body=body, Origin=own).status == 200


def test_every_answer_forbids_keeping_framing_and_loading(served):
    for path in ("/themes", "/nowhere", "/sql"):
        headers = served.ask(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy


def test_a_form_that_is_too_large_is_refused(served):
    body = f"token={served.access.token}&query=" + "x" * 200_000

    assert served.ask("/sql", method="POST", body=body).status == 413
