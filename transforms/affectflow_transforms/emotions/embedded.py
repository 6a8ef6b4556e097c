"""EmbeddedEmotions: the models that come with the package.

They need no download, no GPU and no torch, and read English.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

import affectflow
from affectflow.errors import UsageError
from affectflow.inference import BatchModelHandler
from affectflow.readings import read
from affectflow.registry import Card
from affectflow_transforms import labels, weights
from affectflow_transforms.emotions.model import NgramModel
from affectflow_transforms.emotions.ngrams import Floats
from affectflow_transforms.frustration.model import FrustrationModel
from affectflow_transforms.labels import Labelling, Status
from affectflow_transforms.languages import ENGLISH, UNKNOWN, tagged

_CUES = ("words", "as_written")
TASKS = ("emotion", "frustration")
_LICENCE = "Apache-2.0 (trained on GoEmotions, CC BY 4.0, and gh_incivility, MIT)"


@dataclass(kw_only=True)
class EmbeddedEmotions(BatchModelHandler[FrustrationModel]):
    """Labels utterances with the 28 labels of GoEmotions, and with frustration.

    Of the task `emotion` an utterance has several labels or none, of `frustration` one
    or none. A label is chosen if its score reaches its own threshold, fitted on
    held-out scores of the training set. Frustration was learned from developers'
    comments and means no more elsewhere. Utterances in another language than English
    are not scored, and texts of more than 10,000 characters are cut at their end.

    Args:
      cues: the models read cues in `words`, or texts `as_written`.
      tasks: what is answered: `emotion`, `frustration` or both.

    Raises:
      UsageError: `cues` or `tasks` is something else.
    """

    cues: str = "words"
    tasks: tuple[str, ...] = TASKS

    card: ClassVar[Card] = Card(
        summary="28 emotions of GoEmotions, and frustration; embedded, CPU, English",
        weights_licence=_LICENCE,
    )

    def __post_init__(self) -> None:
        super().__init__()
        if self.cues not in _CUES:
            raise UsageError(f"`cues` is one of {_CUES}, got {self.cues!r}")
        self.tasks = tuple(self.tasks)
        if not self.tasks or not set(self.tasks) <= set(TASKS):
            raise UsageError(f"`tasks` are some of {TASKS}, got {self.tasks!r}")

    def load_model(self) -> FrustrationModel:
        """Returns the models that come with the package."""
        return FrustrationModel.load(
            weights.folder("frustration"), emotion_model(), weights.digest("emotions")
        )

    def predict(self, batch: pa.RecordBatch, model: FrustrationModel) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row."""
        reading = read(batch, cues=self.cues)
        english = tagged(batch, ENGLISH) | tagged(batch, UNKNOWN)
        readable = ~reading.silent & english
        texts = labels.collapse(reading.texts, readable)
        statuses = statuses_of(texts, model.emotions)
        statuses[reading.silent] = Status.NO_AUTHOR_TEXT
        answers = _answers(model, texts.unique)
        for task in self.tasks:
            unique, thresholds = answers[task]
            scores = texts.spread(unique)
            chosen = labels.choose_passing(scores, thresholds)
            labelling = self._labelling(task, model.emotions)
            new = labels.annotations(scores, chosen, statuses, labelling)
            batch = labels.annotate(batch, new)
        return batch

    def annotator(self) -> dict[str, Any]:
        """Returns this annotator's row of the table `annotators`."""
        return {
            "annotator_id": self._annotator_id(),
            "kind": "model",
            "model": type(self).__name__,
            "revision": _revision(),
            "licence": _LICENCE,
            "commercial_use": True,
            "parameters": labels.as_json(asdict(self)),
            "version": affectflow.__version__,
        }

    def _labelling(self, task: str, model: NgramModel) -> Labelling:
        emotion = task == "emotion"
        return Labelling(
            annotator_id=self._annotator_id(),
            task=task,
            vocabulary="goemotions" if emotion else task,
            labels=tuple(model.labels) if emotion else (task,),
        )

    def _annotator_id(self) -> str:
        return labels.annotator_id(type(self).__name__, _revision(), asdict(self))


def emotion_model() -> NgramModel:
    """Returns the model of emotions that comes with the package."""
    return NgramModel.load(weights.folder("emotions"))


def _revision() -> str:
    return weights.digest("emotions", "frustration")


def _answers(
    model: FrustrationModel, texts: list[str]
) -> dict[str, tuple[Floats, Floats]]:
    """Returns, for each task, scores (texts, labels) and thresholds (labels,)."""
    emotions, frustration = model.scores(texts)
    threshold = np.full(1, model.threshold, np.float32)
    return {
        "emotion": (emotions, model.emotions.thresholds),
        "frustration": (frustration[:, None], threshold),
    }


def statuses_of(texts: labels.Collapsed, model: NgramModel) -> labels.Statuses:
    """Returns the status of each row; of another language if it was not to be read."""
    statuses = np.where(
        texts.spread(model.truncated(texts.unique)), Status.TRUNCATED, Status.OK
    ).astype(np.int8)
    foreign = texts.spread(model.looks_unsupported(texts.unique), elsewhere=True)
    statuses[foreign] = Status.UNSUPPORTED_LANGUAGE
    return statuses
