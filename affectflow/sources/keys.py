"""Keys of rows: ids with the prefix of their source, and accounts."""

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.schemas import raw_name
from affectflow.sources.blanks import PLACEHOLDERS
from affectflow.sources.whole_columns import ROOTS, Columns

_IDS = ("utterance_id", "conversation_id", "reply_to")
KEYS = (*_IDS, "speaker_id")
_POINTERS = ("conversation_id", "reply_to")
_NO_KEY = (*PLACEHOLDERS, "NAN", "Null", "undefined", "N/A", "n/a", "(null)")
# R writes `NA`, which may be a person's name, but not an id.
_NO_ID = (*_NO_KEY, "NA")
# So that a spreadsheet does not take a number for one: `="0012"`.
_FORMULA = r'^="([^"]*)"$'
# What is left of a long number in a column of floats, or in a spreadsheet.
_ROUNDED = r"^-?[0-9]\.[0-9]+[eE]\+[0-9]{2,3}$"


def keys_of(
    name: str, column: pa.Array, columns: Columns
) -> tuple[pa.Array, dict[str, pa.Array]]:
    """Returns a column of keys, and the words in it that mean that there is none."""
    keys, null = pc.utf8_trim_whitespace(column), pa.scalar(None, pa.string())
    keys = pc.replace_substring_regex(keys, _FORMULA, r"\1")
    keys = pc.if_else(pc.equal(keys, ""), null, keys)
    no_key = _NO_ID if name in _IDS else _NO_KEY
    words = pc.is_in(keys, value_set=pa.array(no_key))
    if name in _POINTERS:  # messages that differ would be one conversation
        words = pc.or_(words, pc.match_substring_regex(keys, _ROUNDED))
    attrs = {}
    if words.true_count:
        attrs[raw_name(name)] = pc.if_else(words, keys, null)
        keys = pc.if_else(words, null, keys)
    return columns.without_fraction(name, keys), attrs


def without_roots(raw: dict[str, pa.Array], columns: Columns) -> dict[str, pa.Array]:
    """Takes words such as `0` out of `reply_to`; returns them, to be kept.

    Forums write them where a message is not a reply, and all these messages would be
    one conversation. If a message of the file has the id, it is an answer to that.
    """
    if "reply_to" not in raw or "utterance_id" not in raw:
        return {}
    replies, null = raw["reply_to"], pa.scalar(None, pa.string())
    ids = columns.roots(replies, raw["utterance_id"])
    roots = pc.is_in(replies, value_set=pa.array(sorted(set(ROOTS) - ids)))
    if not roots.true_count:
        return {}
    raw["reply_to"] = pc.if_else(roots, null, replies)
    return {raw_name("reply_to"): pc.if_else(roots, replies, null)}


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
        own["reply_to"] = _without_itself(own["reply_to"], thread)
        thread = pc.coalesce(own["reply_to"], thread)
    if "conversation_id" in own:
        thread = pc.coalesce(own["conversation_id"], thread)
    return {**own, "conversation_id": thread}


def _without_itself(replies: pa.Array, ids: pa.Array) -> pa.Array:
    """Returns replies; none is to itself, as some sources mark what begins a thread."""
    itself = pc.fill_null(pc.equal(replies, ids), False)
    return pc.if_else(itself, pa.scalar(None, pa.string()), replies)


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
