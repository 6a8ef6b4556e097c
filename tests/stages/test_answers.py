"""Answers that come in with messages, signed by the step that gave them."""

from typing import Any
from unittest import mock

import pyarrow as pa
import pytest

from affectflow.batches.labelling import signed
from affectflow.errors import UsageError
from affectflow.kinds.identity import joined
from affectflow.lake import Lake
from affectflow.schemas import ANNOTATIONS_COLUMN
from affectflow.stages.annotate import config_of, task_for
from affectflow.stages.ingest import store as storing
from affectflow.stages.runs.answers import folder_of
from affectflow.stages.runs.parts import nothing_to_do
from affectflow.stages.runs.request import new_request
from tests.compacting.lakes import annotate
from tests.given.factories import DAY, utterances
from tests.given.fake_embedder import CountLetters
from tests.given.fake_model import FakeHandler
from tests.given.fake_over import FakeOver, FakeSum
from tests.given.stage_runs import ask, store

pytestmark = pytest.mark.rotated

LABEL = {
    "annotator_id": "fake@1",
    "task": "emotion",
    "vocabulary": "goemotions",
    "label": "neutral",
    "chosen": True,
    "status": "ok",
}
LABELS = "SELECT utterance_id, count(*) FROM annotations GROUP BY 1 ORDER BY 1"


@pytest.fixture
def lake(tmp_path) -> str:
    return str(tmp_path / "lake")


def labelled(*texts: str, **columns: Any) -> pa.RecordBatch:
    """Returns messages with a label each, signed by the fake model."""
    batch = utterances(*texts, **columns)
    labels = pa.array([[LABEL]] * len(texts), ANNOTATIONS_COLUMN.type)
    batch = batch.append_column(ANNOTATIONS_COLUMN, labels)
    return signed(batch, "annotate", FakeHandler().annotator())


def test_a_part_that_came_in_with_all_its_answers_is_done(lake):
    store(lake, labelled("a", "b"))

    row = annotate(lake, FakeHandler())

    assert (row["model_calls"], row["rows_unchanged"]) == (0, 2)
    assert ask(lake, LABELS) == [("test:0", 1), ("test:1", 1)]
    assert ask(lake, "SELECT annotator_id, model FROM annotators") == [
        ("fake@1", "fake")
    ]
    assert ask(lake, "SELECT n, chosen FROM rollups") == [(2, 2)]


@pytest.mark.rotated
def test_answers_for_some_messages_stand_until_the_model_has_given_all(lake):
    store(lake, labelled("a", "b"), utterances("c", utterance_id="test:2"))
    assert ask(lake, LABELS) == [("test:0", 1), ("test:1", 1)]

    row = annotate(lake, FakeHandler())

    assert row["model_calls"] == 1
    assert ask(lake, LABELS) == [("test:0", 1), ("test:1", 1), ("test:2", 1)]
    assert ask(lake, "SELECT n FROM rollups") == [(3,)]


@pytest.mark.rotated
def test_messages_that_the_lake_has_already_get_their_answers(lake):
    store(lake, utterances("a", "b"))

    store(lake, labelled("a", "b"))

    assert ask(lake, LABELS) == [("test:0", 1), ("test:1", 1)]
    assert annotate(lake, FakeHandler())["model_calls"] == 0


def test_answers_about_another_text_than_the_lakes_are_left_out(lake):
    store(lake, utterances("newer", edited_at=DAY))

    store(lake, labelled("older"))

    assert ask(lake, "SELECT text FROM utterances") == [("newer",)]
    assert ask(lake, LABELS) == []


def test_a_part_that_is_written_again_keeps_the_answers_that_came_in(lake):
    store(lake, labelled("a", "b"))

    store(lake, labelled("a", "better"))
    row = annotate(lake, FakeHandler())

    assert row["model_calls"] == 0
    assert ask(lake, LABELS) == [("test:0", 1), ("test:1", 1)]


def test_a_commit_cut_short_before_the_answers_is_made_up_for(lake):
    batch = labelled("a", "b")
    with (
        mock.patch.object(
            storing, "follow_answers", side_effect=RuntimeError("killed")
        ),
        pytest.raises(RuntimeError, match="kill"),
    ):
        store(lake, batch)
    assert ask(lake, LABELS) == []

    store(lake, batch)

    assert ask(lake, LABELS) == [("test:0", 1), ("test:1", 1)]
    assert ask(lake, "SELECT annotator_id FROM annotators") == [("fake@1",)]


def test_labels_that_no_step_signed_stay_beside_those_of_a_model(lake):
    by_hand = LABEL | {"annotator_id": "reactions"}
    batch = labelled("a").set_column(
        labelled("a").schema.get_field_index("annotations"),
        ANNOTATIONS_COLUMN,
        pa.array([[LABEL, by_hand]], ANNOTATIONS_COLUMN.type),
    )
    store(lake, batch)

    annotate(lake, FakeHandler())

    found = ask(lake, "SELECT annotator_id FROM annotations ORDER BY 1")
    assert found == [("fake@1",), ("reactions",)]


def test_a_model_over_another_is_done_by_the_labels_that_it_read(lake):
    over = FakeOver(over="fake@1")
    batch = over.apply(labelled("a", "b"), over.load_model())
    store(lake, signed(batch, "annotate", over.annotator()))

    opened = Lake.open(lake)
    task = task_for(new_request(opened, "annotate", config_of(over)), over)
    (receipt,) = nothing_to_do(task, opened) or ()

    assert receipt.rows["rows_unchanged"] == 2
    # It rests on the labels of the other, which came in with it.
    assert [path.split("/")[0] for path in receipt.base] == [folder_of("fake@1")]
    assert ask(lake, LABELS) == [("test:0", 2), ("test:1", 2)]


def test_a_model_over_several_is_done_by_the_vectors_that_it_read(lake):
    embedders = (CountLetters(), CountLetters(cues="as_written"))
    over = FakeSum(over=joined(each.annotator()["annotator_id"] for each in embedders))
    batch = utterances("a", "b")
    for each in (*embedders, over):
        batch = signed(
            each.apply(batch, each.load_model()), "annotate", each.annotator()
        )
    store(lake, batch)

    opened = Lake.open(lake)
    task = task_for(new_request(opened, "annotate", config_of(over)), over)
    (receipt,) = nothing_to_do(task, opened) or ()

    assert receipt.rows["rows_unchanged"] == 2
    folders = [path.split("/")[0] for path in receipt.base]
    assert folders == [folder_of(each) for each in over.annotators_read]


def test_labels_that_another_step_gave_are_not_those_that_a_model_reads():
    other = FakeOver(over="fake@2")

    with pytest.raises(UsageError, match=r"'fake@2', but no earlier step .* fake@1"):
        other.apply(labelled("a"), other.load_model())


@pytest.mark.rotated
def test_an_unsigned_answer_takes_the_place_of_what_the_same_model_said_before(lake):
    store(lake, utterances("so annoying", "fine"))
    annotate(lake, FakeHandler())
    changed = utterances("now annoying", utterance_id="test:1", edited_at=DAY)

    store(lake, FakeHandler().predict(changed, FakeHandler().load_model()))

    now = [("test:0", "annoyance"), ("test:1", "annoyance")]
    labels = "SELECT utterance_id, label FROM annotations ORDER BY ALL"
    daily = "SELECT label, sum(chosen) FROM rollups GROUP BY ALL"
    assert (ask(lake, labels), ask(lake, daily)) == (now, [("annoyance", 2)])
    assert annotate(lake, FakeHandler())["model_calls"] == 1
    assert (ask(lake, labels), ask(lake, daily)) == (now, [("annoyance", 2)])
