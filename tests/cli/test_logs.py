"""Logs: fixed fields, numbers and identities, and never what people wrote."""

import json
import logging
import os
import re
from pathlib import Path

import pytest

from affectflow import logs
from affectflow.errors import UsageError
from tests.given.command_line import Outcome


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> logs.Log:
    monkeypatch.setenv(logs.VARIABLE, "json")
    return logs.Log("run-1", "annotate")


def test_an_event_is_one_line_of_json_with_fixed_fields(
    log: logs.Log, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="affectflow"):
        log.event("part_done", part="b00003-1a2b~2", rows=12, seconds=1.23456)

    said = json.loads(caplog.messages[0])
    assert said.pop("time").endswith("+00:00")
    assert said == {
        "level": "info",
        "event": "part_done",
        "run_id": "run-1",
        "stage": "annotate",
        "part": "b00003-1a2b~2",
        "rows": 12,
        "seconds": 1.235,
        "host": logs.host(),
        "pid": os.getpid(),
    }


def test_people_read_the_same_as_words(
    log: logs.Log,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(logs.VARIABLE, "text")
    with caplog.at_level(logging.INFO, logger="affectflow"):
        log.event("part_done", part="b00003-1a2b", rows=12)

    assert caplog.messages[0].startswith(
        "annotate part_done part=b00003-1a2b rows=12 pid="
    )


@pytest.mark.parametrize("name", ["text", "message", "speaker_id", "path", "key"])
def test_a_field_that_could_hold_text_is_refused(log: logs.Log, name: str) -> None:
    with pytest.raises(TypeError, match=f"no log field is named '{name}'"):
        log.event("part_done", **{name: "x"})


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("I am so annoyed", id="a sentence"),
        pytest.param("/home/alice/posts", id="a path"),
        pytest.param("line\nbreak", id="two lines"),
        pytest.param("x" * 121, id="too long"),
    ],
)
def test_an_identity_that_looks_like_text_is_not_written(
    log: logs.Log, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    with caplog.at_level(logging.INFO, logger="affectflow"):
        log.event("part_failed", part=value)

    assert json.loads(caplog.messages[0])["part"] == "?"


def test_text_in_the_place_of_a_number_is_an_error(
    log: logs.Log, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, logger="affectflow"),
        pytest.raises(ValueError, match="invalid literal"),
    ):
        log.event("part_done", rows="many words")


class TestForwarded:
    """What a local worker process sends, as Beam's own service logs it."""

    @staticmethod
    def entry(message: str) -> str:
        from apache_beam.portability.api import beam_fn_api_pb2

        made = beam_fn_api_pb2.LogEntry(message=message, log_location="a.py:3")
        return str(made).replace("\n", " ")

    def test_an_event_comes_out_as_it_went_in(self) -> None:
        message = json.dumps({"event": "part_done", "run_id": "r", "rows": 3})

        assert logs.forwarded(self.entry(message)) == message

    @pytest.mark.parametrize(
        "message",
        [
            pytest.param("I am annoyed", id="words"),
            pytest.param('{"text": "I am annoyed"}', id="json of another"),
            pytest.param(
                '{"event": "x", "run_id": "r", "text": "I am annoyed"}',
                id="an event with a field of its own",
            ),
        ],
    )
    def test_anything_else_stays_out(self, message: str) -> None:
        assert logs.forwarded(self.entry(message)) == ""


@pytest.mark.parametrize(
    ("form", "level"), [("xml", "info"), ("json", "loud")], ids=["form", "level"]
)
def test_an_unknown_form_or_level_is_the_callers_mistake(
    form: str, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with pytest.raises(UsageError, match="logs must be json or text"):
        logs.configure(form, level)


# -- the demo ----------------------------------------------------------------------


@pytest.mark.rotated
def test_every_stage_says_what_it_does(demo: tuple[Outcome, Path]) -> None:
    said = demo[0].err.splitlines()
    events = [json.loads(line) for line in said if line[:1] == "{"]

    seen = {(each["stage"], each["event"]) for each in events}
    assert {
        *((s, "stage_started") for s in ("ingest", "annotate", "mine", "themes")),
        *((s, "stage_done") for s in ("ingest", "annotate", "mine", "themes")),
        *((s, "commit_done") for s in ("ingest", "annotate", "mine", "themes")),
        *((s, "part_done") for s in ("ingest", "annotate", "mine")),
        ("annotate", "stage_planned"),
        ("annotate", "model_loaded"),
    } <= seen
    assert sum(each["event"] == "model_loaded" for each in events) == 1
    planned = next(each for each in events if each["event"] == "stage_planned")
    done = [e for e in events if (e["stage"], e["event"]) == ("annotate", "part_done")]
    assert planned["parts"] == len(done)
    assert planned["rows"] == sum(each["rows"] for each in done)


def test_no_text_no_account_and_no_key_is_in_the_logs(
    demo: tuple[Outcome, Path],
) -> None:
    from affectflow.cli.demo import FILES
    from affectflow.lake import open_lake

    logged, lake = demo[0].err, demo[1]
    config = Path(os.environ["XDG_CONFIG_HOME"])
    with open_lake(str(lake)) as connection:
        texts = connection.sql("SELECT text, speaker_id FROM utterances").fetchall()
    lines = {
        line.strip() for text, _ in texts for line in text.splitlines() if len(line) > 9
    }
    folder = Path(logs.__file__).parent / "demo"
    raw = "".join(
        (folder / name).read_text(encoding="utf-8", errors="replace") for name in FILES
    )
    accounts = set(re.findall(r'"login":\s*"([^"]+)"', raw))
    keys = [path.read_text().strip() for path in config.rglob("*.key")]
    assert lines
    assert accounts
    assert keys

    words = set(re.findall(r"[\w.-]+", logged))
    assert not [line for line in lines if line in logged]
    assert not accounts & words
    assert not [key for key in keys if key in logged]
    assert not [speaker for _, speaker in texts if speaker and speaker in logged]
