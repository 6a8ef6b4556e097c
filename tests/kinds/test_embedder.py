import pytest

from affectflow.errors import UsageError
from affectflow.schemas import VECTORS_COLUMN
from affectflow.testing import check_model
from tests.given.fake_embedder import CountLetters
from tests.given.fake_model import Anything
from tests.given.utterance_batches import batch_of


def vectors(out):
    """Returns the vectors of each row."""
    return [[each["vector"] for each in row] for row in out["vectors"].to_pylist()]


def test_a_row_gets_the_vector_of_its_own_text_and_silence_none(tmp_path):
    handler = CountLetters(calls=str(tmp_path / "calls"))

    out = handler.apply(batch_of(["abba", "", "bee", None, "abba"]), Anything())

    assert vectors(out) == [[[2, 2, 0]], [], [[0, 1, 2]], [], [[2, 2, 0]]]
    assert (tmp_path / "calls").read_text() == "2\n"
    (found,) = out["vectors"].to_pylist()[0]
    assert found["annotator_id"] == handler.annotator()["annotator_id"]
    assert (found["modality"], found["start_s"]) == ("text", None)


def test_a_text_that_fails_is_alone_in_failing():
    handler = CountLetters(poison="bad")

    out = handler.apply(batch_of(["abba", "bad", "bee"]), Anything())

    assert vectors(out) == [[[2, 2, 0]], [], [[0, 1, 2]]]
    errors = [row[0]["message"] if row else "" for row in out["errors"].to_pylist()]
    assert errors == ["", "this text cannot be read", ""]


def test_vectors_of_two_embedders_stand_side_by_side():
    once = CountLetters().apply(batch_of(["abba", ""]), Anything())

    twice = CountLetters(cues="as_written").apply(once, Anything())

    assert vectors(twice) == [[[2, 2, 0]] * 2, []]
    assert len({each["annotator_id"] for each in twice["vectors"].to_pylist()[0]}) == 2


def test_a_batch_without_rows_gets_the_column():
    out = CountLetters().apply(batch_of([]), Anything())

    assert out.schema.field("vectors").type == VECTORS_COLUMN.type


def test_an_embedder_keeps_the_promises_of_models():
    check_model(CountLetters())


def test_cues_are_read_in_words_or_as_written():
    with pytest.raises(UsageError, match="`cues` must be one of"):
        CountLetters(cues="loud")
