"""A model behind a URL, asked about the utterances of a lake."""

import json
import pickle
import subprocess
import sys

import pytest

from affectflow import stages
from affectflow.errors import UsageError
from affectflow.kinds.account import open_account
from affectflow.schemas import Status
from affectflow_transforms.models.endpoint import failures
from affectflow_transforms.models.endpoint.endpoint import Endpoint
from tests.given.command_line import affectflow
from tests.given.factories import utterances
from tests.given.model_server import (
    BROKEN,
    HALF_JSON,
    SILENCE,
    ModelServer,
    Reply,
    question_of,
    says,
)
from tests.given.scripted import install_scripted, marked, prompt_file
from tests.given.stage_runs import ask, reconciles, store
from tests.given.waiting import wait_for

pytest.importorskip("httpx")

PROMPT = """
task = "emotion"
[[steps]]
name = "label"
text = "Which of {labels} is it? {text}"
parser = "one_label"
labels = ["joy", "fear"]
"""
ELSEWHERE = "https://models.example.org/v1"


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(failures, "_FIRST_WAIT_S", 0.02)


@pytest.fixture
def prompt(tmp_path, monkeypatch):
    install_scripted(tmp_path / "site", monkeypatch)
    return str(prompt_file(tmp_path, PROMPT))


@pytest.fixture
def lake(tmp_path):
    return str(tmp_path / "lake")


def annotate(lake, server, prompt, **options):
    given = {"name": "tiny", "prompt": prompt, "tries": 2, "slots": 2, **options}
    return stages.annotate_lake(lake, model=server.url, options=given)


def told(body):
    """Returns the text of an utterance that a question shows."""
    return marked(question_of(body))


def loud(body):
    """Says `fear` of a text that shouts, else `joy`."""
    return says("fear" if "!" in told(body) else "joy")


def of_lake(lake):
    query = "SELECT utterance_id, label, score, status FROM annotations ORDER BY 1, 3"
    return ask(lake, query)


def asked(row):
    names = ("questions", "kept_answers", "calls", "rows_sent", "sent_to")
    return {name: row[name] for name in names if row[name]}


def answers(server, prompt, batch, **options):
    """Returns the account, and what each row of a batch got, without a lake."""
    given = {"name": "tiny", "prompt": prompt, "tries": 2, "slots": 2, **options}
    model = Endpoint(url=server.url, **given)
    with open_account() as opened:
        batch = model.apply(batch, model.load_model())
    found = batch.select(["annotations", "errors"]).to_pylist()
    return opened, [_got(row["annotations"], row["errors"]) for row in found]


def _got(annotations, errors):
    if errors:
        return errors[0]["message"]
    return [(a["label"], a["score"], a["status"]) for a in annotations]


def test_a_run_says_what_it_took_and_what_it_was_told_is_not_asked_again(lake, prompt):
    store(lake, utterances("fine", "no!", "fine", ""))
    with ModelServer(loud) as server:
        options = {"decode": "text", "price_in": 1e6}
        row = annotate(lake, server, prompt, **options)
        again = annotate(lake, server, prompt, **options)
        other = annotate(lake, server, prompt, **options, cues="as_written")

    assert of_lake(lake)[::2] == [
        ("test:0", "joy", None, "ok"),
        ("test:1", "fear", None, "ok"),
        ("test:2", "joy", None, "ok"),
        ("test:3", None, None, "no_author_text"),
    ]
    assert asked(row) == {"questions": 3, "calls": 2}
    assert row["duplicate_share"] == pytest.approx(1 / 3)
    said = [m["content"] for body in server.bodies for m in body["messages"]]
    assert row["tokens_in"] == row["cost"] == sum(len(each.split()) for each in said)
    assert row["tokens_out"] == 2
    assert reconciles(row)
    assert asked(again) == {}
    assert asked(other) == {"questions": 3, "kept_answers": 2}
    assert len(server.bodies) == 2


@pytest.mark.proof
def test_what_was_answered_before_a_run_stopped_is_kept(lake, prompt):
    store(lake, utterances("a", "b", "c", "d"))
    with ModelServer() as server:
        options = {"decode": "text", "slots": 1}
        with pytest.raises(UsageError, match="ceiling `max_calls` of 3 is reached"):
            annotate(lake, server, prompt, **options, max_calls=3)
        ((state, calls),) = ask(
            lake, "SELECT state, calls FROM runs WHERE stage = 'annotate'"
        )
        row = annotate(lake, server, prompt, **options)

    assert (state, calls) == ("failed", 3)
    assert asked(row) == {"questions": 4, "kept_answers": 3, "calls": 1}
    assert len(of_lake(lake)) == 4


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

    assert found[0].endswith("refuses the question with 400: too long")
    assert found[1] == found[2] == [("joy", 0.5, "ok"), ("fear", 0.5, "ok")]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        pytest.param(BROKEN, "500, oops", id="500"),
        pytest.param(HALF_JSON, "is no chat completion", id="half a JSON"),
        pytest.param(Reply(raw=b"[1, 2]"), "is no chat completion", id="it lies"),
        pytest.param(
            Reply(raw=b'{"choices": [{"message": {"content": 3}}]}'), "no text", id="3"
        ),
        pytest.param(SILENCE, "silent for 0.2 s", id="silence"),
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


def test_a_long_text_is_cut_alike_for_the_model_the_preview_and_the_plan(lake, prompt):
    long = "mine " * 200_000
    store(lake, utterances("mine", long))
    with ModelServer() as server:
        given = {"name": "tiny", "prompt": prompt, "max_characters": 50}
        seen = [
            r for _, r in stages.preview_lake(lake, 2, model=server.url, options=given)
        ]
        row = annotate(lake, server, prompt, max_characters=50)

    model = endpoint(prompt, "http://127.0.0.1/v1", max_characters=50)
    foreseen = [request for request, _ in model.foreseen(utterances("mine", long))]
    assert sorted(map(told, server.bodies)) == ["mine", long[:50]]
    assert {r.messages[-1].content for r in seen} == set(server.questions)
    assert foreseen == seen
    assert dict(row["counters"])["labelled_but_cut"] == 1
    assert of_lake(lake)[1] == ("test:1", "joy", None, "truncated")


def test_a_cut_history_keeps_its_latest_turns(tmp_path, prompt):
    text = PROMPT.replace("{text}", "{history} {text}")
    path = prompt_file(tmp_path, text.replace("[[steps]]", "history = 9\n[[steps]]"))
    turns = utterances("a" * 30, "b" * 30, "c", conversation_id=["x"] * 3)
    model = endpoint(str(path), "http://127.0.0.1/v1", max_characters=20)

    *_, (last, _) = model.foreseen(turns)

    assert "b" * 20 in last.messages[-1].content
    assert "a" * 9 not in last.messages[-1].content


# -- what may be sent ----------------------------------------------------------------


def endpoint(prompt, url=ELSEWHERE, **options):
    return Endpoint(url=url, name="tiny", prompt=prompt, **options)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]:9/v1"]
)
def test_this_machine_needs_no_leave(prompt, url):
    assert endpoint(prompt, url).is_local


@pytest.mark.parametrize("said", ["", "example.org", "api.example.org"])
def test_another_machine_must_be_named(prompt, said):
    with pytest.raises(UsageError, match=r"say --send-to models\.example\.org"):
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


@pytest.mark.proof
def test_a_run_that_is_killed_goes_on_with_what_it_was_told(lake, tmp_path):
    store(lake, utterances(*(f"text {n}" for n in range(200))))
    path = prompt_file(tmp_path, PROMPT.replace("one_label", "label"))
    with ModelServer(latency_s=0.1) as server:
        given = ["--model", server.url, "--prompt", str(path)]
        options = ["--set", "name=tiny", "--set", "decode=text", "--set", "slots=4"]
        command = ["affectflow", "annotate", lake, *given, *options]
        process = subprocess.Popen([sys.executable, "-m", *command])
        wait_for(lambda: server.served >= 100, "a hundred answers", 120)
        process.kill()
        process.wait()
        before = server.served
        done = affectflow(*command[1:])

    assert done.code == 0, done.err
    ((questions, kept, calls),) = ask(
        lake, "SELECT questions, kept_answers, calls FROM runs WHERE stage = 'annotate'"
    )
    assert (questions, kept + calls) == (200, 200)
    # Lost is what was under way, and what came in the last second or so: 40 a second.
    assert before - 100 < kept <= before
    assert len(of_lake(lake)) == 200
