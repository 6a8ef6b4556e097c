"""What hangs on a part has a name of its own in each generation."""

from pathlib import Path

import pytest

from affectflow.lake import Lake
from affectflow.stages.runs.results import free_path


@pytest.mark.parametrize(
    ("there", "wanted", "free"),
    [
        ([], "x/b1", "x/b1"),
        (["x/b1"], "x/b1", "x/b1~1"),
        (["x/b1", "x/b1~1"], "x/b1", "x/b1~2"),
        (["x/b1~2", "x/b1~3"], "x/b1~2", "x/b1~4"),
        (["x/b1~2"], "x/b1~1", "x/b1~1"),
    ],
)
def test_a_file_that_is_there_is_never_written_again(
    tmp_path: Path, there: list[str], wanted: str, free: str
) -> None:
    lake = Lake.create(str(tmp_path))
    for path in there:
        lake.storage.write(b"", "causes", *f"{path}.parquet".split("/"))

    assert free_path(lake, "causes", f"{wanted}.parquet") == f"{free}.parquet"
