"""EmbeddedEmotions: the model that comes with the package.

It needs no download, no GPU and no torch, and reads English.
"""

import functools
import hashlib
import importlib.resources
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import affectflow
from affectflow.errors import UsageError
from affectflow.inference import BatchModelHandler
from affectflow.readings import read
from affectflow.registry import Card
from affectflow_transforms import labels
from affectflow_transforms.emotions.ngrams import NgramModel
from affectflow_transforms.labels import Labelling, Status

_CUES = ("words", "as_written")
_LICENCE = "Apache-2.0 (trained on GoEmotions, CC BY 4.0)"
# BCP 47: `en`, `en-GB`. `und` says that nobody knows.
_ENGLISH = "(?i)^(en([-_].*)?|und|)$"


@dataclass(kw_only=True)
class EmbeddedEmotions(BatchModelHandler[NgramModel]):
    """Labels utterances with the 28 labels of GoEmotions, several or none for each.

    A label is chosen if its score reaches its own threshold, fitted on held-out scores
    of GoEmotions' training set. Utterances in another language than English are not
    scored, and texts of more than 10,000 characters are cut at their end.

    Args:
      cues: the model reads cues in `words`, or texts `as_written`.
    """

    cues: str = "words"

    card: ClassVar[Card] = Card(
        summary="28 emotions of GoEmotions; embedded, on CPU, English",
        weights_licence=_LICENCE,
    )

    def __post_init__(self) -> None:
        super().__init__()
        if self.cues not in _CUES:
            raise UsageError(f"`cues` is one of {_CUES}, got {self.cues!r}")

    def load_model(self) -> NgramModel:
        """Returns the model that comes with the package."""
        return NgramModel.load(weights_folder())

    def predict(self, batch: pa.RecordBatch, model: NgramModel) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row."""
        reading = read(batch, cues=self.cues)
        readable = ~reading.silent & ~_in_another_language(batch)
        texts = labels.collapse(reading.texts, readable)
        scores = texts.spread(model.scores(texts.unique))
        statuses = np.where(
            texts.spread(model.truncated(texts.unique)), Status.TRUNCATED, Status.OK
        ).astype(np.int8)
        foreign = texts.spread(model.looks_unsupported(texts.unique), elsewhere=True)
        statuses[foreign] = Status.UNSUPPORTED_LANGUAGE
        statuses[reading.silent] = Status.NO_AUTHOR_TEXT
        chosen = labels.choose_passing(scores, model.thresholds)
        new = labels.annotations(scores, chosen, statuses, self._labelling(model))
        return labels.annotate(batch, new)

    def annotator(self) -> dict[str, Any]:
        """Returns this annotator's row of the table `annotators`."""
        return {
            "annotator_id": self._annotator_id(),
            "kind": "model",
            "model": type(self).__name__,
            "revision": weights_digest(),
            "licence": _LICENCE,
            "commercial_use": True,
            "parameters": labels.as_json(asdict(self)),
            "version": affectflow.__version__,
        }

    def _labelling(self, model: NgramModel) -> Labelling:
        return Labelling(
            annotator_id=self._annotator_id(),
            task="emotion",
            vocabulary="goemotions",
            labels=tuple(model.labels),
        )

    def _annotator_id(self) -> str:
        return labels.annotator_id(type(self).__name__, weights_digest(), asdict(self))


def weights_folder() -> Path:
    """Returns the folder of the weights that come with the package."""
    package = importlib.resources.files("affectflow_transforms.emotions")
    return Path(str(package / "weights"))


@functools.cache
def weights_digest() -> str:
    """Returns BLAKE2b of the weights, 32 hex digits."""
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(weights_folder().glob("*.safetensors")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _in_another_language(batch: pa.RecordBatch) -> labels.Mask:
    """Returns where `lang` names a language, and it is not English."""
    if "lang" not in batch.schema.names:
        return np.zeros(batch.num_rows, np.bool_)
    english = pc.match_substring_regex(batch.column("lang"), _ENGLISH)
    foreign: labels.Mask = pc.invert(pc.fill_null(english, True)).to_numpy(
        zero_copy_only=False
    )
    return foreign
