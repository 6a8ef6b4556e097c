"""SS3: labels by words that say something of them, and which words those are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import weights as stored
from affectflow.batches.entries import Entry, annotations_of
from affectflow.batches.labelling import (
    Answer,
    Statuses,
    annotate,
    annotations,
    choose_top,
)
from affectflow.batches.readings import Readings
from affectflow.errors import UsageError
from affectflow.kinds.identity import Origin
from affectflow.kinds.model import BatchModelHandler
from affectflow.kinds.style import check_reading, reading_of
from affectflow.registry import Card
from affectflow.schemas import UTTERANCES, Status, fields
from affectflow_transforms.models.ss3.values import Floats
from affectflow_transforms.models.ss3.words import ANNOTATOR, Words


@dataclass(kw_only=True)
class SS3(BatchModelHandler[Words]):
    """Labels posts by their words, with weights that `affectflow train ss3` wrote.

    Each word has a value for each label, and a post the sum of its words'. Three
    tasks are answered, named after the task of the weights:

    - itself: the label with the highest sum, `score` its share of all sums;
    - with `_value` appended: the sum for each label as `value`, which adds up over
      posts: `affectflow measure EarlyRisk` reads it;
    - with `_evidence` appended: the strongest words, each with its strongest label, its
      value, and its place in the text.

    A post without any known word is `abstained`.

    Args:
      weights: folder that `affectflow train ss3` wrote.
      per: `post`, or `conversation`: the sums of all its posts up to this one.
      evidence: at most this many words per post; 0 for none.
      cues: the model reads cues of the text in words (`in_text`), those around it as
        well (`words`), or texts `as_written`.
      style: the style whose frame is read around a text with cues that have no place in
        it.

    Raises:
      UsageError: `weights` is not such a folder, `per` or `cues` is unknown, or
        `evidence` is below 0.
    """

    weights: str = ""
    per: Literal["post", "conversation"] = "post"
    evidence: int = 3
    cues: str = "in_text"
    style: str = ""

    # The revision identifies the weights.
    not_in_id: ClassVar[frozenset[str]] = frozenset({"weights"})
    annotator_kind: ClassVar[str] = "lexicon"
    card: ClassVar[Card] = Card(
        summary="labels by words, and names the words; adds up over posts",
        answers="which words speak for which label, and what do those of a thread add "
        "up to?",
        weights_licence="that of your training data; no weights come with the package",
        misleads="a strong word is one that the label's texts used, whatever it means "
        "here: negation, quotes and irony are not understood; long texts have higher "
        "sums",
    )

    def __post_init__(self) -> None:
        super().__init__()
        if self.style and self.cues == "in_text":
            self.cues = "words"  # The style decides how the frame is read.
        check_reading(self.cues, self.style)
        if not self.weights:
            raise UsageError(
                "SS3 comes without weights: train it with `affectflow train ss3 --data "
                "FOLDER --out heat`, then give --model heat"
            )
        if self.per not in ("post", "conversation") or self.evidence < 0:
            raise UsageError(
                "`per` must be post or conversation and `evidence` at least 0, got "
                f"{self.per!r} and {self.evidence}"
            )
        if self.per == "conversation":
            self.unit = "conversation"
        self._folder = Path(self.weights).expanduser()
        self._metadata = stored.read_metadata(self._folder, ANNOTATOR)
        self._revision = stored.digest(self._folder)

    @property
    def columns_required(self) -> pa.Schema:
        """The text, and the conversation where its posts are added up."""
        more = ("conversation_id",) if self.per == "conversation" else ()
        return pa.schema([*self.requires, *fields(UTTERANCES, *more)])

    def origin(self) -> Origin:
        """Returns the user's weights, with the licence of their data."""
        licence = self._metadata.get("licence", "not stated")
        allowed = False if re.search(r"\bNC\b", licence) else None
        return Origin(ANNOTATOR, self._revision, licence, allowed)

    def load_model(self) -> Words:
        """Returns the words in `weights`."""
        return Words.load(self._folder)

    def predict(self, batch: pa.RecordBatch, model: Words) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row."""
        readings = reading_of(batch, cues=self.cues, style=self.style)
        texts = readings.texts.to_pylist()
        sums = model.scores(texts)
        sums[readings.silent] = 0
        if self.per == "conversation":
            sums = so_far(sums, _codes(batch.column("conversation_id")))
        statuses: Statuses = np.full(batch.num_rows, Status.OK, np.int8)
        statuses[~sums.any(axis=1)] = Status.ABSTAINED
        statuses[readings.silent] = Status.NO_AUTHOR_TEXT
        annotator_id = self.annotator()["annotator_id"]
        for answer in self._answers(sums, model.labels):
            batch = annotate(batch, annotations(answer, statuses, annotator_id))
        spoken = np.flatnonzero(~readings.silent).tolist() if self.evidence else []
        told = [e for row in spoken for e in self._told(row, texts, readings, model)]
        return annotate(batch, annotations_of(told, batch.num_rows, annotator_id))

    def _answers(self, sums: Floats, labels: tuple[str, ...]) -> Iterator[Answer]:
        task, vocabulary = self._metadata["task"], self._metadata["vocabulary"]
        total = sums.sum(axis=1, keepdims=True)
        shares = np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)
        yield Answer(
            task=task,
            vocabulary=vocabulary,
            labels=labels,
            scores=shares.astype(np.float32),
            chosen=choose_top(shares.astype(np.float32)),
        )
        yield Answer(
            task=f"{task}_value",
            vocabulary=vocabulary,
            labels=labels,
            values=sums.astype(np.float32),
            chosen=np.ones(sums.shape, np.bool_),
        )

    def _told(
        self, row: int, texts: list[str], readings: Readings, model: Words
    ) -> Iterator[Entry]:
        """Yields the words of a post that say most, at their places in its text."""
        found = model.telling(texts[row], self.evidence)
        for rank, (start, end, label, value) in enumerate(found, 1):
            start, end = readings.to_text(row, start, end)
            yield Entry(
                row=row,
                task=f"{self._metadata['task']}_evidence",
                vocabulary=self._metadata["vocabulary"],
                label=model.labels[label],
                value=value,
                rank=rank,
                chosen=True,
                start=start,
                end=end,
            )


def _codes(conversations: pa.Array) -> npt.NDArray[np.int64]:
    encoded = pc.dictionary_encode(conversations, null_encoding="encode")
    return np.asarray(encoded.indices, dtype=np.int64)


def so_far(sums: Floats, codes: npt.NDArray[np.int64]) -> Floats:
    """Returns the sums of each conversation up to each of its posts.

    Args:
      sums: the sums of each post, shape (posts, labels), in order of time.
      codes: the conversation of each post as a number, shape (posts,).
    """
    order = np.argsort(codes, kind="stable")
    found = np.empty_like(sums)
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    for rows in np.split(order, starts[1:]):
        found[rows] = sums[rows].cumsum(axis=0)
    return found
