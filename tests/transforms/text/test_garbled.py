"""Mojibake is found by column as ftfy finds it text by text."""

import pyarrow as pa
import pytest
from ftfy.badness import BADNESS_RE, is_bad
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow_transforms.text.garbled import looks_garbled

# What ftfy's pattern speaks of, and blanks and letters beyond ASCII.
SIGNS = sorted(set(BADNESS_RE.pattern) | set("\u2003\u2028\x85\x1cжλ中"))


@pytest.mark.parametrize(
    ("text", "garbled"),
    [
        ("plain", False),
        ("It’s “fine” – really…", False),
        ("schön, déjà vu", False),
        ("donâ€™t", True),
        ("schÃ¶n", True),
        (None, False),
    ],
)
def test_mojibake_is_told_from_letters(text, garbled):
    assert looks_garbled(pa.array([text], pa.string())).tolist() == [garbled]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(SIGNS, max_size=6), max_size=50))
def test_the_column_is_judged_as_ftfy_judges_each_text(texts):
    found = looks_garbled(pa.array(texts, pa.string()))

    assert found.tolist() == [is_bad(text) for text in texts]
