"""EmbeddedGerman: Plutchik's eight emotions in German, embedded in the package.

It needs no download, no GPU and no torch.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from affectflow import weights as stored
from affectflow.batches import labelling as labels
from affectflow.batches.labelling import Labelling, Status
from affectflow.batches.readings import read
from affectflow.registry import Card
from affectflow.vocabularies import PLUTCHIK
from affectflow_transforms.models.embedded import EmbeddedAnnotator
from affectflow_transforms.models.german.model import ANNOTATOR, GermanModel
from affectflow_transforms.text.languages import GERMAN, UNKNOWN, tagged


@dataclass(kw_only=True)
class EmbeddedGerman(EmbeddedAnnotator[GermanModel]):
    """Labels German utterances with Plutchik's eight emotions: several or none.

    A score is the probability of a label if the utterance expresses an emotion at all:
    the training data know no neutral lines. A label is chosen from one score on that
    made half of the choices right in cross-validation; where none reaches it, none is
    chosen. German is what `lang` calls so, or, where it says nothing, what has enough
    German words; all else is not scored. Texts of more than 10,000 characters are cut
    at their end.

    Args:
      cues: the model reads cues in `words`, or texts `as_written`. Phrases of cues are
        English, so `as_written` is right unless a renderer writes German.
      weights: folder that `affectflow train german` wrote; empty for the weights that
        come with the package.

    Raises:
      UsageError: `cues` is another word, or `weights` no such folder.
    """

    cues: str = "as_written"

    name: ClassVar[str] = ANNOTATOR
    card: ClassVar[Card] = Card(
        summary="Plutchik's eight emotions; embedded, CPU, German",
        weights_licence="Apache-2.0 (trained on XED, CC BY 4.0)",
    )

    @classmethod
    def shipped_revision(cls) -> str:
        """Returns the digest of the weights that come with the package."""
        return stored.revision("affectflow_transforms.models.german")

    def load_model(self) -> GermanModel:
        """Returns the model that comes with the package, or that in `weights`."""
        shipped = stored.folder("affectflow_transforms.models.german")
        return GermanModel.load(self.own_folder if self.weights else shipped)

    def predict(self, batch: pa.RecordBatch, model: GermanModel) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row."""
        reading = read(batch, cues=self.cues)
        german, unknown = tagged(batch, GERMAN), tagged(batch, UNKNOWN)
        readable = ~reading.silent & (german | unknown)
        texts = labels.collapse(reading.texts, readable)
        statuses = _statuses(texts, model, german)
        statuses[reading.silent] = Status.NO_AUTHOR_TEXT
        scores = texts.spread(_scores(texts, model, statuses))
        chosen = labels.choose_passing(scores, model.emotions.thresholds)
        new = labels.annotations(scores, chosen, statuses, self._labelling())
        return labels.annotate(batch, new)

    def _labelling(self) -> Labelling:
        return Labelling(
            annotator_id=self.annotator_id(),
            task="emotion",
            vocabulary=PLUTCHIK.name,
            labels=PLUTCHIK.labels,
        )


def _statuses(
    texts: labels.Collapsed, model: GermanModel, said: labels.Mask
) -> labels.Statuses:
    """Returns the status of each row; of another language if it was not to be read."""
    cut = texts.spread(model.emotions.truncated(texts.unique))
    statuses = np.where(cut, Status.TRUNCATED, Status.OK).astype(np.int8)
    german = texts.spread(model.looks_german(texts.unique))
    german |= said & ~texts.spread(model.looks_unsupported(texts.unique), True)
    statuses[~german] = Status.UNSUPPORTED_LANGUAGE
    return statuses


def _scores(
    texts: labels.Collapsed, model: GermanModel, statuses: labels.Statuses
) -> labels.Scores:
    """Returns scores of the unique texts; zeros for those that are not to be scored."""
    wanted = np.zeros(len(texts.unique), np.bool_)
    wanted[texts.which[statuses[texts.rows] <= Status.TRUNCATED]] = True
    scores = np.zeros((len(texts.unique), len(PLUTCHIK.labels)), np.float32)
    places = np.flatnonzero(wanted)
    scores[places] = model.scores([texts.unique[place] for place in places])
    return scores
