import numpy as np
import pyarrow as pa
import pytest

from affectflow.batches.distributions import UNSTORED, distribution
from affectflow.schemas import ANNOTATIONS_COLUMN

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
