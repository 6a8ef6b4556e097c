"""One annotator over another. The models are fakes: they prove routing and counting."""

import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from affectflow import testing
from affectflow.batches.batch import concat
from affectflow.errors import UsageError
from affectflow.kinds.identity import joined
from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.files import read_file, write_file
from affectflow.stages.annotate import annotate_parts, task_for
from affectflow.stages.over import annotator_meant, check_handler, with_over
from affectflow.stages.replay.parts import ReplayTask
from affectflow.stages.runs.answers import check_use, folder_of, write_annotator
from affectflow.stages.runs.receipts import read_receipt, receipt_path
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import run_stage
from tests.compacting.lakes import renew
from tests.given.factories import DAY, utterances
from tests.given.fake_embedder import CountLetters
from tests.given.fake_model import FakeHandler
from tests.given.fake_over import (
    FakeMood,
    FakeOver,
    FakeReader,
    FakeSum,
    answer_over,
)
from tests.given.people import add_rows
from tests.given.stage_runs import ask, counts, reconciles, store

pytestmark = pytest.mark.rotated

SAID = ("so annoying", "fine", "fine too", "annoying", "annoying again", "poison")
ECHO = FakeOver(over="fake@1").annotator()["annotator_id"]
ECHOED = "SELECT label, count(*) FROM annotations WHERE task = 'echo' GROUP BY 1"


def talk(number: int, *texts: str) -> Any:
    """Returns one conversation."""
    return utterances(
        *texts,
        utterance_id=[f"test:{number}-{turn}" for turn in range(len(texts))],
        conversation_id=f"test:thread {number}",
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two conversations of three turns, in two parts, labelled by `fake@1`."""
    uri = str(tmp_path_factory.mktemp("made") / "lake")
    Lake.create(uri, buckets=2)
    store(uri, concat([talk(0, *SAID[:3]), talk(1, *SAID[3:])]))
    answer_over(uri, FakeHandler())
    assert len(Lake.open(uri).parts()) == 2
    return uri


@pytest.fixture
def lake(made: str, tmp_path: Path) -> str:
    return str(shutil.copytree(made, tmp_path / "lake"))


def test_a_model_reads_what_another_annotator_said(lake, tmp_path):
    handler = FakeOver(over="fake@1", calls=str(tmp_path / "calls"))

    first = answer_over(lake, handler, testing.WITH_RETRIES)
    second = answer_over(lake, handler)

    assert counts(first) == {"in": 6, "out": 6}
    assert dict(first["counters"]) == {"labelled": 6}
    assert counts(second) == {"in": 6, "unchanged": 6}
    assert sum(map(int, (tmp_path / "calls").read_text().split())) == 6
    assert ask(lake, f"{ECHOED} ORDER BY 1") == [("ANNOYANCE", 3), ("NEUTRAL", 3)]
    # What it read is in the lake once, as it was.
    by_whom = "SELECT annotator_id, count(*) FROM annotations GROUP BY 1 ORDER BY 1"
    assert ask(lake, by_whom) == [("fake@1", 6), (ECHO, 6)]
    assert ask(lake, "SELECT annotator_id, over FROM annotators ORDER BY 1") == [
        ("fake@1", None),
        (ECHO, "fake@1"),
    ]


@pytest.mark.proof
def test_a_model_reads_the_vectors_of_another_annotator(lake):
    answer_over(lake, CountLetters())
    over = CountLetters().annotator()["annotator_id"]

    handler = FakeReader(over=over)
    rows = [answer_over(lake, handler) for _ in range(2)]

    assert [counts(row) for row in rows] == [
        {"in": 6, "out": 6},
        {"in": 6, "unchanged": 6},
    ]
    # How often "a" is in each of the six texts.
    assert ask(lake, f"{ECHOED} ORDER BY 1") == [("0", 3), ("1", 2), ("3", 1)]
    assert ask(lake, "SELECT count(*) FROM vectors") == [(6,)]
    assert annotator_meant(Lake.open(lake), "CountLetters@") == over
    with pytest.raises(
        UsageError, match=r"'R' reads another annotator's vectors: name"
    ):
        check_handler(Lake.open(lake), "R", FakeReader())


def test_a_part_whose_labels_are_others_now_is_answered_again(lake, tmp_path):
    handler = FakeOver(over="fake@1", calls=str(tmp_path / "calls"))
    answer_over(lake, handler)
    part = Lake.open(lake).parts()[0]

    renew(Lake.open(lake), part)
    row = answer_over(lake, handler)

    assert counts(row) == {"in": 6, "out": 3, "unchanged": 3}
    ((joys,),) = ask(lake, f"SELECT n FROM ({ECHOED}) t(l, n) WHERE l = 'JOY'")
    assert joys == 3
    assert ask(lake, "SELECT count(*) FROM annotations WHERE task = 'echo'") == [(6,)]


@pytest.mark.proof
def test_a_part_that_is_not_labelled_yet_waits_for_its_labels(lake):
    store(lake, talk(2, "annoying"))

    early = answer_over(lake, FakeOver(over="fake@1"))
    answer_over(lake, FakeHandler())
    late = answer_over(lake, FakeOver(over="fake@1"))

    assert counts(early) == {"in": 6, "out": 6}
    assert dict(early["counters"])["parts_waiting_for_labels"] == 1
    assert counts(late) == {"in": 7, "out": 1, "unchanged": 6}


@pytest.mark.proof
def test_a_refused_row_is_replayed_with_its_labels(lake):
    refused = answer_over(lake, FakeOver(over="fake@1", poison="poison"), budget=1.0)
    assert counts(refused) == {"in": 6, "out": 5, "dead": 1}
    handler, opened = FakeOver(over="fake@1"), Lake.open(lake)
    request = new_request(opened, "replay", {"annotator_id": ECHO}, budget=1.0)
    task = ReplayTask(task_for(request, handler))
    row = run_stage(opened, request, lambda p: annotate_parts(p, task, handler), ())

    assert counts(row) == {"in": 1, "out": 1}
    assert ask(lake, f"{ECHOED} ORDER BY 1") == [("ANNOYANCE", 3), ("NEUTRAL", 3)]


@pytest.mark.rotated
def test_a_model_reads_whole_conversations_with_what_came_before(lake):
    # The conversation goes on, in another part of its bucket.
    store(lake, talk(3, *SAID[:2]))
    later = {"utterance_id": "test:3-9", "timestamp": DAY + timedelta(days=1)}
    store(lake, utterances("annoying", conversation_id="test:thread 3", **later))
    answer_over(lake, FakeHandler())
    assert len(Lake.open(lake).parts()) == 4

    row = answer_over(lake, FakeMood(over="fake@1", poison="poison"), budget=1.0)

    assert reconciles(row)
    # The conversation with the poison is refused as a whole.
    assert counts(row) == {"in": 9, "out": 6, "dead": 3}
    said = "SELECT utterance_id, label FROM annotations WHERE task = 'echo' ORDER BY 1"
    assert ask(lake, said) == [
        ("test:0-2", "2 NEUTRAL"),
        ("test:3-9", "2 ANNOYANCE"),
    ]


def test_an_annotator_is_meant_by_the_beginning_of_its_id(lake):
    opened = Lake.open(lake)

    assert annotator_meant(opened, "fake") == "fake@1"
    answer_over(str(lake), FakeOver(over="fake@1"))
    there = [row[0] for row in ask(lake, "SELECT annotator_id FROM annotators")]
    assert len(there) == 2
    with pytest.raises(
        UsageError, match=r"'flake' has answered in this lake; known: 'fake@1'"
    ):
        annotator_meant(opened, "flake")


def test_a_beginning_that_two_annotators_have_names_both(lake):
    answer_over(lake, FakeHandler(name="fake@10"))

    with pytest.raises(
        UsageError, match="'fa' is ambiguous, it may be 'fake@1', 'fake@10@1'; give"
    ):
        annotator_meant(Lake.open(lake), "fa")
    assert annotator_meant(Lake.open(lake), "fake@1") == "fake@1"


def test_a_model_that_reads_answers_is_told_whose_there_are(lake, tmp_path):
    with pytest.raises(UsageError, match=r"'Echo' .*'s annotations: .* of fake@1"):
        check_handler(Lake.open(lake), "Echo", FakeOver())

    empty = Lake.create(str(tmp_path / "empty"))
    with pytest.raises(UsageError, match=r"nothing is annotated .* `affectflow annota"):
        check_handler(empty, "Echo", FakeOver())


@pytest.mark.parametrize(
    ("options", "over", "said"),
    [
        pytest.param(
            {}, "fake", "'EmbeddedValence' does not read another", id="reads none"
        ),
        pytest.param(
            *(
                {},
                "Nobody",
                "does not read .*; and no annotator 'Nobody' .* known: 'fake@1'",
            ),
            id="reads none, and there is none",
        ),
        pytest.param({"over": "a"}, "b", "given twice, as a and b", id="said twice"),
    ],
)
def test_over_is_refused_before_a_row_is_read(lake, options, over, said):
    with pytest.raises(UsageError, match=said):
        with_over(Lake.open(lake), "EmbeddedValence", options, over)


# -- several annotators ----------------------------------------------------------------

EMBEDDERS = (CountLetters(), CountLetters(cues="as_written"))
IDS = [each.annotator()["annotator_id"] for each in EMBEDDERS]
SUM = FakeSum(over=joined(IDS))


def renew_vectors(lake_uri: str, annotator_id: str, part: str) -> None:
    """Writes the vectors of a part to another file, as a second run would."""
    lake, work = Lake.open(lake_uri), ("annotate", folder_of(annotator_id))
    receipt = read_receipt(lake, *work, part)
    assert receipt is not None
    (old,) = (file.path for file in receipt.files if file.table == "vectors")
    path = f"{work[1]}/{part}~1.parquet"
    rows = read_file(lake.storage, "vectors", old)
    receipt.files = [write_file(lake.storage, "vectors", path, rows)]
    lake.storage.write(receipt.to_json().encode(), *receipt_path(*work, part))
    commit(lake.storage, "vectors", receipt.files, [old])


@pytest.mark.proof
def test_a_model_that_reads_several_waits_for_all_and_follows_each(lake):
    answer_over(lake, EMBEDDERS[0])
    early = answer_over(lake, SUM)
    answer_over(lake, EMBEDDERS[1])
    late = answer_over(lake, SUM)

    assert counts(early) == {}
    assert dict(early["counters"]) == {"parts_waiting_for_labels": 2}
    assert counts(late) == {"in": 6, "out": 6}
    # Twice how often "a" is in each of the six texts.
    assert ask(lake, f"{ECHOED} ORDER BY 1") == [("0", 3), ("2", 2), ("6", 1)]

    renew_vectors(lake, max(IDS), Lake.open(lake).parts()[0])
    assert counts(answer_over(lake, SUM)) == {"in": 6, "out": 3, "unchanged": 3}


def test_several_annotators_are_one_option_in_any_order(lake):
    vectors = [{"utterance_id": "test:0-0", "annotator_id": each} for each in IDS]
    add_rows(lake, "vectors", vectors)
    opened = Lake.open(lake)

    found = with_over(opened, "FusedClassifier", None, f"{max(IDS)}, {min(IDS)}")

    assert found == {"over": ",".join(sorted(IDS))}
    one = r"'ConversationEmotions' reads the answers of one .* names 2, 'fake@' and"
    with pytest.raises(UsageError, match=one):
        with_over(opened, "ConversationEmotions", None, f"fake@,{IDS[0]}")
    with pytest.raises(UsageError, match="no annotator 'nobody@' has answered"):
        with_over(opened, "FusedClassifier", None, f"{IDS[0]},nobody@")


def test_what_several_annotators_touch_is_touched_by_what_reads_them(lake):
    first, second = (each.annotator() for each in EMBEDDERS)
    rows = [first, {**second, "touches": ["biometric", "health"]}, SUM.annotator()]
    opened = Lake.open(lake)
    for row in rows:
        write_annotator(opened, row)
    add_rows(lake, "annotators", rows)

    with pytest.raises(UsageError, match=f"{re.escape(IDS[1])} reads emotions"):
        check_use(opened, SUM.annotator()["annotator_id"])
    hidden = ask(lake, "SELECT annotator_id FROM health_annotators ORDER BY 1")
    assert hidden == [(IDS[1],), (SUM.annotator()["annotator_id"],)]
