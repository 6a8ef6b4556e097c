"""Words that programs write where there is no text."""

import pyarrow as pa
import pyarrow.compute as pc

# What pandas, SQL, Python, Arrow, MySQL and spreadsheets write. Not `none`, `N/A` or
# `null` in a sentence: people write these.
PLACEHOLDERS = ("NaN", "nan", "NULL", "null", "None", "<NA>", "NaT", "\\N", "#N/A")


def without_placeholders(texts: pa.Array) -> pa.Array:
    """Returns texts; those that are only a placeholder become null.

    >>> without_placeholders(pa.array(["NaN", "none of it works"])).to_pylist()
    [None, 'none of it works']
    """
    short = pc.less_equal(pc.binary_length(texts), max(map(len, PLACEHOLDERS)) + 2)
    if not pc.any(short, min_count=0).as_py():
        return texts
    words = pc.utf8_trim_whitespace(pc.if_else(short, texts, None))
    blank = pc.is_in(words, value_set=pa.array(PLACEHOLDERS))
    return pc.if_else(blank, pa.scalar(None, pa.string()), texts)
