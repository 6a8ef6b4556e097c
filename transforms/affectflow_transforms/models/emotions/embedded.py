"""EmbeddedEmotions: the models that come with the package.

They need no download, no GPU and no torch, and read English.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from affectflow import weights as stored
from affectflow.batches import labelling as labels
from affectflow.batches.labelling import Labelling, Status
from affectflow.batches.readings import read
from affectflow.errors import UsageError
from affectflow.registry import Card
from affectflow_transforms.models.embedded import EmbeddedAnnotator
from affectflow_transforms.models.emotions.model import ANNOTATOR, NgramModel
from affectflow_transforms.models.emotions.ngrams import Floats
from affectflow_transforms.models.frustration.model import OVER, FrustrationModel
from affectflow_transforms.text.languages import ENGLISH, UNKNOWN, tagged

TASKS = ("emotion", "frustration")


@dataclass(kw_only=True)
class EmbeddedEmotions(EmbeddedAnnotator[NgramModel | FrustrationModel]):
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

    tasks: tuple[str, ...] = ()

    name: ClassVar[str] = ANNOTATOR
    card: ClassVar[Card] = Card(
        summary="28 emotions of GoEmotions, and frustration; embedded, CPU, English",
        weights_licence="Apache-2.0 (trained on GoEmotions, CC BY 4.0, and "
        "gh_incivility, MIT)",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        own = self.weights and OVER not in self._own
        answered = ("emotion",) if own else TASKS
        if OVER in self._own:
            _check_base(self._own[OVER], self.own_folder)
        self.tasks = tuple(self.tasks) or answered
        if not set(self.tasks) <= set(answered):
            raise UsageError(f"`tasks` are some of {answered}, got {self.tasks!r}")

    @classmethod
    def shipped_revision(cls) -> str:
        """Returns the digest of the weights that come with the package."""
        return stored.revision(
            "affectflow_transforms.models.emotions",
            "affectflow_transforms.models.frustration",
        )

    def parameters(self) -> dict[str, Any]:
        """Returns the settings that decide answers."""
        return {"cues": self.cues, "tasks": self.tasks}

    def load_model(self) -> NgramModel | FrustrationModel:
        """Returns the models that come with the package, or that in `weights`."""
        if not self.weights:
            return FrustrationModel.load(
                stored.folder("affectflow_transforms.models.frustration"),
                emotion_model(),
            )
        if OVER in self._own:
            return FrustrationModel.load(self.own_folder, emotion_model())
        return NgramModel.load(self.own_folder)

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

    def _labelling(self, task: str, model: NgramModel) -> Labelling:
        emotion = task == "emotion"
        return Labelling(
            annotator_id=self.annotator_id(),
            task=task,
            vocabulary="goemotions" if emotion else task,
            labels=tuple(model.labels) if emotion else (task,),
        )


def emotion_model() -> NgramModel:
    """Returns the model of emotions that comes with the package."""
    return NgramModel.load(stored.folder("affectflow_transforms.models.emotions"))


def _check_base(over: str, folder: Path) -> None:
    """Checks that weights of frustration rest on the package's emotions.

    Raises:
      UsageError: they were trained over others.
    """
    here = stored.revision("affectflow_transforms.models.emotions")
    if over != here:
        raise UsageError(
            f"the weights in {str(folder)!r} rest on emotion weights {over}, "
            f"not {here}: train them again with this version"
        )


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
