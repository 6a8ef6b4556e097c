"""ImageClassifier: what pictures and videos show, by classifiers and by CLIP."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import vocabularies
from affectflow.errors import UsageError
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.registry import Card
from affectflow.schemas import UTTERANCES, fields
from affectflow_transforms.models.image_classifier import network
from affectflow_transforms.models.image_classifier.network import Looker, Matrix
from affectflow_transforms.models.image_classifier.pooling import pooled
from affectflow_transforms.models.media import (
    Clip,
    Given,
    MediaScorer,
    UnreadError,
    check_clip,
)
from affectflow_transforms.models.micro_batches import cores
from affectflow_transforms.models.pretrained import source
from affectflow_transforms.models.pretrained.options import Located, check_word
from affectflow_transforms.models.sequence_classifier.answers import answers
from affectflow_transforms.models.sequence_classifier.heads import (
    ANSWERS,
    Said,
    Space,
    space_of,
)
from affectflow_transforms.vision import pictures, video
from affectflow_transforms.vision.frames import MODES, sampling_of
from affectflow_transforms.vision.motion_tables import MotionTables

__all__ = ["ImageClassifier"]

_PERSPECTIVES = ("reader", "writer")
_OF_WORDS = ("auto", "one", "several", "shares")
_LABEL = "{label}"
_CLIPS_AT_ONCE = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Classifier:
    """A network that looks, and what its outputs are."""

    looker: Looker
    space: Space


class _Looked(NamedTuple):
    """The pictures of a clip, in the network's shape; or why there are none."""

    pixels: Sequence[Matrix] = ()
    is_cut: bool = False
    error: UnreadError | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing to look at."""
        return self.error is not None and self.error.is_nothing


@dataclass(kw_only=True)
class ImageClassifier(Located, MediaScorer[Classifier]):
    """Labels the picture or video that `media_uri` names, with any classifier or CLIP.

    A classifier gives the labels that its config names. CLIP and SigLIP compare
    pictures with words: those of `labels`, or of a vocabulary. For a video, the scores
    of some frames are averaged. The options of `Located` say where the model is and on
    what it runs.

    Args:
      task: what the labels answer; if empty, `emotion`, or for values what they
        measure.
      answer: `one` label or `several`; `shares`, `ordinal` and `value` as for
        SequenceClassifier. `auto` follows the model's config; for CLIP it is `one`, for
        SigLIP `several`.
      labels: the labels of a classifier's outputs in their order, if its config does
        not name them; for CLIP, the labels to choose from, in any order.
      vocabulary: the label set; for CLIP, all of its labels are compared if `labels` is
        empty.
      template: what CLIP reads for a label.
      scale: lowest and highest value that a regressor gives.
      threshold: lowest score of a chosen label, 0..1; as for SequenceClassifier.
      perspective: whose emotion it is: that of a `reader`, who looks at the picture, or
        of its `writer`, who is seen in it.
      box: the attribute of an utterance with the position of a person or a face: left,
        top, right and bottom in pixels. Only the box is shown to the model; without
        one, the whole scene.
      frames: which N frames of a video: where something happens (`events:N`), or at
        equal distances (`uniform:N`).
      mode: how frames of events are chosen: `centred`, or as the `paper` of StimuVAR.
      motion: path, glob, folder or URL of tables with the amount of motion in a video,
        instead of measuring it; `FILE:COLUMN` if they have several columns of numbers.
      max_pictures: pictures in a forward pass; 0 for a number that suits the device.

    Raises:
      UsageError: `model` is neither a folder nor a hub id with a pinned commit, or its
        labels are unknown.
    """

    task: str = ""
    answer: str = "auto"
    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    template: str = "a photo of {label}"
    scale: tuple[float, float] | None = None
    threshold: float | None = None
    perspective: str = "reader"
    box: str = ""
    frames: str = "events:6"
    mode: str = MODES[0]
    motion: str = ""
    max_pictures: int = 0

    not_in_id: ClassVar[frozenset[str]] = (
        Located.not_in_id | MediaScorer.not_in_id | {"max_pictures"}
    )
    only_if_said: ClassVar[frozenset[str]] = MediaScorer.only_if_said | {"motion"}
    architectures: ClassVar[tuple[str, ...]] = (
        "*ForImageClassification",
        *network.ZERO_SHOT,
    )
    card: ClassVar[Card] = Card(
        summary="labels pictures and videos with a classifier, or with words and CLIP",
        weights_licence="the model's own",
        modality="image",
        extra="vision,torch",
        answers="what does a picture show, or make its viewers feel?",
        misleads="a smiling face does not prove a happy person; CLIP's scores depend "
        "on how labels are worded",
        touches=("biometric",),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_word("answer", self.answer, ANSWERS)
        check_word("perspective", self.perspective, _PERSPECTIVES)
        if self.template.count(_LABEL) != 1:
            raise UsageError(
                f"`template` must contain {_LABEL} once, as in 'a photo of {_LABEL}', "
                f"got {self.template!r}"
            )
        self._sampling = sampling_of(self.frames, self.mode)
        self._motion = MotionTables.of_option(self.motion, self._sampling)
        self.check_options()
        config = source.config_at_hand(self.model, self.revision)
        if config is not None:
            self._space(config)

    @property
    def columns_required(self) -> pa.Schema:
        """The file and its times, and attributes where a box is in them."""
        more = ("attrs",) if self.box else ()
        return pa.schema([*self.requires, *fields(UTTERANCES, *more)])

    def details(self, batch: pa.RecordBatch) -> pa.StringArray:
        """Returns the box of each row; null where it has none."""
        if not self.box:
            return super().details(batch)
        return pc.map_lookup(batch.column("attrs"), self.box, "first")

    def parameters(self) -> dict[str, Any]:
        """Returns the options that decide answers: of tables, what they hold."""
        said = {} if self._motion is None else {"motion": self._motion.digest}
        return {**super().parameters(), **said}

    def load_model(self) -> Classifier:
        """Returns the classifier on this worker's device.

        Raises:
          MissingExtraError: one of the extras `torch` and `vision` is not installed.
          UsageError: the model cannot be fetched or is not a model of pictures, its
            labels are unknown, or no table of motion has the columns.
        """
        pictures.check_extra()
        if self._motion is not None:
            self._motion.check()
        folder = source.local_folder(self.model, self.revision)
        config = source.config_at_hand(str(folder), "") or {}
        space = self._space(config)
        words = space.labels if network.is_zero_shot(config) else ()
        looker = network.load(
            folder,
            [self.template.replace(_LABEL, word) for word in words],
            device=self.device,
            dtype=self.dtype,
            trust_remote_code=self.trust_remote_code == "allow",
            max_pictures=self.max_pictures,
        )
        return Classifier(looker=looker, space=space)

    def score(self, clips: list[Clip], model: Classifier) -> Given:
        """Returns the labels of clips; one that cannot be seen is alone in failing."""
        found = np.zeros((len(clips), model.looker.width), np.float32)
        truncated, blank = np.zeros((2, len(clips)), np.bool_)
        failed: dict[int, Exception] = {}
        if self._motion is not None:
            self._motion.tally(clip.uri for clip in clips)
        for start, looked in self._looked(clips, model.looker):
            outputs, errors = _pooled(looked, model)
            found[start : start + len(looked)] = outputs
            truncated[start : start + len(looked)] = [each.is_cut for each in looked]
            blank[start : start + len(looked)] = [each.is_nothing for each in looked]
            failed |= {start + place: error for place, error in errors.items()}
        given = answers(model.space, found, self.task, self.threshold)
        return Given(
            answers=tuple(replace(a, perspective=self.perspective) for a in given),
            truncated=truncated,
            failed=failed,
            abstained=blank,
        )

    def _looked(
        self, clips: list[Clip], looker: Looker
    ) -> Iterator[tuple[int, list[_Looked]]]:
        """Yields some clips after the other, and where they begin among all.

        The next clips are read while the network processes these.
        """
        look = partial(self._look, looker)
        starts = range(0, len(clips), _CLIPS_AT_ONCE)
        with ThreadPoolExecutor(cores()) as pool:
            ahead: list[Future[_Looked]] = []
            for start in starts:
                now = ahead or _sent(pool, look, clips, start)
                ahead = _sent(pool, look, clips, start + _CLIPS_AT_ONCE)
                yield start, [each.result() for each in now]

    def _look(self, looker: Looker, clip: Clip) -> _Looked:
        try:
            check_clip(clip)
            part = video.Stretch(clip.start_s, clip.end_s)
            seen = pictures.look_at(clip.uri, part, self._sampling, self._motion)
            looked = seen.pictures
            if clip.detail:
                looked = [pictures.cropped(each, clip.detail) for each in looked]
        except UnmeasuredError as error:
            return _Looked(error=UnreadError(error))
        return _Looked(network.pixels(looker, looked), seen.is_cut)

    def _space(self, config: Mapping[str, Any]) -> Space:
        """Returns what the outputs are; of a zero-shot model, the labels it is given.

        Raises:
          UsageError: it cannot be known.
        """
        said = Said(
            answer=self.answer,
            labels=self.labels,
            vocabulary=self.vocabulary,
            scale=self.scale,
        )
        if not network.is_zero_shot(config):
            return space_of(config, said)
        labels = self.labels
        if not labels and self.vocabulary:
            labels = vocabularies.get(self.vocabulary).labels
        if len(labels) < 2:
            raise UsageError(
                f"{self.model!r} compares pictures with words: give the words, such as "
                "--set vocabulary=mikels or --set labels=A,B,..."
            )
        apart = "Siglip" in str(config.get("architectures"))
        kind = "multi_label_classification" if apart else "single_label_classification"
        named = {"id2label": dict(enumerate(labels)), "problem_type": kind}
        if self.answer not in _OF_WORDS:
            raise UsageError(
                f"{self.model!r} compares pictures with words, which cannot give "
                f"answer={self.answer}: leave `answer` out"
            )
        return space_of(named, replace(said, labels=()))


def _sent(
    pool: ThreadPoolExecutor, look: Any, clips: list[Clip], start: int
) -> list["Future[_Looked]"]:
    some = clips[start : start + _CLIPS_AT_ONCE]
    return [pool.submit(look, clip) for clip in some]


def _pooled(
    looked: list[_Looked], model: Classifier
) -> tuple[Matrix, dict[int, Exception]]:
    """Returns what clips are given, and the errors of those that failed."""
    given = [picture for each in looked for picture in each.pixels]
    whose = np.repeat(np.arange(len(looked)), [len(each.pixels) for each in looked])
    outputs, errors = network.logits(model.looker, given)
    failed: dict[int, Exception] = {
        place: each.error
        for place, each in enumerate(looked)
        if each.error is not None and not each.is_nothing
    }
    failed |= {int(whose[picture]): error for picture, error in errors.items()}
    return pooled(model.space, outputs, whose, len(looked)), failed
