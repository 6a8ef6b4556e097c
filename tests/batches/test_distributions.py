import numpy as np
import pyarrow as pa
import pytest

from affectflow.batches.batch import conform
from affectflow.batches.distributions import UNSTORED, distribution
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, fields
from affectflow_transforms.models.emotions.embedded import (
    EmbeddedEmotions,
    emotion_model,
)

SIX = ("anger", "disgust", "fear", "joy", "sadness", "surprise")


def stored(*rows):
    """Returns a batch whose rows hold labels with scores, by an annotator `a`."""
    lists = [
        [
            {
                "annotator_id": "a",
                "task": "emotion",
                "vocabulary": "ekman",
                "label": label,
                "score": score,
                "chosen": True,
                "status": "ok",
            }
            | more
            for label, score, more in row
        ]
        for row in rows
    ]
    column = pa.array(lists, ANNOTATIONS_COLUMN.type)
    return pa.RecordBatch.from_arrays([column], ["annotations"])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(
            [("joy", 0.9, {})],
            [0.02, 0.02, 0.02, 0.9, 0.02, 0.02],
            id="what is missing is spread over the labels that are",
        ),
        pytest.param(
            [("joy", 0.5, {})],
            # 0.1 each would be stored; 0.5 + 5 x 0.05 = 0.75.
            np.array([0.05, 0.05, 0.05, 0.5, 0.05, 0.05]) / 0.75,
            id="no missing label is above what would be stored",
        ),
        pytest.param(
            [("joy", 0.8, {}), ("anger", 0.4, {})],
            np.array([0.4, UNSTORED, UNSTORED, 0.8, UNSTORED, UNSTORED]) / 1.24,
            id="labels that do not exclude one another",
        ),
        pytest.param(
            [("fear", None, {})],
            np.array([UNSTORED, UNSTORED, 1, UNSTORED, UNSTORED, UNSTORED]) / 1.05,
            id="chosen, and no score",
        ),
        pytest.param(
            [("joy", 0.9, {}), ("anger", 0.9, {"annotator_id": "b"})],
            [0.02, 0.02, 0.02, 0.9, 0.02, 0.02],
            id="another annotator's labels are not read",
        ),
        pytest.param(
            [("joy", 0.9, {}), ("joy", 0.1, {"perspective": "reader"})],
            [0.02, 0.02, 0.02, 0.9, 0.02, 0.02],
            id="of one label twice, the first",
        ),
        pytest.param(
            [(None, None, {"status": "unsupported_language"})],
            [np.nan] * 6,
            id="no answer",
        ),
        pytest.param([], [np.nan] * 6, id="not asked"),
    ],
)
def test_an_answer_is_spread_over_all_labels(row, expected):
    found = distribution(stored(row), "a", "ekman")

    np.testing.assert_allclose(found, [expected], atol=1e-6)


def test_rows_keep_their_place_and_sum_to_one():
    batch = stored([("joy", 0.9, {})], [], [("anger", 0.6, {}), ("joy", 0.3, {})])

    found = distribution(batch, "a", "ekman")

    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(found[[0, 2]].sum(axis=1), 1, atol=1e-6)
    assert found.argmax(axis=1)[[0, 2]].tolist() == [3, 0]
    assert found[2, 1] == pytest.approx(0.1 / 4)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("tie", "least"), [(0.5, 0.999), (1.0, 0.995), (1.5, 0.985), (2.0, 0.95)]
)
def test_a_decoder_loses_what_the_page_says_by_labels_that_are_not_stored(
    shared_data, tie, least
):
    path = shared_data / "goemotions" / "dev.tsv"
    texts = [line.split("\t")[0] for line in path.read_text("utf-8").splitlines()]
    handler, model = EmbeddedEmotions(tasks=("emotion",)), emotion_model()
    batch = pa.record_batch({"text": texts, "segments": pa.array([[]] * len(texts))})
    batch = conform(batch, fields(UTTERANCES, "text", "segments", "lang"))
    answered = handler.predict(batch, model)
    full = model.scores(texts).astype(np.float64)
    full /= full.sum(axis=1, keepdims=True)

    annotator_id = handler.annotator()["annotator_id"]
    found = distribution(answered, annotator_id, "goemotions")
    read = ~np.isnan(found).any(axis=1)

    same = decoded(found[read], tie) == decoded(full[read], tie)
    assert len(texts) == 5426
    assert read.mean() > 0.9
    assert same.mean() >= least


def decoded(scores, tie, turns=10):
    """Returns the likeliest labels of runs of turns; `tie` is for keeping a label."""
    paths = []
    for start in range(0, len(scores), turns):
        first, *rest = np.log(np.maximum(scores[start : start + turns], 1e-9))
        best, back = first, []
        for emitted in rest:
            stays = best + tie >= best.max()
            back.append(np.where(stays, np.arange(len(best)), best.argmax()))
            best = np.maximum(best + tie, best.max()) + emitted
        path = [int(best.argmax())]
        for came_from in reversed(back):
            path.append(int(came_from[path[-1]]))
        paths += path[::-1]
    return np.array(paths)
