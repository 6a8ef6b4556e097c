"""EmbeddedValence: how pleasant an utterance sounds, embedded in the package.

It needs no download, no GPU and no torch, and reads English.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow import weights as stored
from affectflow.batches import labelling as labels
from affectflow.batches.labelling import Labelling, Status
from affectflow.batches.readings import read
from affectflow.registry import Card
from affectflow.schemas import ANNOTATIONS_COLUMN
from affectflow.vocabularies import VAD
from affectflow_transforms.models import trained
from affectflow_transforms.models.embedded import EmbeddedAnnotator
from affectflow_transforms.models.emotions.embedded import statuses_of
from affectflow_transforms.models.valence import rating
from affectflow_transforms.models.valence.model import (
    ANNOTATOR,
    RatedWords,
    Regression,
    ValueModel,
)
from affectflow_transforms.text.languages import ENGLISH, UNKNOWN, tagged


@dataclass(kw_only=True)
class EmbeddedValence(EmbeddedAnnotator[ValueModel]):
    """Says how pleasant utterances sound: `value` from 0, unpleasant, to 1, pleasant.

    The value is by words that people rated and by the emotions of EmbeddedEmotions;
    0.5 is the middle. `score` is null: a value is a strength, and no confidence. With
    `weights` a regression answers, of valence, arousal and dominance. Utterances in
    another language than English get no value; texts of more than 10,000 characters are
    cut at their end.

    Args:
      cues: the model reads cues in `words`, or texts `as_written`.
      weights: folder that `affectflow train valence` wrote; empty for what comes with
        the package.

    Raises:
      UsageError: `cues` is another word, or `weights` no such folder.
    """

    name: ClassVar[str] = ANNOTATOR
    card: ClassVar[Card] = Card(
        summary="valence by rated words and emotions; embedded, CPU, English",
        weights_licence="Apache-2.0 (VADER's ratings, MIT; trained on GoEmotions, "
        "CC BY 4.0)",
    )

    @classmethod
    def shipped_revision(cls) -> str:
        """Returns the digests of the rated words and of the weights of emotions."""
        return (
            trained.sha256(rating.FILE)[:16]
            + stored.revision("affectflow_transforms.models.emotions")[:16]
        )

    def load_model(self) -> ValueModel:
        """Returns what comes with the package, or the regression in `weights`."""
        return Regression.load(self.own_folder) if self.weights else RatedWords.load()

    def predict(self, batch: pa.RecordBatch, model: ValueModel) -> pa.RecordBatch:
        """Returns `batch` with one annotation for each row and scale."""
        reading = read(batch, cues=self.cues)
        english = tagged(batch, ENGLISH) | tagged(batch, UNKNOWN)
        texts = labels.collapse(reading.texts, ~reading.silent & english)
        statuses = statuses_of(texts, model.english)
        statuses[reading.silent] = Status.NO_AUTHOR_TEXT
        values = texts.spread(model.values(texts.unique))
        for column, label in zip(values.T, model.labels, strict=True):
            new = _annotations(column, statuses, self._labelling(label))
            batch = labels.annotate(batch, new)
        return batch

    def _labelling(self, label: str) -> Labelling:
        return Labelling(
            annotator_id=self.annotator_id(),
            task=label,
            vocabulary=VAD.name,
            labels=(label,),
            perspective="reader",
        )


def _annotations(
    values: npt.NDArray[np.float32], statuses: labels.Statuses, labelling: Labelling
) -> pa.ListArray:
    """Returns one annotation a row: a value and no score, or a status alone."""
    one = np.ones((len(values), 1), np.bool_)
    lists = labels.annotations(one.astype(np.float32), one, statuses, labelling)
    flat = lists.flatten()
    fields = list(ANNOTATIONS_COLUMN.type.value_type)
    columns = dict(zip((f.name for f in fields), flat.flatten(), strict=True))
    columns["score"] = pa.nulls(len(flat), pa.float32())
    unanswered = statuses > Status.TRUNCATED
    columns["value"] = pa.array(values, pa.float32(), mask=unanswered)
    structs = pa.StructArray.from_arrays(list(columns.values()), fields=fields)
    return pa.ListArray.from_arrays(lists.offsets, structs, type=lists.type)
