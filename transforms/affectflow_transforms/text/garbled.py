"""Where texts look garbled: mojibake, as ftfy sees it, asked of whole columns.

ftfy's test is one regular expression. Arrow runs it over the column, as far as RE2 has
the same syntax; ftfy itself is asked about the rows that this lets through.
"""

import functools
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# A class or an escape; a comment or a blank: of a pattern in verbose syntax.
_PIECE = re.compile(r"(\[(?:\\.|[^\]\\])*\]|\\.)|#[^\n]*|\s+", re.S)


def looks_garbled(texts: pa.Array) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Returns which texts hold mojibake; false for null."""
    from ftfy.badness import is_bad

    may = pc.fill_null(_may_be_garbled(texts), False)
    garbled = np.array(may.to_numpy(zero_copy_only=False), bool)
    rows = np.flatnonzero(garbled)
    garbled[rows] = [is_bad(text) for text in texts.take(pa.array(rows)).to_pylist()]
    return garbled


def _may_be_garbled(texts: pa.Array) -> pa.BooleanArray:
    try:
        return pc.match_substring_regex(texts, _hint())
    except pa.ArrowInvalid:  # a later ftfy may use what RE2 does not have
        return texts.is_valid()


@functools.cache
def _hint() -> str:
    from ftfy.badness import BADNESS_RE

    if BADNESS_RE.flags != re.VERBOSE | re.UNICODE:
        return "(?s:.)"
    return _PIECE.sub(_wider, BADNESS_RE.pattern)


def _wider(piece: re.Match[str]) -> str:
    r"""Returns any character for `\s` and `\w`, which RE2 knows of ASCII only."""
    kept = piece[1] or ""
    if re.search(r"\\[bB]", kept):
        return ""
    return "(?s:.)" if re.search(r"\\[sSwWdD]", kept) else kept
