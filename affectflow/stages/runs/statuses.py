"""How many utterances got which answer: what `annotate` reports about its run.

The counts are in `runs.counters`, under the words that are shown.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.texts import Mask
from affectflow.schemas import ANNOTATIONS_COLUMN, Status

WORDS = {
    Status.OK: "labelled",
    Status.TRUNCATED: "labelled_but_cut",
    Status.UNSUPPORTED_LANGUAGE: "in_another_language",
    Status.NO_AUTHOR_TEXT: "silent",
    Status.ABSTAINED: "abstained",
    Status.UNPARSED: "unparsed",
    Status.OUT_OF_VOCABULARY: "out_of_vocabulary",
    Status.OUT_OF_RANGE: "out_of_range",
    Status.EMPTY: "empty",
    Status.UNALIGNED: "unaligned",
    Status.GUARDED: "guarded",
    Status.WITHHELD: "withheld",
}
"""The counter of each status, in the order shown; a refused row is a dead letter."""

NO_LABEL = "with_no_label"
"""The counter of answered utterances for which no label was chosen."""

NO_ANSWER = "without_an_answer"
"""The counter of the utterances about which an annotator says nothing."""

WITH_CONVERSATION = "answered_with_their_conversation"
"""The same, for an annotator that answers at one turn of each conversation."""

USELESS = tuple(
    WORDS[status]
    for status in (
        Status.UNPARSED,
        Status.OUT_OF_VOCABULARY,
        Status.OUT_OF_RANGE,
        Status.EMPTY,
    )
)
"""The counters of answers that a parser could not use."""

_ORDER = list(WORDS.values())
SHOWN = (*_ORDER[:2], NO_LABEL, *_ORDER[2:], NO_ANSWER, WITH_CONVERSATION)

_Ints = npt.NDArray[np.int64]
_STATUSES = pa.array([status.word for status in Status], pa.string())


def counted(
    batch: pa.RecordBatch,
    annotator_id: str,
    tallied: Mapping[str, int] | None = None,
    unit: str = "utterance",
) -> dict[str, int]:
    """Returns how many utterances got each status from an annotator; no zeros.

    An utterance counts once. If there are several answers about it, the first in
    `Status` order counts: one step of a prompt may be read where another is not. It is
    labelled if at least one label is chosen. Without a column of annotations nothing
    is counted.

    Args:
      batch: an answered one.
      annotator_id: whose answers are counted.
      tallied: what the annotator itself has counted, statuses that no row says among
        it: those utterances are not without an answer.
      unit: what it answers about at once.
    """
    tallied = tallied or {}
    if ANNOTATIONS_COLUMN.name not in batch.schema.names:
        return dict(tallied)
    rows, statuses, chosen = _of(batch.column(ANNOTATIONS_COLUMN.name), annotator_id)
    best = np.full(batch.num_rows, len(_STATUSES), np.int64)
    np.minimum.at(best, rows, statuses)
    best[_without_label(best, rows[chosen])] = len(_STATUSES) + 1
    *counts, unanswered, unlabelled = np.bincount(best, minlength=len(_STATUSES) + 2)
    named = Counter({word: int(counts[status]) for status, word in WORDS.items()})
    named[NO_LABEL] = int(unlabelled)
    unsaid = sum(n for word, n in tallied.items() if word in named)
    rest = int(unanswered) - unsaid
    alone = rest
    if unit == "conversation":
        far = _far_from_answers(batch.column("conversation_id"), rows)
        alone = min(rest, max(far - unsaid, 0))
    named[NO_ANSWER], named[WITH_CONVERSATION] = alone, rest - alone
    # Counters that are added keep no zeros.
    return dict(named + Counter(tallied))


def _far_from_answers(conversations: pa.Array, answered: _Ints) -> int:
    """Returns how many rows are of conversations without an answer."""
    of_answers = conversations.take(pa.array(answered)).unique()
    return len(conversations) - pc.is_in(conversations, value_set=of_answers).true_count


def _without_label(best: _Ints, labelled: _Ints) -> _Ints:
    """Returns the rows that were answered, of which no label was chosen."""
    is_bare = best <= Status.TRUNCATED
    is_bare[labelled] = False
    return np.flatnonzero(is_bare)


def _of(lists: pa.ListArray, annotator_id: str) -> tuple[_Ints, _Ints, Mask]:
    """Returns row and status of an annotator's annotations, and which are chosen."""
    items = lists.flatten()
    own = pc.equal(items.field("annotator_id"), annotator_id)
    known = pc.index_in(items.field("status"), value_set=_STATUSES)
    rows = pc.list_parent_indices(lists)
    kept = pc.and_(pc.fill_null(own, False), pc.is_valid(known))
    chosen = pc.fill_null(items.field("chosen"), False)
    rows, known, chosen = (each.filter(kept) for each in (rows, known, chosen))
    return np.asarray(rows), np.asarray(known), np.asarray(chosen)
