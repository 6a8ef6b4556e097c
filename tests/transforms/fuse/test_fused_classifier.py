"""FusedClassifier: rows without a modality, and vectors that it was not fitted on."""

import numpy as np
import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.schemas import VECTORS_COLUMN
from affectflow.steps.annotate import Annotate
from affectflow_transforms.fuse import saved
from affectflow_transforms.fuse.model import FusedClassifier, shares_of

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

PLAN = saved.Plan(
    annotators=("text@1", "voice@1"),
    widths=(2, 3),
    width=4,
    labels=("anger", "joy"),
    vocabulary="moods",
    task="emotion",
)


# -- what is missing -------------------------------------------------------------------


def network():
    """Returns a network of the plan above, of random weights."""
    import torch

    torch.manual_seed(0)
    return saved.network_of(PLAN).eval()


def test_a_modality_that_is_missing_is_not_a_vector_of_zeros():
    text = np.array([[1.0, -1.0], [1.0, -1.0]], np.float32)
    voice = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], np.float32)
    there = np.array([[True, True], [True, False]])

    zeros, missing = shares_of(network(), [text, voice], there)

    assert np.abs(zeros - missing).max() > 1e-3
    # What stands in for a vector that is not there is not read.
    other = shares_of(network(), [text, voice + 9], there)
    assert other[1] == pytest.approx(missing)
    assert np.abs(other[0] - zeros).max() > 1e-3


def test_modalities_are_dropped_at_random_but_never_the_last_of_a_row():
    import torch

    from affectflow_transforms.fuse.network import some_dropped

    torch.manual_seed(0)
    there = torch.ones(3, 2_000, dtype=torch.bool)
    there[1:, 0] = False

    left = some_dropped(there, 0.5)

    assert (left <= there).all()
    assert left.any(dim=0).all()
    assert left[:, 0].tolist() == [True, False, False]
    assert 0.5 < float(left.float().mean()) < 0.6  # a half, and those that must stay


# -- the model -------------------------------------------------------------------------


@pytest.fixture
def weights(tmp_path):
    """A folder of random weights."""
    (tmp_path / saved.FILE).write_bytes(
        saved.written(network(), PLAN, {"licence": "mit"})
    )
    return str(tmp_path)


def row_of(**vectors: list[list[float]]) -> pa.RecordBatch:
    """Returns a row with the vectors of some annotators, `text=[[...], ...]`."""
    items = [
        {"annotator_id": f"{name}@1", "modality": name, "vector": each}
        for name, own in vectors.items()
        for each in own
    ]
    return pa.RecordBatch.from_pylist([{"vectors": items}], pa.schema([VECTORS_COLUMN]))


def answers(model: FusedClassifier, batch: pa.RecordBatch) -> list[tuple]:
    rows = model.apply(batch, model.load_model())["annotations"].to_pylist()
    return [
        (each["label"], each["score"] and round(each["score"], 4), each["status"])
        for row in rows
        for each in row
    ]


def test_a_row_is_labelled_by_what_it_has_and_the_mean_of_several_vectors(weights):
    model = FusedClassifier(weights=weights, over="text@1,voice@1")

    both = answers(model, row_of(text=[[1, -1]], voice=[[2, 0, 1]]))
    one = answers(model, row_of(text=[[1, -1]]))
    nothing = answers(model, row_of(text=[[float("nan"), 1]], face=[[1, 1]]))

    assert [len(both), both[0][2], len(one), one[0][2]] == [2, "ok", 2, "ok"]
    assert one != both
    assert nothing == [(None, None, "abstained")]
    assert answers(model, row_of(text=[[0, -2], [2, 0]])) == one
    # An annotator that --over does not name is not read.
    alone = FusedClassifier(weights=weights, over="text@1")
    assert answers(alone, row_of(text=[[1, -1]], voice=[[2, 0, 1]])) == one


def test_vectors_of_others_and_of_another_width_are_refused(weights):
    model = FusedClassifier(weights=weights, over="text@1,voice@1")

    with pytest.raises(UsageError, match=r"voice@1 that are 3 .* here one is 2: let"):
        model.apply(row_of(voice=[[1, 2]]), model.load_model())
    with pytest.raises(UsageError, match=r"of text@1 and voice@1, not on .* face@1: "):
        FusedClassifier(weights=weights, over="face@1,text@1")
    # In a pipeline, too, and in any order.
    Annotate(model=weights, over="voice@1, text@1")
    with pytest.raises(UsageError, match=r"not on those of face@1: "):
        Annotate(model=weights, over="voice@1,face@1")
