"""Second texts: what was said before an utterance, or what it answers."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.readings import Readings
from affectflow_transforms.models.pretrained.tokens import Text

# A record separator, which no composed text contains.
_MARK = "\x1e"
_BETWEEN_TURNS = "\n"


def paired(first: pa.StringArray, second: pa.StringArray) -> pa.StringArray:
    """Returns texts, each with its second one where that is not null.

    Both are in one string, so that equal pairs are asked once; `apart` splits it.
    """
    first, second = (
        pc.replace_substring(texts, _MARK, " ") for texts in (first, second)
    )
    return _joined(first, second, _MARK)


def apart(text: str) -> Text:
    """Returns a text, or a pair of texts, that `paired` made one string of."""
    first, mark, second = text.partition(_MARK)
    return (first, second) if mark else first


def earlier_turns(
    batch: pa.RecordBatch, readings: Readings, turns: int
) -> pa.StringArray:
    """Returns the readings of up to `turns` utterances before each, oldest first.

    Null if no earlier utterance has a reading.

    Args:
      batch: with `conversation_id`; rows of a conversation in the order of time.
      readings: the readings of its rows.
      turns: how far back.
    """
    said = _said(readings)
    order, codes = _by_conversation(batch)
    found = pa.nulls(batch.num_rows, pa.string())
    for back in range(turns, 0, -1):
        before = np.full(batch.num_rows, -1)
        same = codes[back:] == codes[:-back]
        before[order[back:][same]] = order[:-back][same]
        turn = said.take(pa.array(before, mask=before < 0))
        found = _joined(found, turn, _BETWEEN_TURNS)
    return found


def parents(batch: pa.RecordBatch, readings: Readings) -> pa.StringArray:
    """Returns the reading of the utterance that each answers.

    Null if it answers none, one that is not in the batch, or one without a reading.

    Args:
      batch: with `utterance_id` and `reply_to`.
      readings: of its rows.
    """
    ids, answers = batch.column("utterance_id"), batch.column("reply_to")
    places = pc.index_in(answers, value_set=ids, skip_nulls=True)
    return _said(readings).take(places)


def _joined(
    first: pa.StringArray, second: pa.StringArray, between: str
) -> pa.StringArray:
    """Returns both, or the one that is not null, or null."""
    both = pc.binary_join_element_wise(first, second, between)
    return pc.coalesce(both, first, second)


def _said(readings: Readings) -> pa.StringArray:
    silent = pa.array(readings.silent)
    return pc.if_else(silent, pa.scalar(None, pa.string()), readings.texts)


def _by_conversation(
    batch: pa.RecordBatch,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns the rows with those of a conversation together, and its number of each.

    A row without a conversation is alone.
    """
    ids = batch.column("conversation_id").dictionary_encode()
    own = pa.array(np.arange(batch.num_rows) + len(ids.dictionary))
    numbers = np.asarray(pc.coalesce(ids.indices.cast(pa.int64()), own))
    order = np.argsort(numbers, kind="stable")
    return order, numbers[order]
