"""Second texts of SequenceClassifier: earlier turns, and what a message answers."""

import pyarrow as pa
import pytest

from affectflow.batches.readings import read
from affectflow.errors import UsageError
from affectflow.schemas import UTTERANCES, fields
from affectflow_transforms.models.sequence_classifier import SequenceClassifier
from affectflow_transforms.models.sequence_classifier.pairs import (
    apart,
    earlier_turns,
    paired,
    parents,
)
from tests.given.tiny_classifier import handler_for, save_tiny

_COLUMNS = ("utterance_id", "conversation_id", "reply_to", "text", "segments")


def thread(*rows):
    """Returns a batch of rows of id, conversation, what it answers, and text."""
    ids, conversations, answered, texts = zip(*rows, strict=True)
    schema = fields(UTTERANCES, *_COLUMNS)
    nulls = pa.nulls(len(rows), schema.field("segments").type)
    columns = [ids, conversations, answered, texts]
    arrays = [pa.array(column, pa.string()) for column in columns]
    return pa.record_batch([*arrays, nulls], schema=schema)


TWO = thread(
    ("1", "a", None, "one"),
    ("2", "b", None, "other"),
    ("3", "a", "1", ""),
    ("4", "a", "3", "three"),
    ("5", None, None, "alone"),
    ("6", "a", "2", "four"),
    ("7", "b", "9", "another"),
)


@pytest.mark.parametrize(
    ("turns", "wanted"),
    [
        pytest.param(
            1, [None, None, "one", None, None, "three", "other"], id="one turn"
        ),
        pytest.param(
            2,
            [None, None, "one", "one", None, "three", "other"],
            id="silence is a turn, and says nothing",
        ),
        pytest.param(
            9,
            [None, None, "one", "one", None, "one\nthree", "other"],
            id="more than there are",
        ),
    ],
)
def test_earlier_turns_are_those_of_the_conversation(turns, wanted):
    assert earlier_turns(TWO, read(TWO), turns).to_pylist() == wanted


def test_a_batch_without_rows_has_no_turns():
    empty = TWO.slice(0, 0)

    assert earlier_turns(empty, read(empty), 3).to_pylist() == []


def test_a_parent_is_what_a_message_answers_if_it_is_there_and_says_something():
    found = parents(TWO, read(TWO)).to_pylist()

    assert found == [None, None, "one", None, None, "other", None]


def test_pairs_come_apart_as_they_were_put_together():
    first, second = pa.array(["a", "b\x1ec", ""]), pa.array(["x", None, "z"])

    found = [apart(text) for text in paired(first, second).to_pylist()]

    assert found == [("a", "x"), "b c", ("", "z")]


@pytest.mark.parametrize(
    "options",
    [{"context": -1}, {"context": 2, "pair": "parent"}, {"pair": "child"}],
)
def test_what_cannot_be_read_together_is_refused(tmp_path, options):
    with pytest.raises(
        UsageError, match=r"`context` must be at least 0|`pair` must be one of"
    ):
        SequenceClassifier(model=str(tmp_path), **options)


SAID = thread(
    ("1", "a", None, "why is this broken"),
    ("2", "a", "1", "this is good"),
    ("3", "a", "2", "thanks"),
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny")


def scores(out):
    return [
        {each["label"]: each["score"] for each in row}
        for row in out["annotations"].to_pylist()
    ]


def expected(folder, *texts):
    """Returns what the library itself gives for a text, or for two."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.inference_mode():
        logits = network(**tokenizer(*texts, return_tensors="pt")).logits
    names = network.config.id2label
    return {names[n]: p for n, p in enumerate(logits.softmax(-1)[0].tolist())}


@pytest.mark.torch
def test_what_was_said_before_is_the_second_text(tiny):
    handler = handler_for(tiny, context=2)

    found = scores(handler.apply(SAID, handler.load_model()))

    before = "why is this broken\nthis is good"
    wanted = [
        expected(tiny, "why is this broken"),
        expected(tiny, "this is good", "why is this broken"),
        expected(tiny, "thanks", before),
    ]
    for mine, theirs in zip(found, wanted, strict=True):
        assert mine == pytest.approx({k: theirs[k] for k in mine}, abs=1e-5)


@pytest.mark.torch
def test_the_second_text_is_cut_at_its_beginning_and_the_first_one_never_for_it(tiny):
    handler = handler_for(tiny, context=1, max_tokens=7)

    out = handler.apply(SAID, handler.load_model())

    # Seven tokens: three marks and three words leave room for one word before.
    theirs = expected(tiny, "this is good", "broken")
    mine = scores(out)[1]
    assert mine == pytest.approx({k: theirs[k] for k in mine}, abs=1e-5)
    assert {a["status"] for row in out["annotations"].to_pylist() for a in row} == {
        "ok"
    }


@pytest.mark.torch
def test_a_message_that_answers_none_is_not_asked_about(tiny):
    handler = handler_for(tiny, pair="parent")

    out = handler.apply(SAID, handler.load_model())

    statuses = [{a["status"] for a in row} for row in out["annotations"].to_pylist()]
    assert statuses == [{"abstained"}, {"ok"}, {"ok"}]
    theirs = expected(tiny, "thanks", "this is good")
    mine = scores(out)[2]
    assert mine == pytest.approx({k: theirs[k] for k in mine}, abs=1e-5)
