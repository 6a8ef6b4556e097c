"""EmbeddedEncoder: a small encoder that comes with the package, and needs torch."""

from dataclasses import dataclass
from typing import ClassVar

from affectflow import weights as stored
from affectflow.batches.labelling import Answer, choose_passing
from affectflow.batches.texts import Mask
from affectflow.kinds.identity import Origin
from affectflow.kinds.model import Scored, Scorer
from affectflow.registry import Card
from affectflow_transforms.models.emotions.embedded import ENGLISH, emotion_model
from affectflow_transforms.models.emotions.model import NgramModel
from affectflow_transforms.models.encoder.model import ANNOTATOR, EncoderModel, Floats
from affectflow_transforms.models.ranges import check_among

TASKS = {
    "emotion": "goemotions",
    "frustration": "frustration",
    "irritation": "irritation",
}
"""What can be answered, and the label set of the answer."""
_UNLESS_SAID = ("emotion", "frustration")
_PACKAGE = "affectflow_transforms.models.encoder"


@dataclass(frozen=True, kw_only=True, eq=False)
class Read:
    """The encoder, and the model that says what is not English."""

    encoder: EncoderModel
    english: NgramModel


@dataclass(kw_only=True)
class EmbeddedEncoder(Scorer[Read]):
    """Labels utterances as EmbeddedEmotions does, by a small encoder.

    Its emotions are right more often, and it is much slower. For the task `emotion` an
    utterance has several of GoEmotions' 28 labels or none, for `frustration` and
    `irritation` one or none. A label is chosen if its score reaches its own threshold.
    Utterances in languages other than English are not scored, and texts of more than
    256 tokens are cut at their end.

    Args:
      cues: which cues are read: `in_text`, `words` or `as_written`.
      tasks: what is answered, some of `emotion`, `frustration` and `irritation`; empty
        for the first two.
      device: `cpu`, `cuda`, `cuda:1` ...; `auto` is CUDA where there is one.

    Raises:
      UsageError: `cues` or `tasks` is unknown.
    """

    cues: str = "in_text"
    tasks: tuple[str, ...] = ()
    device: str = "auto"

    not_in_id: ClassVar[frozenset[str]] = frozenset({"device"})
    languages: ClassVar[tuple[str, ...]] = ENGLISH
    card: ClassVar[Card] = Card(
        summary="28 emotions of GoEmotions, and frustration; embedded encoder, English",
        weights_licence="Apache-2.0 (trained on GoEmotions, CC BY 4.0, "
        "gh_incivility, MIT, irc_disentanglement, CC BY 4.0, and messages written for "
        "this project, Apache-2.0)",
        extra="torch",
    )

    def __post_init__(self) -> None:
        if self.style and self.cues == "in_text":
            self.cues = "words"  # The style decides how the frame is read.
        super().__post_init__()
        self.tasks = tuple(self.tasks) or _UNLESS_SAID
        check_among("tasks", self.tasks, tuple(TASKS))

    def origin(self) -> Origin:
        """Returns the weights that come with the package."""
        revision = stored.revision(_PACKAGE)
        return Origin(ANNOTATOR, revision, self.card.weights_licence, True)

    def load_model(self) -> Read:
        """Returns the models that come with the package.

        Raises:
          MissingExtraError: the extra `torch` is not installed.
        """
        folder = stored.folder(_PACKAGE)
        encoder = EncoderModel.load(folder, self.device)
        return Read(encoder=encoder, english=emotion_model())

    def understands(self, texts: list[str], known: Mask, model: Read) -> Mask:
        """Returns which texts do not look foreign, whatever their tag says."""
        return ~model.english.looks_unsupported(texts)

    def score(self, texts: list[str], model: Read) -> Scored:
        """Returns scores and chosen labels for each task."""
        found = model.encoder.outputs(texts)
        scores = model.encoder.scale.scores(found.values)
        return Scored(
            answers=tuple(_answer(task, scores, model.encoder) for task in self.tasks),
            truncated=found.truncated,
            failed=found.failed,
        )


def _answer(task: str, scores: Floats, model: EncoderModel) -> Answer:
    """Returns the answer to a task: its own label, or for `emotion` all the rest."""
    columns = [
        column
        for column, label in enumerate(model.labels)
        if (label if label in TASKS else "emotion") == task
    ]
    asked = scores[:, columns]
    return Answer(
        task=task,
        vocabulary=TASKS[task],
        labels=tuple(model.labels[column] for column in columns),
        scores=asked,
        chosen=choose_passing(asked, model.scale.threshold[columns]),
    )
