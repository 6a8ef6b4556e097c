"""Ids for messages without one: digests of text, time, place and author.

A source gives a message such an id as it reads it, by its content alone: pieces, order
and names of files do not matter. It is never stored: someone who has it could try
account names until one fits. A lake has its keyed digest, made with the lake's secret
key as pseudonyms are. Messages that are equal in everything are numbered there.
"""

import hashlib
import re

import pyarrow as pa
import pyarrow.compute as pc

AUTO = "\x1aauto"
"""What stands for an id until the row is read."""
_MARK = "auto-"
_BYTES = 12
_IS_AUTO = rf":{_MARK}[0-9a-f]{{{2 * _BYTES}}}$"
_PATTERN = re.compile(rf"(?P<source>.*:){_MARK}(?P<digest>[0-9a-f]{{{2 * _BYTES}}})$")
_TOLD = (
    *("conversation_id", "reply_to", "speaker_id", "timestamp", "start_s"),
    *("container", "kind", "title", "text"),
)


def with_auto_ids(typed: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Returns columns with ids where `AUTO` stands for them.

    Args:
      typed: columns of utterances, ids with the prefix of their source.
    """
    ids = typed.get("utterance_id")
    if ids is None or not len(ids):
        return typed
    auto = pc.fill_null(pc.ends_with(ids, pattern=f":{AUTO}"), False)
    if not auto.true_count:
        return typed
    made = pc.if_else(auto, _made(typed, len(ids)), ids)
    threads = typed["conversation_id"]
    own = pc.fill_null(pc.ends_with(threads, pattern=f":{AUTO}"), False)
    return {
        **typed,
        "utterance_id": made,
        "conversation_id": pc.if_else(own, made, threads),
    }


def _made(typed: dict[str, pa.Array], count: int) -> pa.Array:
    absent = pa.nulls(count, pa.string())
    columns = [_text(typed.get(name, absent)) for name in _TOLD]
    joined = pc.binary_join_element_wise(*columns, "\0")
    digests = [
        hashlib.blake2b(said.encode(), digest_size=_BYTES).hexdigest()
        for said in joined.to_pylist()
    ]
    return pc.binary_join_element_wise(typed["source"], pa.array(digests), f":{_MARK}")


def _text(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())  # microseconds, however the time was written
    return pc.fill_null(column.cast(pa.string()), "\1")


def are_auto(ids: pa.Array) -> pa.Array:
    """Returns whether ids were made of what their messages say."""
    return pc.fill_null(pc.match_substring_regex(ids, _IS_AUTO), False)


def keyed(ids: pa.Array, key: bytes) -> pa.Array:
    """Returns ids with those that were made of their messages as keyed digests."""
    encoded = pc.dictionary_encode(ids)
    made = [_keyed(each, key) for each in encoded.dictionary.to_pylist()]
    return pa.array(made, pa.string()).take(encoded.indices)


def _keyed(utterance_id: str, key: bytes) -> str:
    found = _PATTERN.fullmatch(utterance_id)
    if not found:
        return utterance_id
    hashed = hashlib.blake2b(
        found["digest"].encode(), digest_size=_BYTES, key=key, person=b"af-auto-id"
    )
    return f"{found['source']}{_MARK}{hashed.hexdigest()}"


def numbered(ids: pa.Array, files: pa.Array) -> pa.Array:
    """Returns ids with a number where one file has a message more than once.

    The first one keeps its id, the next ends in `-2`. Over files they are the same
    messages again.

    Args:
      ids: in the order of the file.
      files: of each row.
    """
    auto = are_auto(ids)
    distinct = pc.count_distinct(ids.filter(auto)).as_py()
    if distinct == auto.true_count:
        return ids
    seen: dict[tuple[str, str], int] = {}
    named = ids.to_pylist()
    for row in pc.indices_nonzero(auto).to_pylist():
        place = (named[row], files[row].as_py())
        seen[place] = seen.get(place, 0) + 1
        if seen[place] > 1:
            named[row] = f"{named[row]}-{seen[place]}"
    return pa.array(named, pa.string())
