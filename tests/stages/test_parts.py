"""Stages over parts: resumable, idempotent, exact counts.

The model is a fake: it proves routing and counting only.
"""

from pathlib import Path
from typing import Any

import pytest

from affectflow import runners, stages, testing
from affectflow.cli.pipelines import labels_missing
from affectflow.errors import LakeError
from affectflow.lake import Lake
from affectflow.stages.annotate import (
    AnnotateTask,
    annotate_parts,
    config_of,
    folder_of,
)
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import last_run
from tests.given.factories import DAY, utterances
from tests.given.fake_model import FakeHandler
from tests.given.stage_runs import ask, counts, reconciles, store

pytestmark = pytest.mark.rotated

TEXTS = [
    f"text {n}" if n % 3 else f"so annoying that build {n} fails" for n in range(60)
]


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """A lake of 60 utterances in 20 conversations, in many parts."""
    uri = str(tmp_path / "lake")
    ids = [f"test:{n}" for n in range(60)]
    store(
        uri,
        utterances(
            *TEXTS,
            utterance_id=ids,
            conversation_id=[f"test:thread {n // 3}" for n in range(60)],
        ),
    )
    return uri


def annotate(
    uri: str, handler: FakeHandler, options: tuple[str, ...] = testing.WITH_RETRIES
) -> dict[str, Any]:
    opened = Lake.open(uri)
    request = new_request(opened, "annotate", config_of(handler))
    task = AnnotateTask(request, handler)

    def build(pipeline: Any) -> None:
        annotate_parts(pipeline, task, handler)
        testing.check_edges(pipeline)

    runners.run(build, options)
    row = last_run(opened, request)
    assert row is not None
    return row


def calls(file: Path) -> int:
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_every_utterance_is_labelled_once_although_bundles_run_twice(lake):
    row = annotate(lake, FakeHandler())

    assert counts(row) == {"in": 60, "out": 60}
    found = ask(lake, "SELECT label, count(*) FROM annotations GROUP BY 1 ORDER BY 1")
    assert found == [("annoyance", 20), ("neutral", 40)]


def test_labels_carry_what_reading_without_a_join_needs(lake):
    annotate(lake, FakeHandler())

    assert ask(
        lake,
        "SELECT count(*) FROM annotations a JOIN utterances u USING (utterance_id) "
        "WHERE a.timestamp = u.timestamp AND a.conversation_id = u.conversation_id "
        "AND a.speaker_id = u.speaker_id AND a.container = u.container",
    ) == [(60,)]


def test_a_second_run_asks_the_model_nothing(lake, tmp_path):
    log = tmp_path / "calls"
    annotate(lake, FakeHandler(calls=str(log)), testing.LOCAL)
    first = calls(log)

    row = annotate(lake, FakeHandler(calls=str(log)), testing.LOCAL)

    assert first == len(Lake.open(lake).parts())
    assert calls(log) == first
    assert counts(row) == {"in": 60, "unchanged": 60}
    assert row["model_calls"] == 0


def test_new_messages_cost_only_their_parts(lake, tmp_path):
    log = tmp_path / "calls"
    annotate(lake, FakeHandler(calls=str(log)), testing.LOCAL)
    before = calls(log)
    store(
        lake,
        utterances("new", utterance_id="test:new", conversation_id="test:new thread"),
    )

    row = annotate(lake, FakeHandler(calls=str(log)), testing.LOCAL)

    assert calls(log) == before + 1
    assert counts(row) == {"in": 61, "out": 1, "unchanged": 60}


def test_labels_of_a_replaced_part_go_when_the_new_part_is_labelled(lake):
    annotate(lake, FakeHandler())
    changed = utterances(
        "calm now",
        utterance_id="test:0",
        conversation_id="test:thread 0",
        edited_at=DAY,
    )
    store(lake, changed)

    annotate(lake, FakeHandler())

    assert ask(lake, "SELECT label FROM annotations WHERE utterance_id = 'test:0'") == [
        ("neutral",)
    ]
    assert ask(lake, "SELECT count(*) FROM annotations") == [(60,)]
    assert ask(lake, "SELECT sum(chosen) FROM rollups") == [(60,)]


def test_a_second_annotator_adds_rows_and_touches_no_others(lake):
    annotate(lake, FakeHandler())

    annotate(lake, FakeHandler(name="other"))

    assert ask(
        lake, "SELECT annotator_id, count(*) FROM annotations GROUP BY 1 ORDER BY 1"
    ) == [("fake@1", 60), ("other@1", 60)]
    assert ask(lake, "SELECT count(*) FROM annotators") == [(2,)]


@pytest.mark.rotated
def test_a_row_on_which_the_model_fails_is_alone_a_dead_letter(lake):
    row = annotate(lake, FakeHandler(poison="text 7"))

    assert counts(row) == {"in": 60, "out": 59, "dead": 1}
    assert ask(lake, "SELECT utterance_id, step, message FROM dead_letters") == [
        ("test:7", "FakeHandler", "this text cannot be judged")
    ]


@pytest.mark.rotated
def test_rollups_count_answers_and_chosen_labels(lake):
    annotate(lake, FakeHandler())

    assert ask(
        lake,
        "SELECT label, sum(chosen), sum(score_sum), max(day) FROM rollups "
        "GROUP BY 1 ORDER BY 1",
    ) == [
        ("annoyance", 20, pytest.approx(18, abs=1e-4), DAY.date()),
        ("neutral", 40, pytest.approx(36, abs=1e-4), DAY.date()),
    ]


def test_a_lake_without_utterances_is_annotated_in_no_time(tmp_path):
    uri = str(tmp_path / "empty")
    Lake.create(uri)

    assert counts(annotate(uri, FakeHandler())) == {}


def test_causes_are_mined_once_and_verify(lake):
    annotate(lake, FakeHandler())

    rows = stages.mine_lake(lake, beam_options=testing.WITH_RETRIES)

    assert [row["stage"] for row in rows] == ["mine", "themes"]
    assert reconciles(rows[0])
    wrong = (
        "SELECT count(*) FROM causes c JOIN utterances u "
        "ON u.utterance_id = c.cause_utterance_id WHERE c.status = 'ok' AND "
        'substr(u.text, c.start + 1, c."end" - c.start) <> c.cause_text'
    )
    assert ask(lake, wrong) == [(0,)]
    found = ask(lake, "SELECT count(*), count(DISTINCT utterance_id) FROM causes")
    assert found == [(20, 20)]


def test_mining_again_changes_nothing(lake):
    annotate(lake, FakeHandler())
    told: list[tuple[str, int]] = []
    clustered = "SELECT count(*) FROM runs WHERE stage = 'themes'"
    stages.mine_lake(
        lake, done=lambda row: told.append((row["stage"], ask(lake, clustered)[0][0]))
    )
    # Each stage is told when it has ended, before the next one begins.
    assert told == [("mine", 0), ("themes", 1)]
    before = ask(lake, "SELECT * FROM causes ORDER BY cause_id")

    rows = stages.mine_lake(lake)

    assert counts(rows[1])["unchanged"] == counts(rows[1])["in"]
    assert counts(rows[0]) == {"in": 60, "unchanged": 60}
    assert ask(lake, "SELECT * FROM causes ORDER BY cause_id") == before


def test_a_conversation_that_went_on_is_context_for_its_later_part(tmp_path):
    uri = str(tmp_path / "lake")
    store(uri, utterances("CI takes an hour because the cache is gone."))
    later = utterances("", "That is so annoying!").slice(1)
    store(uri, later)
    assert len(Lake.open(uri).parts()) == 2
    annotate(uri, FakeHandler())

    stages.mine_lake(uri)

    found = ask(uri, "SELECT utterance_id, cause_utterance_id FROM causes")
    assert found == [("test:1", "test:0")]


def test_two_annotators_never_share_a_folder():
    assert folder_of("a/b") != folder_of("a-b")


def test_parts_that_are_not_labelled_yet_are_mined_once_they_are(lake):
    annotate(lake, FakeHandler())
    stages.mine_lake(lake)
    new = {"utterance_id": "test:new", "conversation_id": "test:new thread"}
    store(lake, utterances("so annoying because the cache is gone", **new))

    too_early = stages.mine_lake(lake)[0]
    said = labels_missing(lake, too_early["annotator_id"])
    annotate(lake, FakeHandler())
    stages.mine_lake(lake)

    assert dict(too_early["counters"]) == {"parts_waiting_for_labels": 1}
    whose = FakeHandler().annotator()
    assert f"no labels by {whose['annotator_id']!r} yet" in said
    assert f"`affectflow annotate {lake} --model {whose['model']}`" in said
    found = ask(lake, "SELECT count(*) FROM causes WHERE utterance_id = 'test:new'")
    assert found == [(1,)]


def test_a_damaged_receipt_is_named_with_the_cure(lake):
    annotate(lake, FakeHandler())
    opened = Lake.open(lake)
    (folder,) = opened.storage.names("_work", "annotate")
    name = opened.storage.names("_work", "annotate", folder)[0]
    opened.storage.write(b"", "_work", "annotate", folder, name)

    with pytest.raises(LakeError, match=rf"{name}' is damaged .*; remove it"):
        annotate(lake, FakeHandler())
