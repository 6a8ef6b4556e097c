import pyarrow as pa
import pytest

from affectflow import testing
from affectflow.errors import UsageError
from affectflow.kinds.transform import Chain
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, fields
from affectflow.steps.annotate import Annotate
from affectflow_transforms.models.conversations.mean import ConversationEmotions
from tests.given.factories import utterances

COLUMNS = pa.schema(
    [*fields(UTTERANCES, "conversation_id", "timestamp"), ANNOTATIONS_COLUMN]
)


def turns(*rows, **more):
    """Returns turns `(conversation, label, score)` of the annotator `a`, by Ekman."""
    said = [
        {
            "conversation_id": name,
            "annotations": [
                {
                    "annotator_id": "a",
                    "task": "emotion",
                    "vocabulary": "ekman",
                    "label": label,
                    "score": score,
                    "chosen": True,
                    "status": "ok" if label else "no_author_text",
                    **more,
                }
            ],
        }
        for name, label, score in rows
    ]
    return pa.RecordBatch.from_pylist(said, schema=COLUMNS)


def answered(batch, **options):
    """Returns, for each turn, label, score and status of what was added."""
    handler = ConversationEmotions(over="a", **{"vocabulary": "ekman", **options})
    lists = handler.apply(batch, handler.load_model())["annotations"].to_pylist()
    return [
        [(e["label"], e["score"], e["status"]) for e in row if e["annotator_id"] != "a"]
        for row in lists
    ]


def test_a_conversation_has_the_mean_of_its_turns_at_its_last():
    # The rest of a turn is spread over five labels: 0.02 each, and 0.04 each.
    batch = turns(("x", "joy", 0.9), ("y", "fear", 0.9), ("x", "anger", 0.8))

    first, alone, last = answered(batch)

    assert first == []
    assert alone == [("fear", pytest.approx(0.9), "ok")]
    assert last == [
        ("joy", pytest.approx((0.9 + 0.04) / 2), "ok"),
        ("anger", pytest.approx((0.02 + 0.8) / 2), "ok"),
    ]


def test_a_turn_without_an_answer_counts_for_nothing():
    batch = turns(("x", "joy", 0.9), ("x", None, None), ("y", None, None))

    assert answered(batch) == [
        [],
        [("joy", pytest.approx(0.9), "ok")],
        [(None, None, "abstained")],
    ]


def test_labels_of_another_vocabulary_are_no_labels_of_this():
    batch = turns(("x", "joy", 0.9))

    with pytest.raises(UsageError, match=r"'a' answers in 'ekman', not in 'vad'; give"):
        answered(batch, vocabulary="vad")


def test_it_keeps_the_promises_of_a_model():
    testing.check_model(ConversationEmotions(over="sample@1"))


@pytest.mark.proof
def test_a_pipeline_labels_conversations_behind_their_turns():
    steps = Chain(
        Annotate(options={"tasks": ("emotion",)}),
        Annotate(),
        Annotate(model="ConversationEmotions", over="EmbeddedEmotions@"),
    )
    batch = utterances("thank you so much!", "thanks", conversation_id="test:x")

    rows = testing.run(steps, batch)["annotations"].to_pylist()

    found = [[e for e in row if e["task"] == "conversation_emotion"] for row in rows]
    assert [[e["label"] for e in row if e["chosen"]] for row in found] == [
        [],
        ["gratitude"],
    ]
    assert all(len({e["annotator_id"] for e in row}) == 3 for row in rows[1:])
