"""EmbeddedEmotions: the models that come with the package.

They need no download, no GPU and no torch, and read English.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

import affectflow
from affectflow.errors import UsageError
from affectflow.inference import BatchModelHandler
from affectflow.readings import read
from affectflow.registry import Card
from affectflow_transforms import labels
from affectflow_transforms import weights as stored
from affectflow_transforms.emotions.model import ANNOTATOR, NgramModel
from affectflow_transforms.emotions.ngrams import Floats
from affectflow_transforms.frustration.model import OVER, FrustrationModel
from affectflow_transforms.labels import Labelling, Status
from affectflow_transforms.languages import ENGLISH, UNKNOWN, tagged

_CUES = ("words", "as_written")
TASKS = ("emotion", "frustration")
_LICENCE = "Apache-2.0 (trained on GoEmotions, CC BY 4.0, and gh_incivility, MIT)"


@dataclass(kw_only=True)
class EmbeddedEmotions(BatchModelHandler[NgramModel | FrustrationModel]):
    """Labels utterances with the 28 labels of GoEmotions, and with frustration.

    Of the task `emotion` an utterance has several labels or none, of `frustration` one
    or none. A label is chosen if its score reaches its own threshold, fitted on
    held-out scores of the training set. Frustration was learned from developers'
    comments and means no more elsewhere. Utterances in another language than English
    are not scored, and texts of more than 10,000 characters are cut at their end.

    Args:
      cues: the models read cues in `words`, or texts `as_written`.
      tasks: what is answered: `emotion`, `frustration` or both; empty for all that the
        weights can answer.
      weights: folder that `affectflow train` wrote; empty for what comes with the
        package. Weights of `frustration` go with the package's emotions; with weights
        of `emotions` there is no frustration, as it was trained over others.

    Raises:
      UsageError: `cues` or `tasks` is something else, or `weights` no such folder.
    """

    cues: str = "words"
    tasks: tuple[str, ...] = ()
    weights: str = ""

    card: ClassVar[Card] = Card(
        summary="28 emotions of GoEmotions, and frustration; embedded, CPU, English",
        weights_licence=_LICENCE,
    )

    def __post_init__(self) -> None:
        super().__init__()
        if self.cues not in _CUES:
            raise UsageError(f"`cues` is one of {_CUES}, got {self.cues!r}")
        self._metadata = stored.read_metadata(self._folder, ANNOTATOR)
        answered = _tasks_of(self._metadata, self._folder)
        self.tasks = tuple(self.tasks) or answered
        if not set(self.tasks) <= set(answered):
            raise UsageError(f"`tasks` are some of {answered}, got {self.tasks!r}")
        self._revision = (
            stored.digest(self._folder)
            if self.weights
            else stored.revision("emotions", "frustration")
        )

    @property
    def _folder(self) -> Path:
        if self.weights:
            return Path(self.weights).expanduser()
        return stored.folder("frustration")

    def load_model(self) -> NgramModel | FrustrationModel:
        """Returns the models that come with the package, or that in `weights`."""
        if OVER in self._metadata:
            return FrustrationModel.load(self._folder, emotion_model())
        return NgramModel.load(self._folder)

    def predict(
        self, batch: pa.RecordBatch, model: NgramModel | FrustrationModel
    ) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row."""
        reading = read(batch, cues=self.cues)
        english = tagged(batch, ENGLISH) | tagged(batch, UNKNOWN)
        readable = ~reading.silent & english
        texts = labels.collapse(reading.texts, readable)
        emotions = model if isinstance(model, NgramModel) else model.emotions
        statuses = statuses_of(texts, emotions)
        statuses[reading.silent] = Status.NO_AUTHOR_TEXT
        answers = _answers(model, texts.unique)
        for task in self.tasks:
            unique, thresholds = answers[task]
            scores = texts.spread(unique)
            chosen = labels.choose_passing(scores, thresholds)
            labelling = self._labelling(task, emotions)
            new = labels.annotations(scores, chosen, statuses, labelling)
            batch = labels.annotate(batch, new)
        return batch

    def annotator(self) -> dict[str, Any]:
        """Returns this annotator's row of the table `annotators`."""
        own = self._metadata.get("licence", "not stated")
        return {
            "annotator_id": self._annotator_id(),
            "kind": "model",
            "model": ANNOTATOR,
            "revision": self._revision,
            "licence": own if self.weights else _LICENCE,
            "commercial_use": None if self.weights else True,
            "parameters": labels.as_json(self._parameters()),
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
        return labels.annotator_id(ANNOTATOR, self._revision, self._parameters())

    def _parameters(self) -> dict[str, Any]:
        # Where the weights lie is no part of what they answer; the revision says it.
        return {"cues": self.cues, "tasks": self.tasks}


def emotion_model() -> NgramModel:
    """Returns the model of emotions that comes with the package."""
    return NgramModel.load(stored.folder("emotions"))


def _tasks_of(metadata: dict[str, str], folder: Path) -> tuple[str, ...]:
    """Returns what weights can answer, by their metadata.

    Raises:
      UsageError: they are of frustration, over another model of emotions.
    """
    if OVER not in metadata:
        return ("emotion",)
    here = stored.revision("emotions")
    if metadata[OVER] != here:
        raise UsageError(
            f"the weights in {str(folder)!r} rest on emotion weights {metadata[OVER]}, "
            f"not {here}: train them again with this version"
        )
    return TASKS


def _answers(
    model: NgramModel | FrustrationModel, texts: list[str]
) -> dict[str, tuple[Floats, Floats]]:
    """Returns, for each task, scores (texts, labels) and thresholds (labels,)."""
    if isinstance(model, NgramModel):
        return {"emotion": (model.scores(texts), model.thresholds)}
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
