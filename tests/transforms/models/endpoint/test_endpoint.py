"""A model behind a URL: what it answers, and what comes of what it does not."""

import json

import pytest

from tests.given.endpoints import (
    answers,
    endpoint,
    told,
)
from tests.given.factories import utterances
from tests.given.model_server import (
    BROKEN,
    HALF_JSON,
    SILENCE,
    ModelServer,
    Reply,
    says,
)

pytest.importorskip("httpx")


def test_the_request_is_greedy_and_names_the_model(prompt):
    with ModelServer() as server:
        answers(server, prompt, utterances("a"), decode="text", body={"seed": 7})

    (body,) = server.bodies
    assert [body[n] for n in ("model", "temperature", "seed")] == ["tiny", 0, 7]


def test_a_closed_question_is_answered_by_the_likelihood_of_each_label(prompt):
    likely = [{"joy": 0.6, "fear": 0.2, "I": 0.2}]
    with ModelServer(lambda body: says("joy", tokens=likely)) as server:
        _, found = answers(server, prompt, utterances("fine"))

    assert found == [[("joy", 0.75, "ok"), ("fear", 0.25, "ok")]]
    assert server.bodies[0]["logprobs"] is True


@pytest.mark.parametrize(
    "refuses",
    [
        pytest.param(False, id="they are left out"),
        pytest.param(True, id="a request for them is refused"),
    ],
)
def test_without_logprobs_the_label_is_read_out_of_the_text(prompt, refuses):
    def reply(body):
        if refuses and "logprobs" in body:
            return Reply(status=400, raw=b"logprobs are not supported")
        return says("I think" if told(body) == "hm" else "joy")

    with ModelServer(reply) as server:
        opened, found = answers(server, prompt, utterances("fine", "hm", "well"))

    joy, other = [("joy", None, "ok")], [(None, None, "out_of_vocabulary")]
    assert found == [joy, other, joy]
    assert opened.tallied == {"answers_without_logprobs": 3}
    assert opened.counts["calls"] == (4 if refuses else 3)


def test_one_text_that_is_refused_takes_no_logprobs_from_the_others(prompt):
    def reply(body):
        if told(body) == "long":
            return Reply(status=400, raw=b"too long")
        return says("joy", tokens=[{"joy": 0.5, "fear": 0.5}])

    with ModelServer(reply) as server:
        _, found = answers(server, prompt, utterances("long", "a", "b"))

    assert found[0].endswith("refused the question with 400: too long")
    assert found[1] == found[2] == [("joy", 0.5, "ok"), ("fear", 0.5, "ok")]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        pytest.param(BROKEN, "500, oops", id="500"),
        pytest.param(HALF_JSON, "is not a chat completion", id="half a JSON"),
        pytest.param(Reply(raw=b"[1, 2]"), "is not a chat completion", id="it lies"),
        pytest.param(
            Reply(raw=b'{"choices": [{"message": {"content": 3}}]}'),
            "is not text",
            id="3",
        ),
        pytest.param(SILENCE, "no answer within 0.2 s", id="silence"),
        pytest.param(Reply(status=413, raw=b"too long"), "413: too long", id="413"),
    ],
)
def test_a_question_without_an_answer_refuses_its_row_alone(prompt, bad, said):
    def reply(body):
        return bad if told(body) == "bad" else says("joy")

    options = {"decode": "text", "timeout_s": 0.2}
    with ModelServer(reply) as server:
        _, found = answers(server, prompt, utterances("a", "bad", "b"), **options)

    assert found[0] == found[2] == [("joy", None, "ok")]
    assert said in found[1]


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        pytest.param({"prompt_tokens": 9, "completion_tokens": 2}, (9, 2), id="said"),
        pytest.param({"prompt_tokens": -9, "completion_tokens": 2}, None, id="a lie"),
        pytest.param("many", None, id="a word"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_tokens_that_a_server_does_not_say_are_guessed(prompt, usage, tokens):
    message = {"choices": [{"message": {"content": "joy"}}], "usage": usage}
    raw = Reply(raw=json.dumps(message).encode())
    with ModelServer(lambda body: raw) as server:
        opened, _ = answers(server, prompt, utterances("a"), decode="text")
        sent = json.dumps(server.bodies[0], ensure_ascii=False)

    guessed = (len(sent) // 4, 1)
    counted = opened.counts["tokens_in"], opened.counts["tokens_out"]
    assert counted == (tokens or guessed)


def test_the_id_changes_with_what_changes_answers(prompt):
    def id_of(**options):
        url = "http://127.0.0.1:9/v1"
        return endpoint(prompt, **{"url": url, **options}).annotator()["annotator_id"]

    same = [id_of(), id_of(url="http://127.0.0.1:10/v1"), id_of(slots=2, max_calls=9)]
    others = [id_of(decode="text"), id_of(body={"top_p": 0.5}), id_of(revision="r2")]
    others.append(id_of(send_private=True))

    assert len(set(same)) == 1
    assert len({*same, *others}) == 5
    assert same[0].startswith("tiny@unpinned+")
