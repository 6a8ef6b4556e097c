import json
import pickle

import numpy as np
import pytest

from affectflow import schemas, weights
from affectflow.errors import UsageError
from affectflow.vocabularies import get
from affectflow_transforms.models.emotions.embedded import EmbeddedEmotions
from tests.given.utterance_batches import batch_of


@pytest.fixture(scope="module")
def handler():
    return EmbeddedEmotions()


@pytest.fixture(scope="module")
def model(handler):
    return handler.load_model()


def statuses(out):
    return [{each["status"] for each in row} for row in out["annotations"].to_pylist()]


def test_the_plainest_words_of_an_emotion_are_recognised(handler, model):
    texts = ["Thank you so much!", "I love this", "I am so angry about this"]

    out = handler.apply(batch_of(texts), model)

    first = [row[0] for row in out["annotations"].to_pylist()]
    assert [each["label"] for each in first] == ["gratitude", "love", "anger"]
    assert all(each["chosen"] for each in first)


def test_every_annotation_names_its_annotator_and_vocabulary(handler, model):
    out = handler.apply(batch_of(["Thank you so much!"]), model)

    annotator = handler.annotator()
    *emotions, frustration = out["annotations"][0].as_py()
    assert (frustration["task"], frustration["vocabulary"]) == ("frustration",) * 2
    assert frustration["label"] == "frustration"
    for each in (*emotions, frustration):
        assert each["annotator_id"] == annotator["annotator_id"]
        assert 0 <= each["score"] <= 1
    for each in emotions:
        assert (each["task"], each["vocabulary"]) == ("emotion", "goemotions")
        assert each["label"] in get("goemotions").labels


def test_a_task_that_is_not_wanted_is_not_answered(model):
    out = EmbeddedEmotions(tasks=("frustration",)).apply(batch_of(["hi"]), model)

    assert [each["task"] for each in out["annotations"][0].as_py()] == ["frustration"]


@pytest.mark.parametrize(
    ("text", "lang", "status"),
    [
        pytest.param("Thank you so much!", None, "ok", id="nobody says the language"),
        pytest.param("Thank you so much!", "en", "ok", id="English"),
        pytest.param("Thank you so much!", "en-GB", "ok", id="British English"),
        pytest.param("Thank you so much!", "und", "ok", id="undetermined"),
        pytest.param("Thank you so much!", "eng", "ok", id="English, in three letters"),
        pytest.param("Vielen Dank!", "de", "unsupported_language", id="German"),
        pytest.param("thanks", "enm", "unsupported_language", id="Middle English"),
        pytest.param(
            "ありがとうございます、本当に助かりました",
            None,
            "unsupported_language",
            id="Japanese, and nobody says so",
        ),
        pytest.param("", None, "no_author_text", id="empty"),
        pytest.param(None, "de", "no_author_text", id="null, in whatever language"),
        pytest.param("good " * 3_000, None, "truncated", id="too long"),
    ],
)
def test_statuses(handler, model, text, lang, status):
    out = handler.apply(batch_of([text], [lang]), model)

    assert statuses(out) == [{status}]
    labelled = status in ("ok", "truncated")
    assert all(
        (a["label"] is not None) == labelled for a in out["annotations"][0].as_py()
    )


def test_a_text_has_the_same_labels_in_every_batch_and_place(handler, model):
    texts = ["Thank you", "", "this is terrible", "Thank you", "what?", "Vielen Dank"]
    alone = [handler.apply(batch_of([text]), model) for text in texts]

    together = handler.apply(batch_of(texts), model)

    expected = [out["annotations"][0].as_py() for out in alone]
    assert together["annotations"].to_pylist() == expected


def test_each_text_is_scored_once(handler, model):
    class Counted:
        emotions, threshold = model.emotions, model.threshold

        def __init__(self):
            self.seen = []

        def scores(self, texts):
            self.seen += texts
            return model.scores(texts)

    counted = Counted()

    out = handler.apply(batch_of(["+1", "no", "+1", "", "+1"]), counted)

    assert counted.seen == ["+1", "no"]
    assert out["annotations"][0] == out["annotations"][4]


def test_a_second_annotator_leaves_the_firsts_labels(handler, model):
    once = handler.apply(batch_of(["Thank you so much!"]), model)
    other = EmbeddedEmotions(cues="as_written")

    twice = other.apply(once, model)

    first, both = once["annotations"][0].as_py(), twice["annotations"][0].as_py()
    assert both[: len(first)] == first
    ids = {each["annotator_id"] for each in both[len(first) :]}
    assert ids == {other.annotator()["annotator_id"]}
    assert ids != {handler.annotator()["annotator_id"]}


def test_chosen_labels_are_those_that_reach_their_threshold(handler, model):
    texts = ["Thank you so much, I love it!", "why does this fail?", "meh", "ok"]

    out = handler.apply(batch_of(texts), model)

    names = (*model.emotions.labels, "frustration")
    values = (*model.emotions.thresholds, np.float32(model.threshold))
    thresholds = dict(zip(names, values, strict=True))
    for row in out["annotations"].to_pylist():
        for each in row:
            reaches = np.float32(each["score"]) >= thresholds[each["label"]]
            assert each["chosen"] == reaches


def test_an_empty_batch_is_annotated(handler, model):
    out = handler.apply(batch_of([]), model)

    assert out.num_rows == 0
    assert out.schema.field("annotations").type == schemas.ANNOTATIONS_COLUMN.type


def test_the_annotator_is_a_row_of_its_table(handler):
    row = handler.annotator()

    assert set(row) <= set(schemas.ANNOTATORS.names)
    assert row["revision"] == weights.revision(
        "affectflow_transforms.models.emotions",
        "affectflow_transforms.models.frustration",
        "affectflow_transforms.models.senses",
    )
    assert row["annotator_id"].startswith(f"EmbeddedEmotions@{row['revision'][:8]}+")
    assert row["commercial_use"] is True
    assert json.loads(row["parameters"]) == {
        "cues": "in_text",
        "tasks": ["emotion", "frustration"],
    }


def test_a_handler_survives_the_way_to_a_worker(handler):
    assert pickle.loads(pickle.dumps(handler)) == handler


def test_tasks_that_it_does_not_answer_are_refused():
    with pytest.raises(UsageError, match="`tasks` must be among"):
        EmbeddedEmotions(tasks=("emotion", "valence"))


def test_another_word_for_cues_is_refused():
    with pytest.raises(UsageError, match=r"`cues` must be one of .*'in_text'"):
        EmbeddedEmotions(cues="no")
