"""EmbeddedEmotions: the models that come with the package.

They need no download, no GPU and no torch, and read English.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from affectflow import weights as stored
from affectflow.batches.labelling import Answer, Scores, choose_passing
from affectflow.batches.texts import Mask
from affectflow.errors import UsageError
from affectflow.kinds.model import Scored
from affectflow.registry import Card
from affectflow_transforms.models.embedded import EmbeddedAnnotator
from affectflow_transforms.models.emotions.model import ANNOTATOR, NgramModel
from affectflow_transforms.models.emotions.ngrams import Floats
from affectflow_transforms.models.frustration.model import OVER, FrustrationModel
from affectflow_transforms.models.ranges import check_among

TASKS = ("emotion", "frustration")
ENGLISH = ("en", "eng")


@dataclass(kw_only=True)
class EmbeddedEmotions(EmbeddedAnnotator[NgramModel | FrustrationModel]):
    """Labels utterances with the 28 labels of GoEmotions, and with frustration.

    For the task `emotion` an utterance has several labels or none, for `frustration`
    one or none. A label is chosen if its score reaches its own threshold, fitted on
    held-out scores of the training set. Frustration was learned from developers'
    comments and means no more elsewhere. Utterances in languages other than English are
    not scored, and texts of more than 10,000 characters are cut at their end.

    Args:
      cues: which cues are read: `in_text`, `words` or `as_written`.
      tasks: what is answered: `emotion`, `frustration` or both; empty for all that the
        weights can answer.
      weights: folder that `affectflow train` wrote; empty for the weights of the
        package. Weights of `frustration` work only with the package's emotions; with
        your own weights of `emotions` there is no frustration.

    Raises:
      UsageError: `cues` or `tasks` is unknown, or `weights` is not such a folder.
    """

    tasks: tuple[str, ...] = ()

    name: ClassVar[str] = ANNOTATOR
    languages: ClassVar[tuple[str, ...]] = ENGLISH
    weighs_cues: ClassVar[bool] = True
    card: ClassVar[Card] = Card(
        summary="28 emotions of GoEmotions, and frustration; embedded, CPU, English",
        weights_licence="Apache-2.0 (trained on GoEmotions, CC BY 4.0, "
        "gh_incivility, MIT, and messages written for this project, Apache-2.0)",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        own = self.weights and OVER not in self._own
        answered = ("emotion",) if own else TASKS
        if OVER in self._own:
            _check_base(self._own[OVER], self.own_folder)
        self.tasks = tuple(self.tasks) or answered
        check_among("tasks", self.tasks, answered)

    @classmethod
    def shipped_revision(cls) -> str:
        """Returns the digest of the weights that come with the package."""
        return stored.revision(
            "affectflow_transforms.models.emotions",
            "affectflow_transforms.models.frustration",
            "affectflow_transforms.models.senses",
        )

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

    def understands(
        self, texts: list[str], known: Mask, model: NgramModel | FrustrationModel
    ) -> Mask:
        """Returns which texts do not look foreign, whatever their tag says."""
        return ~_emotions(model).looks_unsupported(texts)

    def score(self, texts: list[str], model: NgramModel | FrustrationModel) -> Scored:
        """Returns scores and chosen labels for each task."""
        answers = dict(zip(TASKS, _answers(model, texts), strict=False))
        return Scored(
            answers=tuple(answers[task] for task in self.tasks),
            truncated=_emotions(model).truncated(texts),
        )


def _emotions(model: NgramModel | FrustrationModel) -> NgramModel:
    return model if isinstance(model, NgramModel) else model.emotions


def emotion_model() -> NgramModel:
    """Returns the model of emotions that comes with the package."""
    return NgramModel.load(stored.folder("affectflow_transforms.models.emotions"))


def _check_base(over: str, folder: Path) -> None:
    """Checks that weights of frustration rest on the package's emotions.

    Raises:
      UsageError: they were trained over other emotion weights.
    """
    here = stored.revision("affectflow_transforms.models.emotions")
    if over != here:
        raise UsageError(
            f"the weights in {str(folder)!r} need emotion weights {over}, but this "
            f"version has {here}: train them again with this version"
        )


def _answers(
    model: NgramModel | FrustrationModel, texts: list[str]
) -> Iterator[Answer]:
    """Yields the answers to `TASKS`, in their order; the first alone if that is all."""
    labels = tuple(_emotions(model).labels)
    if isinstance(model, NgramModel):
        scores = model.scores(texts)
        yield _answer("emotion", "goemotions", labels, scores, model.thresholds)
        return
    emotions, frustration = model.scores(texts)
    bars = model.emotions.thresholds
    yield _answer("emotion", "goemotions", labels, emotions, bars)
    bar = np.full(1, model.threshold, np.float32)
    task = "frustration"
    yield _answer(task, task, (task,), frustration[:, None], bar)


def _answer(
    task: str, vocabulary: str, labels: tuple[str, ...], scores: Scores, bars: Floats
) -> Answer:
    chosen = choose_passing(scores, bars)
    return Answer(
        task=task, vocabulary=vocabulary, labels=labels, scores=scores, chosen=chosen
    )
