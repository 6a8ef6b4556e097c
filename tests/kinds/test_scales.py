"""Values that are not on the scale of their vocabulary."""

import numpy as np
import pytest

from affectflow.batches.labelling import Answer
from affectflow.kinds.scales import on_scale
from affectflow.schemas import Status

OK, CUT, SILENT = Status.OK, Status.TRUNCATED, Status.NO_AUTHOR_TEXT
OUT = Status.OUT_OF_RANGE


def looked_at(values, statuses=None, **given):
    matrix = np.array(values, np.float32).reshape(len(values), -1)
    answer = Answer(
        task="valence",
        vocabulary=given.pop("vocabulary", "vad"),
        labels=tuple("ab"[: matrix.shape[1]]),
        values=matrix,
        **{"chosen": np.ones(matrix.shape, np.bool_), **given},
    )
    statuses = np.array(statuses or [OK] * len(values), np.int8)
    found, after = on_scale(answer, statuses)
    return found.values.tolist(), after.tolist()


@pytest.mark.parametrize(
    ("values", "given", "statuses"),
    [
        pytest.param([0, 0.5, 1], {}, [OK, OK, OK], id="vad is from 0 to 1"),
        pytest.param([-2.4, 0.5, 1.1], {}, [OUT, OK, OUT], id="outside"),
        pytest.param([-2.4, 3.1], {"scale": (-3, 3)}, [OK, OUT], id="a scale given"),
        pytest.param([-2.4], {"vocabulary": "mine"}, [OK], id="no scale is known"),
        pytest.param([9.0], {"vocabulary": "ekman"}, [OK], id="a vocabulary of labels"),
        pytest.param([np.inf, -np.inf], {}, [OUT, OUT], id="without end"),
        pytest.param([[0.5, 2.0]], {}, [OUT], id="one of two"),
        pytest.param(
            [[0.5, 2.0]],
            {"chosen": np.array([[True, False]])},
            [OK],
            id="one that is not part of the answer",
        ),
    ],
)
def test_a_value_outside_the_scale_is_no_answer(values, given, statuses):
    assert looked_at(values, **given)[1] == statuses


def test_only_what_was_labelled_can_be_outside():
    assert looked_at([7, 7, 7], [CUT, SILENT, Status.REFUSED])[1] == [
        OUT,
        SILENT,
        Status.REFUSED,
    ]


def test_rounding_is_not_outside():
    values, statuses = looked_at([1.000001, -0.000001])

    assert statuses == [OK, OK]
    assert values == [[1.0], [0.0]]
