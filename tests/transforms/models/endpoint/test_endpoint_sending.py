"""What may be sent to a model behind a URL."""

import pickle

import pytest

from affectflow.errors import UsageError
from affectflow.schemas import Status
from affectflow_transforms.models.endpoint.endpoint import Endpoint
from tests.given.endpoints import (
    answers,
    endpoint,
    told,
)
from tests.given.factories import utterances
from tests.given.model_server import (
    ModelServer,
    Reply,
    says,
)

pytest.importorskip("httpx")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]:9/v1"]
)
def test_this_machine_needs_no_leave(prompt, url):
    assert endpoint(prompt, url).is_local


@pytest.mark.parametrize("said", ["", "example.org", "api.example.org"])
def test_another_machine_must_be_named(prompt, said):
    with pytest.raises(UsageError, match=r"give --send-to models\.example\.org"):
        endpoint(prompt, send_to=said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"url": "ftp://a/v1"}, "must be like http://", id="no http"),
        pytest.param({"url": "http://"}, "must be like http://", id="no host"),
        pytest.param({"url": "http://a:b/v1"}, "must be like http://", id="a port"),
        pytest.param({"url": "http://me:pw@a/v1"}, "no password", id="a password"),
        pytest.param({"slots": 0}, "`slots` must be above 0, got 0", id="no slots"),
        pytest.param({"timeout_s": -1.0}, "above 0, got -1", id="no time"),
        pytest.param({"max_characters": -1}, "at least 0, got -1", id="no room"),
        pytest.param({"max_cost": 2.0}, "`max_cost` needs prices", id="no prices"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(prompt, options, said):
    with pytest.raises(UsageError, match=said) as refused:
        endpoint(prompt, **{"url": "http://127.0.0.1/v1", **options})

    assert "pw" not in str(refused.value)


def rows_to_send():
    return utterances(
        *["public", "private", "direct", "unmasked"],
        visibility=["public", "private", "unknown", "public"],
        kind=["comment", "comment", "direct_message", "comment"],
        segments=[[], [], [], None],
    )


@pytest.mark.parametrize(
    ("options", "held"),
    [
        pytest.param({}, [1, 2, 3], id="private, direct and unmasked ones stay"),
        pytest.param({"send_private": True}, [3], id="unmasked ones stay always"),
    ],
)
def test_what_may_not_be_sent_is_withheld(prompt, options, held):
    model = endpoint(prompt, send_to="models.example.org", **options)

    assert model.held_back(rows_to_send()) == dict.fromkeys(held, Status.WITHHELD)


def test_nothing_is_withheld_from_this_machine(prompt):
    assert endpoint(prompt, "http://127.0.0.1/v1").held_back(rows_to_send()) == {}


def test_what_is_withheld_is_not_sent_and_what_is_sent_is_counted(prompt, monkeypatch):
    # The server is on this machine; it only counts as another.
    monkeypatch.setattr(
        "affectflow_transforms.models.endpoint.endpoint._is_loopback",
        lambda host: False,
    )
    texts = ["mine", "yours", "mine", "secret"]
    shown = ["public", "public", "unknown", "private"]
    batch = utterances(*texts, visibility=shown, segments=[[]] * 4)
    with ModelServer() as server:
        options = {"decode": "text", "send_to": "127.0.0.1"}
        opened, found = answers(server, prompt, batch, **options)

    assert sorted(map(told, server.bodies)) == ["mine", "yours"]
    assert found[3] == [(None, None, "withheld")]
    assert opened.sent_to == "127.0.0.1"
    assert opened.asked()["rows_sent"] == 3
    contents = [m["content"] for body in server.bodies for m in body["messages"]]
    assert opened.asked()["characters_sent"] == sum(map(len, contents))


def test_the_key_is_in_no_graph_and_in_no_message(prompt, monkeypatch):
    monkeypatch.setenv("AFFECTFLOW_LLM_KEY", "sk-secret")

    def reply(body):
        text = told(body)
        return (
            Reply(status=400, raw=b"sk-secret is bad") if text == "b" else says("joy")
        )

    with ModelServer(reply) as server:
        model = Endpoint(url=server.url, name="tiny", prompt=prompt, decode="text")
        batch = model.apply(utterances("a", "b"), model.load_model())

    assert server.headers[0]["authorization"] == "Bearer sk-secret"
    assert "[KEY] is bad" in str(batch["errors"])
    assert "sk-secret" not in str(batch["errors"])
    assert b"sk-secret" not in pickle.dumps(model)
