import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.schemas import CAUSES_COLUMN
from affectflow.stages import annotate
from tests.kinds.test_scorer import Loud


def test_a_model_that_reads_what_no_lake_holds_is_refused_before_a_row_is_read(
    tmp_path, monkeypatch
):
    class Second(Loud):
        requires = pa.schema([*Loud.requires, CAUSES_COLUMN])

    Lake.create(str(tmp_path / "lake"))
    monkeypatch.setattr(annotate, "handler_for", lambda *given, **more: Second())

    with pytest.raises(UsageError, match="'Second' reads causes, which"):
        annotate.annotate_lake(str(tmp_path / "lake"), model="Second")
