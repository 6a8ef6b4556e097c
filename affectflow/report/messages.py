"""The messages behind the cells, as columns of numbers."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectflow.lake.ask import ask
from affectflow.lake.basis import Candidate
from affectflow.lake.tombstones import Tombstones
from affectflow.report.partition import DIMENSIONS, Labels, Messages, Numbers, distinct
from affectflow.report.periods import period_of

_MOST = {"container": 30, "role": 8, "kind": 8, "period": 27}

# If no speaker of the lake is known, conversations stand for people.
_MESSAGES = """
WITH anybody AS (SELECT count(speaker_id) > 0 AS known FROM placed_utterances)
SELECT u.rowid AS number, epoch_us(u.timestamp) AS time,
  CASE WHEN known THEN u.speaker_id ELSE u.conversation_id END AS person,
  coalesce(u.container, '') AS container, coalesce(u.speaker_role, '') AS role,
  coalesce(u.kind, '') AS kind,
  (coalesce(u.deleted, false) OR NOT (
    coalesce(u.visibility, 'unknown') = 'public'
    OR coalesce(u.visibility, 'unknown') = 'unknown'
    AND u.source IN (SELECT source FROM public_sources)
  ))::BIGINT AS withheld
FROM placed_utterances AS u CROSS JOIN anybody
WHERE NOT u.by_bot ORDER BY number"""
# Several rows for a message and a choice; the label is null if it was not chosen.
_ANSWERS = """
WITH choices AS (
  SELECT unnest($names) AS annotator_id, unnest($tasks) AS task, unnest($n) AS choice
), displeasure AS (
  SELECT DISTINCT from_vocabulary AS vocabulary, from_label AS label FROM folds
  WHERE to_vocabulary = 'irritation' AND weight > 0
)
SELECT u.rowid AS number, c.choice,
  a.status = 'ok' OR (a.label IS NOT NULL AND a.status IS DISTINCT FROM 'abstained')
    AS answered,
  coalesce(a.chosen AND d.label IS NOT NULL, false)::BIGINT AS irritated,
  CASE WHEN answered AND a.chosen THEN a.label END AS label
FROM annotations AS a
JOIN choices AS c ON c.annotator_id = a.annotator_id AND c.task = a.task
JOIN placed_utterances AS u ON u.utterance_id = a.utterance_id
LEFT JOIN displeasure AS d ON d.vocabulary = a.vocabulary AND d.label = a.label
WHERE answered OR irritated > 0"""
_IDS = "SELECT rowid AS number, utterance_id, speaker_id FROM placed_utterances"


def gather(
    connection: duckdb.DuckDBPyConnection, offered: Sequence[Candidate]
) -> tuple[Messages, Labels, str, list[list[str]]]:
    """Returns what people wrote and the first of `offered` answered, and its labels.

    With them come the period of the counts, and the values of each dimension.

    Args:
      connection: has `placed_utterances` as a table, which numbers the messages.
      offered: the annotators that are distinguished.
    """
    told = {
        "names": [each.annotator_id for each in offered],
        "tasks": [each.task for each in offered],
        "n": list(range(len(offered))),
    }
    rows, answers = ask(connection, _MESSAGES), ask(connection, _ANSWERS, told)
    bits = _answered_by(connection, answers, len(offered))
    answered_by = bits[_numbers(rows, "number")]
    rows = rows.filter(_mask(answered_by & 1 == 1))
    period, columns, values = _dimensions(rows)
    columns["withheld"] = _numbers(rows, "withheld")
    columns["answered_by"] = answered_by[answered_by & 1 == 1]
    messages = Messages(columns=columns, person=_encoded(rows["person"])[0])
    place = np.full(len(bits), -1)
    place[_numbers(rows, "number")] = np.arange(len(messages))
    return messages, _labels(answers, place), period, values


def _mask(told: NDArray[np.bool_]) -> pa.BooleanArray:
    # Not `pa.array`, which imports pandas.
    bits = pa.py_buffer(np.packbits(told, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(told), [None, bits])


def _numbers(rows: pa.Table, name: str) -> Numbers:
    return _array(rows[name].combine_chunks()).astype(np.int64, copy=False)


def _array(column: pa.Array) -> NDArray[Any]:
    # Not `to_numpy`: it imports pandas, which takes longer than all the rest.
    return np.from_dlpack(column)


def _answered_by(
    connection: duckdb.DuckDBPyConnection, answers: pa.Table, choices: int
) -> Numbers:
    """Returns the choices that answered each message of the lake, as sets of bits.

    Nobody answered what an erasure names, even if it was killed half way.
    """
    counted = connection.execute("SELECT count(*) FROM placed_utterances")
    ((size,),) = counted.fetchall()
    number, choice = _numbers(answers, "number"), _numbers(answers, "choice")
    bits = np.zeros(size, np.int64)
    for n in range(choices):
        bits[number[choice == n]] |= 1 << n
    bits[_erased(connection)] = 0
    return bits


def _erased(connection: duckdb.DuckDBPyConnection) -> Numbers:
    """Returns the numbers of the messages that an erasure names."""
    stones = ask(connection, "SELECT kind, id FROM tombstones")
    if not len(stones):
        return np.empty(0, np.int64)
    kinds = [
        stones.filter(pc.equal(stones["kind"], kind))["id"].combine_chunks()
        for kind in ("utterance", "speaker")
    ]
    rows = ask(connection, _IDS)
    return _numbers(rows.filter(Tombstones(*kinds).cover(rows)), "number")


def _labels(answers: pa.Table, place: Numbers) -> Labels:
    """Returns the labels of messages, each once; a place of -1 means none."""
    message, choice = place[_numbers(answers, "number")], _numbers(answers, "choice")
    label, names = _encoded(answers["label"])
    irritated = _numbers(answers, "irritated") > 0
    names.append("irritation")
    found = [
        ((message * (choice.max(initial=0) + 1) + choice) * len(names) + told)[chosen]
        for told, chosen in (
            (label, (message >= 0) & (label >= 0)),
            (len(names) - 1, (message >= 0) & irritated),
        )
    ]
    rest, label = np.divmod(distinct(np.concatenate(found)), len(names))
    return Labels(*np.divmod(rest, choice.max(initial=0) + 1), label, names)


def _dimensions(
    rows: pa.Table,
) -> tuple[str, dict[str, Numbers], list[list[str]]]:
    """Returns the period, the number of each value, and the values by number."""
    times = rows["time"].cast(pa.timestamp("us"))
    period = period_of(_days(times))
    starts, dates = _encoded(pc.floor_temporal(times, unit=period).cast(pa.date32()))
    spelt = [*(f"{date:%Y-%m-%d}" if date else "" for date in dates), ""]
    encoded = {"period": (starts, spelt)}
    encoded |= {n: _encoded(rows[n]) for n in DIMENSIONS if n != "period"}
    numbered = {n: _common(n, *encoded[n]) for n in DIMENSIONS}
    columns = {name: numbers for name, (numbers, _) in numbered.items()}
    return period, columns, [values for _, values in numbered.values()]


def _days(times: pa.ChunkedArray) -> timedelta:
    ends: Mapping[str, Any] = pc.min_max(times).as_py()
    first, last = ends["min"], ends["max"]
    return timedelta() if first is None else last.date() - first.date()


def _encoded(column: pa.ChunkedArray) -> tuple[Numbers, list[Any]]:
    """Returns the number of each value, -1 for null, and the values by number."""
    # Not `fill_null`: it imports pandas, too.
    found = column.combine_chunks().dictionary_encode(null_encoding="encode")
    codes, values = _array(found.indices).astype(np.int64), found.dictionary.to_pylist()
    if None in values:
        codes[codes == values.index(None)] = -1
    return codes, values


def _common(
    name: str, codes: Numbers, spelt: Sequence[str]
) -> tuple[Numbers, list[str]]:
    """Returns the values of a dimension that are not rare, numbered in their order.

    The rare ones are -1. The newest periods count as common. A code of -1 is the last
    of `spelt`.
    """
    there, counts = np.unique(codes, return_counts=True)
    sizes = dict(zip([spelt[n] for n in there], counts.tolist(), strict=True))
    ranked = sorted(sizes, key=lambda each: (-sizes[each], each))
    if name == "period":
        ranked = sorted(sizes, reverse=True)
    common = sorted(ranked[: _MOST[name]])
    number = {value: n for n, value in enumerate(common)}
    return np.array([number.get(each, -1) for each in spelt], np.int64)[codes], common
