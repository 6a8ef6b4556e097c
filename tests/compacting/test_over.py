"""What annotators over others made follows when parts merge, or probabilities come.

The models are fakes: they prove routing and counting only.
"""

import pytest

from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.stages.calibrate import apply, calibrate
from affectflow.stages.replay import replay
from affectflow.stages.runs.answers import folder_of
from affectflow.stages.runs.results import Receipts, Work
from affectflow.stages.upkeep.compact import compact
from tests.compacting.lakes import answers, part_count
from tests.given import calibration_lakes
from tests.given.fake_embedder import CountLetters
from tests.given.fake_over import FakeMood, FakeOver, FakeReader, answer_over
from tests.given.stage_runs import ask, counts

pytestmark = pytest.mark.proof

ECHO = FakeOver(over="fake@1")
MOOD = FakeMood(over=ECHO.annotator()["annotator_id"], name="a mood")
"""Over another over another; its folder comes before that of what it reads."""

ECHOED = "SELECT utterance_id, label FROM annotations WHERE task = 'echo' ORDER BY 1"


def test_what_reads_labels_is_merged_after_them(lake, tmp_path):
    answer_over(lake, ECHO)
    answer_over(lake, MOOD)
    assert folder_of(MOOD.annotator()["annotator_id"]) < folder_of(MOOD.over)
    before, parts = answers(lake), part_count(lake)

    compact(lake)

    assert part_count(lake) < parts
    assert answers(lake) == before
    log = tmp_path / "calls"
    again = [
        answer_over(lake, FakeOver(over="fake@1", calls=str(log))),
        answer_over(lake, FakeMood(over=MOOD.over, name="a mood", calls=str(log))),
    ]
    assert [counts(row) for row in again] == [{"in": 60, "unchanged": 60}] * 2
    assert not log.exists()


def test_each_merged_part_rests_on_the_merged_labels(lake):
    answer_over(lake, ECHO)
    answer_over(lake, MOOD)

    compact(lake)

    receipts, live = Receipts(Lake.open(lake)), set(Lake.open(lake).parts())
    for handler, read in ((ECHO, "fake@1"), (MOOD, MOOD.over)):
        work = Work("annotate", folder_of(handler.annotator()["annotator_id"]))
        for part, receipt in receipts.of(work, live).items():
            assert receipt.base == [f"{folder_of(read)}/{part}.parquet"]


def test_a_second_model_is_not_asked_again_for_new_probabilities(tmp_path):
    lake = calibration_lakes.full(tmp_path)
    handler = FakeOver(over=calibration_lakes.ANNOTATOR)
    answer_over(lake, handler)
    before = ask(lake, ECHOED)

    calibrate(lake, annotator_id=calibration_lakes.ANNOTATOR)
    row = answer_over(lake, handler)

    assert counts(row) == {"in": 120, "unchanged": 120}
    assert ask(lake, ECHOED) == before
    assert [counts(each) for each in apply(lake)] == [{"in": 120, "unchanged": 120}]


def test_replay_makes_the_model_again_with_what_it_read(lake):
    answer_over(lake, FakeOver(over="fake@1", poison="fine"), budget=1.0)
    labels = "SELECT utterance_id FROM annotations WHERE annotator_id = 'fake@1'"
    labelled = ask(lake, f"{labels} ORDER BY 1")
    assert len(ask(lake, ECHOED)) < len(labelled)

    def made(config):
        if config["handler"] != "FakeOver":
            raise UsageError("this one stays as it is")
        return FakeOver(**{**config["arguments"], "poison": ""})

    with pytest.raises(UsageError, match="stays as it is"):
        replay(lake, handler_for=made)

    assert [row[0] for row in ask(lake, ECHOED)] == [row[0] for row in labelled]


def test_a_second_compact_changes_nothing(lake):
    answer_over(lake, ECHO)
    compact(lake)
    before = answers(lake)

    compact(lake)

    assert answers(lake) == before
    assert counts(answer_over(lake, ECHO)) == {"in": 60, "unchanged": 60}


def test_what_reads_vectors_rests_on_the_merged_vectors(lake):
    answer_over(lake, CountLetters())
    reader = FakeReader(over=CountLetters().annotator()["annotator_id"])
    answer_over(lake, reader)
    before, parts = answers(lake), part_count(lake)

    compact(lake)

    assert part_count(lake) < parts
    assert answers(lake) == before
    assert counts(answer_over(lake, reader)) == {"in": 60, "unchanged": 60}
