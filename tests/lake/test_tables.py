import pytest
from deltalake import DeltaTable

from affectflow.errors import LakeError
from affectflow.lake import tables
from affectflow.lake.tables import committed
from affectflow.schemas import TABLES
from affectflow.storage import Storage


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    storage = Storage(str(tmp_path_factory.mktemp("lake")))
    tables.create_missing(storage)
    return storage


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_created_with_its_types(empty, name):
    import pyarrow as pa

    schema = pa.schema(DeltaTable(empty.url(name)).schema().to_arrow())

    assert [(f.name, plain(f.type)) for f in schema] == [
        (f.name, plain(f.type)) for f in TABLES[name]
    ]


def plain(type_):
    """Returns a type without what Arrow's inner fields are called."""
    import pyarrow as pa

    if pa.types.is_map(type_):
        return ("map", plain(type_.key_type), plain(type_.item_type))
    if pa.types.is_list(type_):
        return ("list", plain(type_.value_type))
    if pa.types.is_struct(type_):
        return tuple((field.name, plain(field.type)) for field in type_)
    return type_


def test_creating_again_changes_nothing(empty):
    before = {name: DeltaTable(empty.url(name)).version() for name in TABLES}

    tables.create_missing(empty)

    assert {name: DeltaTable(empty.url(name)).version() for name in TABLES} == before
    assert committed(empty, "utterances") == {}


def test_a_table_that_was_removed_is_named(tmp_path):
    with pytest.raises(LakeError, match="has no table 'folds'; was its folder"):
        committed(Storage(str(tmp_path)), "folds")


@pytest.mark.parametrize(
    ("path", "stem", "bucket"),
    [("b00003-1a2b.parquet", "b00003-1a2b", 3), ("dir/b15-x.parquet", "b15-x", 15)],
)
def test_the_path_of_a_part_tells_its_name_and_bucket(path, stem, bucket):
    assert tables.stem(path) == stem
    assert tables.bucket_of_path(path) == bucket
