import datetime as dt

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from affectflow import schemas
from affectflow.batches.batch import from_rows
from affectflow.lake.commits import commit
from affectflow.lake.files import write_file
from affectflow.schemas import FINDINGS, TABLES, doc
from affectflow.storage import Storage

COLUMNS = [
    pytest.param(field, id=f"{table}.{field.name}")
    for table, schema in TABLES.items()
    for field in schema
]
IN_FLIGHT = [*FINDINGS.values(), schemas.ERRORS_COLUMN]


def example(type_):
    """Returns a value of a type."""
    if pa.types.is_map(type_):
        return [(example(type_.key_type), example(type_.item_type))]
    if pa.types.is_list(type_):
        return [example(type_.value_type)]
    if pa.types.is_struct(type_):
        return {field.name: example(field.type) for field in type_}
    if pa.types.is_timestamp(type_):
        return dt.datetime(2024, 2, 29, 12, 30, 1, 5, tzinfo=dt.UTC)
    if pa.types.is_date(type_):
        return dt.date(2024, 2, 29)
    return {"string": "ü", "bool": True}.get(str(type_), 7)


@pytest.mark.parametrize("field", COLUMNS)
def test_a_column_says_what_it_holds_in_one_line(field):
    assert doc(field) == doc(field).strip() != ""
    assert "\n" not in doc(field)


@pytest.mark.parametrize("field", IN_FLIGHT, ids=lambda field: field.name)
def test_a_column_in_flight_says_what_it_holds(field):
    assert doc(field)


@pytest.mark.parametrize("name", TABLES)
def test_rows_come_back_from_a_delta_table_as_they_were(tmp_path, name):
    schema = TABLES[name]
    full = {field.name: example(field.type) for field in schema}
    table = pa.Table.from_batches([from_rows([full, {}], schema)])
    storage = Storage(str(tmp_path))
    DeltaTable.create(storage.url(name), schema=schema, name=name)

    commit(storage, name, [write_file(storage, name, "part.parquet", table)])

    (path,) = DeltaTable(storage.url(name)).file_uris()
    again = storage.read_parquet(name, path.rsplit("/", 1)[-1])
    assert again.schema.equals(schema)
    assert [doc(field) for field in again.schema] == [doc(field) for field in schema]
    assert again.to_pylist() == table.to_pylist()


@pytest.mark.parametrize("name", FINDINGS)
def test_what_is_in_flight_lacks_only_what_the_utterance_says(name):
    held = {field.name for field in FINDINGS[name].type.value_type}
    lacking = {field.name for field in TABLES[name]} - held

    assert "utterance_id" in lacking
    assert lacking <= set(schemas.UTTERANCES.names)
    assert all(
        TABLES[name].field(column).type == schemas.UTTERANCES.field(column).type
        for column in lacking
    )


def test_times_are_utc_in_microseconds():
    times = [
        f.type for s in TABLES.values() for f in s if pa.types.is_timestamp(f.type)
    ]

    assert set(times) == {pa.timestamp("us", tz="UTC")}


def test_fields_are_borrowed_in_the_order_given():
    borrowed = schemas.fields(schemas.UTTERANCES, "text", "utterance_id")

    assert borrowed.names == ["text", "utterance_id"]
    assert doc(borrowed.field("text")) == doc(schemas.UTTERANCES.field("text"))


def test_a_field_that_nobody_described_has_an_empty_doc():
    assert doc(pa.field("x", pa.string())) == ""
