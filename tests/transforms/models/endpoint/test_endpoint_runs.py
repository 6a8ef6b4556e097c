"""A model behind a URL, asked about the utterances of a lake."""

import subprocess
import sys

import pytest

from affectflow import stages
from affectflow.errors import UsageError
from tests.given.command_line import affectflow
from tests.given.endpoints import (
    PROMPT,
    annotate,
    asked,
    endpoint,
    loud,
    of_lake,
    told,
)
from tests.given.factories import utterances
from tests.given.model_server import (
    ModelServer,
)
from tests.given.scripted import prompt_file
from tests.given.stage_runs import ask, reconciles, store
from tests.given.waiting import wait_for

pytest.importorskip("httpx")


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


@pytest.mark.rotated
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
