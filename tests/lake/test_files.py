import pyarrow as pa
import pytest

from affectflow.lake.files import entry_of, read_file, read_files, write_file
from affectflow.lake.tables import FileEntry
from affectflow.schemas import FOLDS
from affectflow.storage import Storage

ROW = {
    "from_vocabulary": "goemotions",
    "from_label": "annoyance",
    "to_vocabulary": "ekman",
    "to_label": "anger",
    "weight": 1.0,
    "version": "1",
}


@pytest.fixture
def storage(tmp_path):
    return Storage(str(tmp_path))


def rows(*labels):
    return pa.Table.from_pylist([ROW | {"from_label": each} for each in labels], FOLDS)


def test_what_is_written_is_read_and_its_entry_tells_bytes_and_rows(storage):
    entry = write_file(storage, "folds", "of/a.parquet", rows("anger", "annoyance"))

    size = storage.size("folds", "of", "a.parquet")
    assert entry == FileEntry("folds", "of/a.parquet", size, 2)
    assert entry_of(storage, "folds", "of/a.parquet") == entry
    assert read_file(storage, "folds", "of/a.parquet").equals(
        rows("anger", "annoyance"), check_metadata=True
    )


def test_other_types_than_the_tables_are_cast_on_the_way_in(storage):
    given = rows("anger").set_column(4, "weight", pa.array([1], pa.int8()))

    write_file(storage, "folds", "a.parquet", given)

    assert storage.read_parquet("folds", "a.parquet").schema.equals(FOLDS)


def test_columns_come_in_the_order_in_which_they_are_asked_for(storage):
    write_file(storage, "folds", "a.parquet", rows("anger"))

    found = read_file(storage, "folds", "a.parquet", ["weight", "from_label"])

    assert found.to_pydict() == {"weight": [1.0], "from_label": ["anger"]}


@pytest.mark.parametrize("columns", [(), ("version", "to_label")])
def test_a_column_that_the_file_lacks_is_null(storage, columns):
    """The table got it after the file was written."""
    older = rows("anger").drop_columns(["version"])
    storage.write_parquet(older, "folds", "a.parquet")

    found = read_file(storage, "folds", "a.parquet", columns)

    assert found.column_names == list(columns or FOLDS.names)
    assert found.column("version").to_pylist() == [None]
    assert found.column("to_label").to_pylist() == ["anger"]


def test_several_files_are_read_in_their_order_and_none_gives_no_rows(storage):
    for name in "ab":
        write_file(storage, "folds", f"{name}.parquet", rows(name))

    found = read_files(storage, "folds", ["b.parquet", "a.parquet"], ["from_label"])

    assert found.column("from_label").to_pylist() == ["b", "a"]
    assert read_files(storage, "folds", []).equals(FOLDS.empty_table())
