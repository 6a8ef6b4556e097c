"""Conditioned: a reply to each message, by a network that is told its emotion."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow import weights as stored
from affectflow.batches.entries import Entry, annotations_of
from affectflow.batches.labelling import annotate
from affectflow.errors import UsageError
from affectflow.kinds.identity import Origin
from affectflow.kinds.model import BatchModelHandler
from affectflow.kinds.style import check_reading, reading_of
from affectflow.kinds.words import best, labels_of
from affectflow.registry import Card
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, Status, fields
from affectflow_transforms.conditioned.network import NO_EMOTION, WHAT, filled
from affectflow_transforms.conditioned.writing import Writer, tokens_of, written
from affectflow_transforms.models.pretrained import loading

ANNOTATOR = "Conditioned"
FILE = "model.safetensors"
TASK, LABEL = "reply", "reply"


@dataclass(kw_only=True)
class Conditioned(BatchModelHandler[Writer]):
    """Writes a reply to each message, told the emotion that another annotator found.

    The reply is in `raw` of the task `reply`. A message without one of the emotions
    that the network knows is read without one; one without text has no reply.

    Args:
      over: the annotator that labelled the messages.
      weights: folder that `affectflow train conditioned` wrote.
      max_tokens: longer messages are cut.
      max_new_tokens: the longest reply.
      cues: the model reads cues of the text in words (`in_text`), those around it as
        well (`words`), or texts `as_written`.
      style: whose frame is read around a text that has cues without a place in it.

    Raises:
      UsageError: `weights` is not such a folder, or an option is out of its range.
    """

    over: str = ""
    weights: str = ""
    max_tokens: int = 128
    max_new_tokens: int = 64
    cues: str = "in_text"
    style: str = ""

    # The revision says which weights they are.
    not_in_id: ClassVar[frozenset[str]] = frozenset({"weights"})
    requires: ClassVar[pa.Schema] = pa.schema(
        [*fields(UTTERANCES, "text", "segments"), ANNOTATIONS_COLUMN]
    )
    card: ClassVar[Card] = Card(
        summary="replies to messages, told the emotion that another annotator found",
        answers="what would a reply be to a message that expresses this emotion?",
        weights_licence="that of your base and training data",
        extra="torch",
        misleads="a fluent reply is not a helpful one; the emotion that it is told may "
        "be wrong; do not send what nobody has read",
    )

    def __post_init__(self) -> None:
        super().__init__()
        check_reading(self.cues, self.style)
        if not self.weights:
            raise UsageError(
                "Conditioned comes without weights: train it with `affectflow train "
                "conditioned --data FOLDER --set base=BASE --out replies`, then give "
                "--model replies"
            )
        if self.max_tokens < 3 or self.max_new_tokens < 1:
            raise UsageError(
                "`max_tokens` must be at least 3 and `max_new_tokens` at least 1, got "
                f"{self.max_tokens} and {self.max_new_tokens}"
            )
        self._folder = Path(self.weights).expanduser()
        self._metadata = stored.read_metadata(self._folder, ANNOTATOR)
        self._revision = stored.digest(self._folder)

    def origin(self) -> Origin:
        """Returns the user's weights, with the licence of base and data."""
        licence = self._metadata.get("licence", "not stated")
        allowed = False if re.search(r"\bnc\b", licence, re.IGNORECASE) else None
        return Origin(ANNOTATOR, self._revision, licence, allowed)

    def load_model(self) -> Writer:
        """Returns the network in `weights`.

        Raises:
          MissingExtraError: the extra `torch` is not installed.
        """
        transformers = loading.check_extra(WHAT)
        arrays, metadata = stored.read(self._folder, ANNOTATOR)
        labels = tuple(json.loads(metadata["labels"]))
        return Writer(
            module=filled(self._folder, arrays, labels),
            tokenizer=loading.from_pretrained(
                transformers.AutoTokenizer, self._folder, WHAT
            ),
            labels=labels,
        )

    def predict(self, batch: pa.RecordBatch, model: Writer) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row."""
        readings = reading_of(batch, cues=self.cues, style=self.style)
        rows = np.flatnonzero(~readings.silent)
        emotions = self._emotions(batch, model.labels)[rows]
        texts = readings.texts.take(pa.array(rows)).to_pylist()
        ids, cut = tokens_of(model.tokenizer, texts, self.max_tokens)
        replies = written(model, ids, emotions, self.max_new_tokens)
        found = [
            _entry(row, reply, is_cut=bool(was_cut))
            for row, reply, was_cut in zip(rows.tolist(), replies, cut, strict=True)
        ]
        found += [
            Entry(row, TASK, TASK, status=Status.NO_AUTHOR_TEXT)
            for row in np.flatnonzero(readings.silent).tolist()
        ]
        own = self.annotator()["annotator_id"]
        return annotate(batch, annotations_of(found, batch.num_rows, own))

    def _emotions(
        self, batch: pa.RecordBatch, labels: tuple[str, ...]
    ) -> npt.NDArray[np.int64]:
        """Returns the place of the likeliest known label of each row; 0 for none."""
        places = {label: place for place, label in enumerate(labels, NO_EMOTION + 1)}
        found = [best([scores], 1) for scores in labels_of(batch, self.over)]
        return np.array(
            [places.get(each[0], NO_EMOTION) if each else NO_EMOTION for each in found],
            np.int64,
        )


def _entry(row: int, reply: str, *, is_cut: bool) -> Entry:
    if not reply:
        return Entry(row, TASK, TASK, status=Status.ABSTAINED)
    status = Status.TRUNCATED if is_cut else Status.OK
    return Entry(
        row, TASK, TASK, label=LABEL, rank=1, chosen=True, status=status, raw=reply
    )
