import numpy as np
import pyarrow as pa
import pytest

from affectflow.batches.texts import UNKNOWN, collapse, tagged


def test_duplicate_texts_are_read_once_and_unwanted_rows_never():
    texts = collapse(
        pa.array(["+1", "secret", "no", "+1"]), np.array([True, False, True, True])
    )

    assert texts.unique == ["+1", "no"]
    assert texts.spread(np.array([7, 8]), elsewhere=-1).tolist() == [7, -1, 8, 7]


def test_values_of_any_shape_are_spread_over_rows():
    texts = collapse(pa.array(["x", "x"]), np.array([True, True]))

    assert texts.spread(np.array([[1.0, 2.0]])).tolist() == [[1.0, 2.0], [1.0, 2.0]]


def test_a_text_in_marked_rows_and_in_others_is_two():
    everywhere = np.ones(3, bool)
    texts = collapse(
        pa.array(["ja", "no", "ja"]), everywhere, np.array([True, False, False])
    )

    assert list(zip(texts.unique, texts.marked.tolist(), strict=True)) == [
        ("ja", False),
        ("ja", True),
        ("no", False),
    ]
    assert texts.spread(np.array([1, 2, 3])).tolist() == [2, 3, 1]


def test_only_some_texts_keep_their_own_rows():
    texts = collapse(pa.array(["a", "b", "c", "b"]), np.ones(4, bool))

    left = texts.only(np.array([False, True, True]))

    assert left.unique == ["b", "c"]
    assert left.spread(np.array([5, 6]), elsewhere=0).tolist() == [0, 5, 6, 5]


@pytest.mark.parametrize(
    ("lang", "german", "unknown"),
    [
        ("de", True, False),
        ("de-AT", True, False),
        ("GER", True, False),
        ("deu_ch", True, False),
        ("den", False, False),
        ("en", False, False),
        (None, False, True),
        ("", False, True),
        ("und", False, True),
    ],
)
def test_a_language_is_told_by_its_tag(lang, german, unknown):
    batch = pa.record_batch({"lang": pa.array([lang], pa.string())})

    assert tagged(batch, "de", "deu", "ger").tolist() == [german]
    assert tagged(batch, UNKNOWN).tolist() == [unknown]


def test_without_the_column_no_language_is_known():
    assert tagged(pa.record_batch({"text": ["hi"]}), UNKNOWN).tolist() == [True]
