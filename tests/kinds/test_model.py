import pickle
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from apache_beam.ml.inference.base import RunInference

from affectflow import testing
from affectflow.errors import MissingColumnError, MissingExtraError
from affectflow.kinds.model import BatchModelHandler


class Words:
    """A model: the number of letters that makes a text long."""

    def __init__(self, length: int):
        self.length = length


@dataclass(kw_only=True)
class Long(BatchModelHandler[Words]):
    """Says whether a text is long; breaks on a text with a `!`."""

    length: int = 3

    requires: ClassVar[pa.Schema] = pa.schema([pa.field("text", pa.string())])
    provides: ClassVar[pa.Schema] = pa.schema([pa.field("long", pa.bool_())])

    def load_model(self) -> Words:
        return Words(self.length)

    def predict(self, batch: pa.RecordBatch, model: Words) -> pa.RecordBatch:
        if pc.any(pc.match_substring(batch["text"], "!")).as_py():
            raise ValueError("cannot read a shout")
        long = pc.greater_equal(pc.utf8_length(batch["text"]), model.length)
        return batch.append_column("long", long)


@dataclass(kw_only=True)
class Predict(beam.PTransform):
    handler: BatchModelHandler

    def default_label(self) -> str:
        return "Predict"

    def expand(self, pcoll):
        return pcoll | RunInference(self.handler).with_output_types(pa.RecordBatch)


def texts(*values):
    return pa.record_batch({"text": pa.array(values, pa.string())})


def test_a_prediction_is_typed_and_row_for_row():
    out = Long().apply(texts("a", "abc", None), Words(3))

    assert out.schema.field("long").type == pa.bool_()
    assert out["long"].to_pylist() == [False, True, None]


def test_a_row_that_breaks_the_model_is_refused_alone():
    out = Long().apply(texts("abc", "no!", "abcd"), Words(3))

    assert out["long"].to_pylist() == [True, None, True]
    assert out["errors"].to_pylist()[1][0]["step"] == "Long"


def test_a_refused_row_is_not_shown_to_the_model():
    once = Long().apply(texts("no!", "abc"), Words(3))

    again = Long().apply(once, Words(3))

    assert again["errors"].to_pylist() == once["errors"].to_pylist()


def test_a_column_that_lacks_is_named_before_the_model_is_asked():
    with pytest.raises(MissingColumnError, match="Long requires `text: string`"):
        Long().apply(pa.record_batch({"n": [1]}), Words(3))


def test_a_missing_extra_refuses_no_row():
    class Lacking(Long):
        def predict(self, batch, model):
            raise MissingExtraError("install affectflow[torch]")

    with pytest.raises(MissingExtraError, match="install"):
        Lacking().apply(texts("a"), Words(3))


def test_a_model_runs_in_a_pipeline_batch_by_batch():
    out = testing.run(Predict(handler=Long()), texts("a", "abcd"), texts("no!"))

    rows = {row["text"]: (row["long"], bool(row["errors"])) for row in out.to_pylist()}
    assert rows == {"a": (False, False), "abcd": (True, False), "no!": (None, True)}


@pytest.mark.parametrize("bare", [True, False], ids=["a bare batch", "a list"])
def test_beam_may_hand_over_a_batch_or_a_list_of_batches(bare):
    batch = texts("abc")

    (out,) = Long().run_inference(batch if bare else [batch], Words(3))

    assert out["long"].to_pylist() == [True]


def test_batches_are_weighed_without_pickling_them():
    batch = pa.record_batch({"n": pa.array(range(100), pa.int64())})

    assert Long().get_num_bytes(batch) == 800
    assert Long().get_num_bytes([batch, batch]) == 1600


def test_a_handler_survives_pickling():
    again = pickle.loads(pickle.dumps(Long(length=7)))

    assert again.load_model().length == 7
    assert again.get_metrics_namespace() == "Long"


@pytest.mark.torch
def test_importing_it_leaves_torch_out_and_beams_model_manager_to_be_had():
    code = (
        "import sys; import affectflow.kinds.model; assert 'torch' not in sys.modules; "
        "from apache_beam.ml.inference.model_manager import ModelManager; "
        "assert ModelManager.__name__ == 'ModelManager'"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
