"""What an annotator says about turns, in the labels of another vocabulary."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import vocabularies
from affectflow.batches.distributions import distribution
from affectflow.batches.labelling import Scores
from affectflow.errors import UsageError
from affectflow.schemas import ANNOTATIONS_COLUMN


def folded(
    batch: pa.RecordBatch, over: str, target: str, vocabulary: str = ""
) -> Scores:
    """Returns how an annotator's answers are spread over the labels of a vocabulary.

    Args:
      batch: has `annotations`.
      over: the annotator that answered.
      target: the vocabulary whose labels are the columns.
      vocabulary: which of the annotator's answers are read; empty for those in
        `target`, or else those that fold to it.

    Returns:
      Shape (rows, labels); a row without an answer that folds is NaN.

    Raises:
      UsageError: `vocabulary` does not exist or does not fold to `target`; or it is
        empty, and none or several of the annotator's vocabularies fold to it.
    """
    there = _vocabularies(batch, over)
    source = _source(there, target, over, vocabulary)
    if source == target:
        return distribution(batch, over, target)
    spread = distribution(batch, over, source) @ _weights(source, target)
    sums = spread.sum(axis=1, keepdims=True)
    nothing = np.full_like(spread, np.nan)
    return np.divide(spread, sums, out=nothing, where=sums > 0)


def _vocabularies(batch: pa.RecordBatch, over: str) -> list[str]:
    items = batch.column(ANNOTATIONS_COLUMN.name).flatten()
    own = pc.equal(items.field("annotator_id"), over)
    labelled = pc.and_(own, pc.is_valid(items.field("label")))
    found: list[str] = pc.unique(items.field("vocabulary").filter(labelled)).to_pylist()
    return found


def _source(there: list[str], target: str, over: str, vocabulary: str) -> str:
    """Returns the vocabulary that is read; `target` where nothing is answered."""
    if vocabulary:
        vocabularies.get(vocabulary)
        if vocabulary != target and not _weights(vocabulary, target).any():
            raise UsageError(f"{vocabulary!r} does not fold to {target!r}")
        return vocabulary
    if not there or target in there:
        return target
    able = [name for name in there if _weights(name, target).any()]
    if len(able) > 1:
        raise UsageError(
            f"{over!r} answers in {_list(able)}, all of which fold to {target!r}; give "
            f"--set vocabulary={able[0]}"
        )
    if not able:
        raise UsageError(
            f"{over!r} answers in {_list(there)}, none of which folds to {target!r}; "
            "name another annotator as `over`"
        )
    return able[0]


def _list(names: list[str]) -> str:
    return ", ".join(map(repr, names))


def _weights(source: str, target: str) -> Scores:
    """Returns weights of the fold, shape (labels of source, labels of target)."""
    labels = vocabularies.get(target).labels
    if source not in vocabularies.known():
        # A classifier's own labels have no vocabulary, so they do not fold.
        return np.zeros((0, len(labels)), np.float32)
    folds = [
        vocabularies.fold(label, source, target)
        for label in vocabularies.get(source).labels
    ]
    rows = [[fold.get(label, 0.0) for label in labels] for fold in folds]
    return np.array(rows, np.float32)
