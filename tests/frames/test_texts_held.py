"""`affectflow.annotate` reads texts however a table holds them."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import affectflow


def test_texts_of_every_kind_of_column_are_read(fake):
    texts = pa.array(["so annoying", None])
    kinds = (pa.string(), pa.large_string(), pa.string_view())
    columns = [texts.cast(kind) for kind in kinds] + [texts.dictionary_encode()]
    frames = [pa.table({"text": column}) for column in columns]
    frames += [
        pl.DataFrame({"text": pl.Series(texts, dtype=kind)})
        for kind in (pl.String, pl.Categorical, pl.Enum(["so annoying"]))
    ]
    frames.append(
        pl.DataFrame({"text": pl.Series(["so annoying", None], dtype=pl.Object)})
    )
    frames.append(pd.DataFrame({"text": ["so annoying", float("nan")]}))
    frames.append(pd.DataFrame({"text": pd.array(["so annoying", pd.NA], "string")}))

    for frame in frames:
        labelled = affectflow.annotate(frame, model="Fake")
        assert list(pa.table(labelled)["emotion"].to_pylist()) == [
            "annoyance",
            "neutral",
        ], frame


ARROW = [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]


@pytest.mark.parametrize("kind", ARROW, ids=str)
@pytest.mark.parametrize("is_table", [True, False], ids=["table", "pandas"])
def test_a_column_in_chunks_is_read_whatever_arrow_calls_its_type(fake, kind, is_table):
    """`pandas.read_parquet(..., dtype_backend="pyarrow")` gives such columns."""
    values = ["so annoying", None, "fine"]
    chunks = pa.chunked_array([pa.array(values[:2]), pa.array(values[2:])]).cast(kind)
    frame = pa.table({"text": chunks})
    if not is_table:
        frame = pd.DataFrame({"text": pd.arrays.ArrowExtensionArray(chunks)})

    labelled = affectflow.annotate(frame, model="Fake")

    said = pa.table(labelled) if is_table else pa.Table.from_pandas(labelled)
    assert said["emotion"].to_pylist() == ["annoyance", "neutral", "neutral"]
    if not is_table:
        assert labelled["text"].dtype == frame["text"].dtype


def dictionary(texts, kind):
    """Returns an array of dictionary type, its values of a kind."""
    column = pa.array(texts, pa.string()).dictionary_encode()
    values = column.dictionary.cast(kind)
    return pa.DictionaryArray.from_arrays(column.indices, values)


def in_chunks(column):
    """Returns an array in three chunks, one of them empty."""
    half = len(column) // 2
    return pa.chunked_array([column[:half], column[:0], column[half:]])


def values_of(frame, name):
    """Returns a column as a list; what is missing is None."""
    column = frame[name]
    is_arrow = isinstance(column, pa.Array | pa.ChunkedArray)
    values = column.to_pylist() if is_arrow else column.to_list()
    return [None if pd.isna(value) else value for value in values]


HELD = {
    "pandas, objects": lambda texts: pd.DataFrame(
        {"text": pd.Series(texts, dtype="O")}
    ),
    "pandas, category": lambda texts: pd.DataFrame({"text": pd.Categorical(texts)}),
    "pandas, one index": lambda texts: pd.DataFrame(
        {"text": pd.Series(texts, [0] * len(texts), "string")}
    ),
    "pandas, views": lambda texts: pd.DataFrame(
        {"text": pd.Series(texts, dtype=pd.ArrowDtype(pa.string_view()))}
    ),
    "polars, chunks": lambda texts: pl.concat(
        [
            pl.DataFrame({"text": pl.Series(part, dtype=pl.String)})
            for part in (texts, [])
        ],
        rechunk=False,
    ),
    "polars, category": lambda texts: pl.DataFrame(
        {"text": pl.Series(texts, dtype=pl.Categorical)}
    ),
    "views": lambda texts: pa.table(
        {"text": in_chunks(pa.array(texts, pa.string_view()))}
    ),
    "dictionary": lambda texts: pa.record_batch(
        {"text": dictionary(texts, pa.string())}
    ),
    "dictionary of views": lambda texts: pa.table(
        {"text": in_chunks(dictionary(texts, pa.string_view()))}
    ),
}


@pytest.mark.parametrize(
    "texts", [[], [None], ["so annoying", None, "", "fine"]], ids=len
)
@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
def test_however_texts_are_held_rows_and_their_order_stay(fake, held, texts):
    frame = held(texts)

    labelled = affectflow.annotate(frame, model="Fake")

    assert type(labelled) is type(frame)
    assert values_of(labelled, "text") == texts
    expected = ["annoyance" if text == "so annoying" else "neutral" for text in texts]
    assert values_of(labelled, "emotion") == expected
    if isinstance(frame, pd.DataFrame):
        assert labelled.index.equals(frame.index)
