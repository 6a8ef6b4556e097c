"""Corrected shares in parts of a lake: the estimator of the whole, part by part."""

import pytest

from affectflow.gold.figures.accuracy import wilson
from affectflow.gold.figures.differences import difference
from affectflow.gold.judging.findings import judge
from affectflow.gold.judging.parts import decided_messages, shares_in
from affectflow.gold.targets.labels import Target
from affectflow.lake import Lake, open_lake
from tests.given.gold_lakes import CAREFUL, imported, sampled
from tests.given.validation_lakes import MODEL, fill

FRUSTRATION = Target("frustration", "frustration", "frustration")
PARTS = """
SELECT {part} AS part, utterance_id, conversation_id, flagged
FROM flagged_messages WHERE annotator_id = '{model}' AND measure = 'frustration'"""
THREAD = "split_part(conversation_id, '-', 2)::INTEGER"


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = sampled(tmp_path_factory.mktemp("parts"))
    lake = Lake.open(str(folder / "lake"))
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    judge(lake)
    return open_lake(lake.uri)


def shares(connection, part):
    decided = decided_messages(connection, MODEL, FRUSTRATION)
    return shares_in(connection, decided, PARTS.format(part=part, model=MODEL))


@pytest.mark.rotated
def test_the_share_of_the_whole_is_the_one_that_gold_gives(judged):
    (told,) = judged.execute(
        "SELECT value, low, high FROM measures WHERE kind = 'prevalence' "
        "AND label = 'frustration' AND unit_id = ?",
        [MODEL],
    ).fetchall()

    assert shares(judged, "'all'")["all"] == pytest.approx(told)


def test_a_part_rests_on_its_own_answers(judged):
    halves = shares(judged, f"CASE WHEN {THREAD} < 120 THEN 'first' ELSE 'second' END")

    assert set(halves) == {"first", "second"}
    for found in halves.values():
        assert 0 < found.low <= found.value <= found.high < 1


def test_a_part_with_too_few_answers_has_no_share(judged):
    assert shares(judged, f"CASE WHEN {THREAD} < 12 THEN 'few' END") == {}


def test_a_difference_is_newcombes():
    # Newcombe 1998, table II, row a, method 10: 56/70 and 48/80.
    found = difference(wilson(56 / 70, 70), wilson(48 / 80, 80))

    assert [round(each, 4) for each in found] == [0.2, 0.0524, 0.3339]
