"""Keys of rows: ids with the prefix of their source, and accounts."""

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.schemas import raw_name
from affectflow.sources.blanks import PLACEHOLDERS
from affectflow.sources.whole_columns import Columns

_IDS = ("utterance_id", "conversation_id", "reply_to")
KEYS = (*_IDS, "speaker_id")
_NO_KEY = (*PLACEHOLDERS, "NAN", "Null", "undefined")


def keys_of(
    name: str, column: pa.Array, columns: Columns
) -> tuple[pa.Array, dict[str, pa.Array]]:
    """Returns a column of keys, and the words in it that say that there is none."""
    keys, null = pc.utf8_trim_whitespace(column), pa.scalar(None, pa.string())
    keys = pc.if_else(pc.equal(keys, ""), null, keys)
    words = pc.is_in(keys, value_set=pa.array(_NO_KEY))
    attrs = {}
    if words.true_count:
        attrs[raw_name(name)] = pc.if_else(words, keys, null)
        keys = pc.if_else(words, null, keys)
    return columns.without_fraction(name, keys), attrs


def taken_ids(columns: dict[str, pa.Array], source: pa.Array) -> dict[str, pa.Array]:
    """Takes the ids out of `columns`; returns them with the prefix of their source.

    Without a conversation, a message is in that of the message that it answers, or in
    its own.
    """
    own = {
        name: _prefixed(columns.pop(name), source) for name in _IDS if name in columns
    }
    if "utterance_id" not in own:
        return own
    thread = own["utterance_id"]
    if "reply_to" in own:
        thread = pc.coalesce(own["reply_to"], thread)
    if "conversation_id" in own:
        thread = pc.coalesce(own["conversation_id"], thread)
    return {**own, "conversation_id": thread}


def _prefixed(ids: pa.Array, source: pa.Array) -> pa.Array:
    prefixed = pc.binary_join_element_wise(source, ids, ":")
    names = pc.unique(source).to_pylist()
    if len(names) == 1:
        has = pc.starts_with(ids, pattern=f"{names[0]}:")
        return pc.if_else(has, ids, prefixed)
    pairs = zip(source.to_pylist(), ids.to_pylist(), prefixed.to_pylist(), strict=True)
    return pa.array(
        [i if i is None or i.startswith(f"{s}:") else p for s, i, p in pairs],
        pa.string(),
    )
