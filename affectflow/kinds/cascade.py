"""A cascade: a model that is asked only where another annotator is uncertain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import Rows, is_dead, refuse
from affectflow.batches.labelling import annotate
from affectflow.batches.texts import Mask
from affectflow.errors import UsageError
from affectflow.kinds.account import account
from affectflow.kinds.identity import Origin
from affectflow.kinds.model import BatchModelHandler, ModelT
from affectflow.schemas import ANNOTATIONS_COLUMN, ERRORS_COLUMN

_Ints = npt.NDArray[np.int64]
_Answers = tuple[_Ints, pa.StructArray]
"""Annotations, and the row of each."""


THRESHOLD = "above 0 and at most 1"
"""What a threshold must be, in words."""


def is_threshold(value: float) -> bool:
    """Returns whether a number may be a threshold."""
    return 0 < value <= 1


class Below(NamedTuple):
    """Where the second annotator of a cascade is asked.

    Attributes:
      over: the first annotator.
      only_below: the second is asked if no label of the first has this score.
      task: the task of the first one's answers that counts.
    """

    over: str
    only_below: float
    task: str = "emotion"

    def asks(self, batch: pa.RecordBatch) -> Mask:
        """Returns the rows that the second is asked about.

        They include rows the first did not label, since the second may be able to read
        what the first could not.
        """
        rows, items = self.first(batch)
        best = np.full(batch.num_rows, -np.inf)
        scores = pc.fill_null(items.field("score"), -np.inf)
        np.maximum.at(best, np.asarray(rows), np.asarray(scores))
        # Scores are stored as float32; thresholds are given in decimals.
        asked: Mask = best.astype(np.float32) < np.float32(self.only_below)
        return asked

    def first(self, batch: pa.RecordBatch) -> tuple[pa.Array, pa.StructArray]:
        """Returns the first's answers to the task, and the row of each."""
        rows, items = self.all_of_first(batch)
        own = pc.fill_null(pc.equal(items.field("task"), self.task), False)
        return rows.filter(own), items.filter(own)

    def all_of_first(self, batch: pa.RecordBatch) -> tuple[pa.Array, pa.StructArray]:
        """Returns the first's answers to all tasks, and the row of each."""
        lists = batch.column(ANNOTATIONS_COLUMN.name)
        items = lists.flatten()
        own = pc.equal(items.field("annotator_id"), self.over)
        own = pc.fill_null(own, False)
        return pc.list_parent_indices(lists).filter(own), items.filter(own)


@dataclass(kw_only=True)
class Cascade(BatchModelHandler[ModelT]):
    """A model that is asked only where another annotator is uncertain.

    Every row has an answer of the cascade: the first annotator's where it is certain,
    without probabilities, otherwise the model's.

    Args:
      inner: the model that is asked.
      over: the annotator that answered first.
      only_below: the model is asked if none of its scores is as high: `THRESHOLD`.
      task: of that annotator's answers, the one that counts.
      learned: the results of a learned threshold; empty if it was given.

    Raises:
      UsageError: `only_below` is another number, or the model reads conversations or
        gives no annotations.
    """

    inner: BatchModelHandler[ModelT]
    over: str
    only_below: float
    task: str = "emotion"
    learned: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._check()
        inner = self.inner
        # Licence, card and prompt are those of the model that it asks.
        self.__dict__ |= {
            "card": inner.card,
            "annotator_kind": inner.annotator_kind,
            "prompt_hash": inner.prompt_hash,
            "notice": inner.notice,
        }

    def _check(self) -> None:
        if not is_threshold(self.only_below):
            raise UsageError(f"`only_below` must be {THRESHOLD}, got {self.only_below}")
        names = self.inner.columns_provided.names
        if self.inner.unit != "utterance" or names != [ANNOTATIONS_COLUMN.name]:
            raise UsageError(
                f"`only_below` is for models that label single utterances, and "
                f"{type(self.inner).__name__} does not; leave it out"
            )

    @property
    def touches(self) -> tuple[str, ...]:
        """The kinds of personal data that the model touches."""
        return self.inner.touches

    @property
    def style_read(self) -> str:
        """The style whose cues the model reads."""
        return self.inner.style_read

    def touched_by(self, what: str) -> str:
        """Returns what of the model touches that."""
        return self.inner.touched_by(what)

    @property
    def below(self) -> Below:
        """Where the model is asked."""
        return Below(self.over, self.only_below, self.task)

    @property
    def columns(self) -> dict[str, float]:
        """What `runs` says about the threshold, and its results if it was learned.

        The results were measured on the part of the sample that did not set it.
        """
        said = {"only_below": self.only_below}
        if self.learned:
            said["learned_from"] = self.learned["rows"]
            said["learned_asked"] = self.learned["asked"]
            said["learned_agreement"] = self.learned["agreement"]
        return said

    def config(self) -> dict[str, Any]:
        """Returns its arguments besides the model."""
        learned = {"learned": dict(self.learned)} if self.learned else {}
        return {**self.below._asdict(), **learned}

    @property
    def columns_required(self) -> pa.Schema:
        """What the model reads, and the answers that decide whether it is asked."""
        required = self.inner.columns_required
        if ANNOTATIONS_COLUMN.name in required.names:
            return required
        return required.append(ANNOTATIONS_COLUMN)

    def origin(self) -> Origin:
        """Returns where the model's answers come from."""
        return self.inner.origin()

    def parameters(self) -> dict[str, Any]:
        """Returns those of the model, and where it is asked."""
        return {**self.inner.parameters(), "cascade": self.below._asdict()}

    def load_model(self) -> ModelT:
        """Returns the model."""
        return self.inner.load_model()

    def get_metrics_namespace(self) -> str:
        """Returns that of the model."""
        return self.inner.get_metrics_namespace()

    def predict(self, batch: pa.RecordBatch, model: ModelT) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row."""
        asked = np.flatnonzero(self.below.asks(batch))
        account().tally("asked", len(asked))
        if not len(asked):
            answers = [self._of_first(batch, asked, [])]
            return annotate(batch, self._lists(answers, batch.num_rows))
        found = self.inner.apply(batch.take(pa.array(asked)), model)
        new = self._of_inner(found, asked)
        tasks = pc.unique(new[1].field("task")).to_pylist()
        answers = [self._of_first(batch, asked, tasks), new]
        batch = annotate(batch, self._lists(answers, batch.num_rows))
        return _refused(batch, found, asked)

    def _of_first(
        self, batch: pa.RecordBatch, asked: _Ints, tasks: Sequence[str]
    ) -> _Answers:
        """Returns the first annotator's answers, except those replaced by the model's.

        Args:
          batch: with them.
          asked: the rows that the model was asked about.
          tasks: that it answered there.
        """
        rows, items = self.below.all_of_first(batch)
        is_asked = pc.is_in(rows, value_set=pa.array(asked, rows.type))
        answered = pa.array([self.task, *tasks], pa.string())
        again = pc.is_in(items.field("task"), value_set=answered)
        stays = pc.invert(pc.and_(is_asked, again))
        return np.asarray(rows.filter(stays)), items.filter(stays)

    def _of_inner(self, found: pa.RecordBatch, asked: _Ints) -> _Answers:
        """Returns what the model answered of the rows that it was asked about."""
        lists = found.column(ANNOTATIONS_COLUMN.name)
        items, rows = lists.flatten(), asked[np.asarray(pc.list_parent_indices(lists))]
        inner_id = self.inner.annotator()["annotator_id"]
        own = pc.fill_null(pc.equal(items.field("annotator_id"), inner_id), False)
        return rows[np.asarray(own)], items.filter(own)

    def _lists(self, answers: Sequence[_Answers], n_rows: int) -> pa.ListArray:
        """Returns answers of both as one list a row, all signed by the cascade."""
        rows = np.concatenate([each for each, _ in answers])
        order = np.argsort(rows, kind="stable")
        items = pa.concat_arrays([items for _, items in answers]).take(pa.array(order))
        signed = _signed(items, self.annotator()["annotator_id"])
        offsets = np.searchsorted(rows[order], np.arange(n_rows + 1)).astype(np.int32)
        return pa.ListArray.from_arrays(
            pa.array(offsets), signed, type=ANNOTATIONS_COLUMN.type
        )


def _signed(items: pa.StructArray, annotator_id: str) -> pa.StructArray:
    """Returns annotations as those of another annotator, not calibrated."""
    fields = list(ANNOTATIONS_COLUMN.type.value_type)
    given = {
        "annotator_id": pa.repeat(annotator_id, len(items)),
        # The first annotator's calibration does not apply to the cascade.
        "probability": pa.nulls(len(items), pa.float32()),
        "calibration_id": pa.nulls(len(items), pa.string()),
    }
    columns = [given.get(field.name, items.field(field.name)) for field in fields]
    return pa.StructArray.from_arrays(columns, fields=fields)


def _refused(
    batch: pa.RecordBatch, found: pa.RecordBatch, asked: _Ints
) -> pa.RecordBatch:
    """Returns `batch` with the errors of the rows on which the model failed."""
    if not is_dead(found).true_count:
        return batch
    errors: list[Rows | None] = [None] * batch.num_rows
    reasons = found.column(ERRORS_COLUMN.name).to_pylist()
    for row, reason in zip(asked.tolist(), reasons, strict=True):
        errors[row] = reason or None
    return refuse(batch, errors)
