import json
import time
from urllib.parse import urlsplit

import pytest

from affectflow.errors import StoppedError, UsageError
from affectflow_transforms.models.endpoint import connection, failures
from affectflow_transforms.models.endpoint.client import Client, Question
from affectflow_transforms.models.endpoint.failures import again
from affectflow_transforms.models.endpoint.server import Server
from affectflow_transforms.models.endpoint.spending import Ceiling
from tests.given.model_server import (
    BROKEN,
    HALF_JSON,
    HANGS_UP,
    SILENCE,
    ModelServer,
    Reply,
    busy,
    in_turn,
    question_of,
    says,
)

pytest.importorskip("httpx")


def client_of(server, *, slots=4, tries=3, ceiling=None, **rest):
    url = f"{server.url}/chat/completions"
    at = Server(url=url, host="127.0.0.1", model="tiny", is_local=True, **rest)
    return Client(at, slots=slots, tries=tries, ceiling=ceiling)


def question(text, cost=0.0, at_most=0.0):
    def read(content):
        try:
            found = json.loads(content)["choices"][0]["message"]["content"]
        except ValueError as error:
            raise again("the response is not a chat completion") from error
        return found, cost

    body = {"messages": [{"role": "user", "content": text}]}
    return Question(json.dumps(body).encode(), read, at_most)


def at(server):
    """Returns host and port."""
    return urlsplit(server.url).netloc


def answers(client, *texts):
    """Returns the answers in the order of the questions."""
    came = client.ask([question(text) for text in texts])
    found = {each.place: each.outcome for each in came}
    return [found[place] for place in range(len(texts))]


def good(given):
    """Returns the places that were answered."""
    return sorted(each.place for each in given if each.outcome == "joy")


def test_every_question_gets_its_own_answer_and_no_more_go_out_than_there_are_slots():
    echo = ModelServer(lambda body: says(question_of(body)), latency_s=0.005)
    with echo as server:
        texts = [f"text {n}" for n in range(60)]

        assert answers(client_of(server), *texts) == texts

    assert server.most_at_once == 4
    assert server.connections == 4
    assert sorted(server.questions) == sorted(texts)


@pytest.mark.parametrize(
    ("first", "asked"),
    [
        pytest.param(BROKEN, 2, id="500"),
        pytest.param(HALF_JSON, 2, id="half a JSON"),
        pytest.param(busy(), 2, id="429"),
        pytest.param(HANGS_UP, 2, id="the connection is closed"),
        pytest.param(SILENCE, 2, id="silence"),
        pytest.param(says("joy"), 1, id="an answer"),
    ],
)
def test_what_may_pass_is_asked_again(first, asked):
    with ModelServer(in_turn(first, says("joy"))) as server:
        assert answers(client_of(server, timeout_s=0.2), "a") == ["joy"]
        assert len(server.bodies) == asked


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        pytest.param(BROKEN, "gave no answer in 3 tries: 500, oops", id="500"),
        pytest.param(HALF_JSON, "in 3 tries: the response is not a chat", id="half"),
        pytest.param(SILENCE, "in 3 tries: no answer within 0.2 s", id="silence"),
        pytest.param(
            Reply(status=400, raw=b'{"error":\n"too long"}'),
            'refused the question with 400: {"error": "too long"}',
            id="400",
        ),
    ],
)
def test_one_bad_question_fails_alone(reply, said):
    def reply_to(body):
        return reply if question_of(body) == "bad" else says("joy")

    with ModelServer(reply_to) as server:
        found = answers(client_of(server, timeout_s=0.2), "a", "bad", "b")

    assert found[0] == found[2] == "joy"
    assert said in str(found[1])


def test_retry_after_holds_for_all_slots():
    times = []

    def reply(body):
        times.append(time.monotonic())
        return busy("0.5") if len(times) == 1 else says("joy")

    with ModelServer(reply) as server:
        assert answers(client_of(server, slots=1), "a", "b") == ["joy", "joy"]

    assert times[1] - times[0] >= 0.5


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        pytest.param(busy(), "is still busy (429) after 3 tries", id="busy"),
        pytest.param(busy("9000"), "asks for a pause of 9,000 s", id="much later"),
        pytest.param(Reply(status=402, raw=b""), "402 (nothing)", id="402"),
        pytest.param(BROKEN, "8 questions in a row got no answer", id="down"),
    ],
)
def test_a_server_that_answers_nobody_stops_the_run(reply, said):
    with ModelServer(lambda body: reply) as server:
        with pytest.raises(StoppedError, match="run the same command again") as stopped:
            answers(client_of(server), *map(str, range(100)))
        assert len(server.bodies) < 60

    assert said in str(stopped.value)


@pytest.mark.parametrize(
    ("status", "cure"),
    [
        pytest.param(
            401, "a valid key into the environment variable OUR_KEY", id="401"
        ),
        pytest.param(403, "OUR_KEY may not use model", id="403"),
        pytest.param(404, "completions) and the name of the model, `name`", id="404"),
    ],
)
def test_what_only_the_caller_can_change_is_said_once_and_not_asked_again(status, cure):
    reply = Reply(status=status, raw=b'{"error": "denied"}')
    with ModelServer(lambda body: reply) as server:
        client = client_of(server, slots=1, key_env="OUR_KEY")
        with pytest.raises(StoppedError) as stopped:
            answers(client, "a", "b", "c")

    assert len(server.bodies) == 1
    said = str(stopped.value)
    assert f'answered {status} ({{"error": "denied"}}): ' in said
    assert cure in said
    assert "same command" not in said


def test_a_server_that_was_never_there_stops_the_run_at_once():
    with ModelServer() as server:
        pass
    start = time.monotonic()

    with pytest.raises(StoppedError) as stopped:
        answers(client_of(server, tries=6), "a", "b")

    assert time.monotonic() - start < 5
    assert str(stopped.value) == (
        f"{at(server)} cannot be reached (connection refused) after 2 tries: start the "
        "server, or check the URL; no question was answered in this run, so "
        "nothing new is kept: run the same command again"
    )


@pytest.mark.parametrize(
    ("is_kept", "said"),
    [
        pytest.param(True, "2 answers received and kept: run the same", id="a lake"),
        pytest.param(False, "2 answers received, and lost: only a lake", id="none"),
    ],
)
def test_a_server_that_goes_away_is_asked_again_before_the_run_stops(is_kept, said):
    with ModelServer() as server:
        client = client_of(server, slots=1, tries=3)
        assert answers(client, "a", "b") == ["joy", "joy"]

    with pytest.raises(StoppedError) as stopped:
        list(client.ask([question("c")], is_kept=is_kept))

    assert f"{at(server)} cannot be reached" in str(stopped.value)
    assert f"after 3 tries: start the server, or check the URL; {said}" in str(
        stopped.value
    )


@pytest.mark.parametrize(
    ("url", "named"),
    [
        pytest.param("http://a.org/v1", "a.org:80", id="HTTP"),
        pytest.param("https://a.org/v1", "a.org:443", id="HTTPS"),
        pytest.param("http://[::1]:9/v1", "[::1]:9", id="IPv6"),
    ],
)
def test_a_server_is_named_with_its_port(url, named):
    assert Server(url=url, host=urlsplit(url).hostname).at == named


def test_what_was_under_way_when_a_run_stops_is_given_first():
    def reply(body):
        return Reply(status=402, raw=b"") if question_of(body) == "3" else says("joy")

    with ModelServer(reply, latency_s=0.05) as server:
        given = []
        with pytest.raises(StoppedError, match="the account has no credit left"):
            given.extend(client_of(server).ask([question(str(n)) for n in range(9)]))

    answered = [int(each) for each in server.questions if each != "3"]
    assert len(answered) < 8
    assert good(given) == sorted(answered)


def test_the_ceiling_of_calls_counts_those_made_again():
    with ModelServer(in_turn(BROKEN, says("joy"))) as server:
        client = client_of(server, slots=1, ceiling=Ceiling(max_calls=5))
        given = []
        with pytest.raises(StoppedError, match="ceiling `max_calls` of 5 is reached"):
            given.extend(client.ask([question(str(n)) for n in range(9)]))

    assert good(given) == [0, 1]
    assert [each.calls for each in given] == [2, 2, 1]
    assert len(server.bodies) == 5


def test_money_under_way_counts_before_it_is_spent():
    with ModelServer(latency_s=0.02) as server:
        client = client_of(server, ceiling=Ceiling(max_cost=1.0))
        priced = [question(str(n), cost=0.25, at_most=0.5) for n in range(9)]
        given = []
        with pytest.raises(StoppedError, match="`max_cost` of 1 is reached"):
            given.extend(client.ask(priced))

    # After three, 0.75 is spent: a fourth might cost 0.5.
    assert len(good(given)) == len(server.bodies) == 3
    assert sum(each.cost for each in given) == 0.75
    assert client.spending.cost == 0.75


def test_a_key_goes_into_a_header_and_nowhere_else(monkeypatch):
    monkeypatch.setenv("OUR_KEY", "sk-secret")
    back = Reply(status=400, raw=b"no such key: sk-secret")
    with ModelServer(in_turn(back)) as server:
        (found,) = answers(client_of(server, key_env="OUR_KEY"), "a")

    assert server.headers[0]["authorization"] == "Bearer sk-secret"
    assert str(found).endswith("400: no such key: [KEY]")


def test_a_key_that_is_wanted_and_not_there_is_named(monkeypatch):
    monkeypatch.delenv("OUR_KEY", raising=False)

    with pytest.raises(UsageError, match="variable OUR_KEY is empty: put the key of"):
        client_of(ModelServer(), key_env="OUR_KEY", needs_key=True)


@pytest.mark.parametrize(
    ("host", "is_local", "proxy"),
    [
        pytest.param("a.org", False, "http://proxy:3128", id="another machine"),
        pytest.param("b.org", False, None, id="one that the environment leaves out"),
        pytest.param("127.0.0.1", True, None, id="this machine"),
    ],
)
def test_what_people_wrote_goes_through_a_proxy_only_where_it_must(
    monkeypatch, host, is_local, proxy
):
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "b.org")
    server = Server(url=f"http://{host}/v1", host=host, is_local=is_local)

    assert connection._proxy(server) == proxy


def test_a_redirect_is_not_followed():
    away = Reply(status=302, headers={"Location": "http://a.org/"}, raw=b"")
    with ModelServer(lambda body: away) as server:
        (found,) = answers(client_of(server), "a")

    assert "refused the question with 302" in str(found)
    assert len(server.bodies) == 1


def test_an_answer_without_end_is_cut_off():
    flood = Reply(raw=b"x" * (5 << 20))
    with ModelServer(lambda body: flood) as server:
        (found,) = answers(client_of(server, tries=1), "a")

    assert "sent more than 4 MB" in str(found)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("7", 7, id="seconds"),
        pytest.param("1.5", 1.5, id="parts of seconds"),
        pytest.param(None, 0, id="nothing"),
        pytest.param("soon", 0, id="a word"),
        pytest.param("nan", 0, id="no number"),
        pytest.param("-3", 0, id="before now"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", 0, id="a date that has passed"),
    ],
)
def test_what_retry_after_asks_for(header, seconds):
    assert failures.retry_after(header) == seconds


def test_retry_after_may_be_a_date(monkeypatch):
    monkeypatch.setattr(failures.time, "time", lambda: 10.0)

    assert failures.retry_after("Thu, 01 Jan 1970 00:00:40 GMT") == 30.0
