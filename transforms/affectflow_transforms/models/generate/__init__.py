"""Generate: any language model of the transformers library, asked with a prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.kinds.asker import Asker, Outcome, Request
from affectflow.registry import Card
from affectflow.storage import absolute
from affectflow_transforms.models.generate import loading, seeing
from affectflow_transforms.models.generate.completing import completed
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.generate.pretrained import PretrainedGenerator
from affectflow_transforms.models.media import MediaScorer, clip_of, clips_of
from affectflow_transforms.vision import pictures
from affectflow_transforms.vision.frames import MODES, Sampling, sampling_of
from affectflow_transforms.vision.motion_tables import MotionTables

__all__ = ["Generate"]

_ON_CPU, _SHOWN = 64, 8


@dataclass(kw_only=True)
class Generate(PretrainedGenerator, Asker[Generator]):
    """Asks a language model in this process, from a folder or from the hub.

    All requests of a part are tokenised at once and answered in batches of similar
    length; a failed one does not affect the others, and running out of memory halves
    the batches. Answers in words are greedy, so they are the same each time. For a
    closed question the prompt is read once for all labels.

    Args:
      likelihood: of a label: the `sum` over its tokens, or their `mean`, which
        favours labels of many tokens.
      max_tokens: longest question and answer; a longer question loses its middle. 0 for
        the model's own limit, at most 8,192.
      frames: for a model that takes pictures: show it the picture or video that
        `media_uri` names; of a video, N frames where something happens (`events:N`) or
        at equal distances (`uniform:N`). Empty for words only.
      mode: how frames of events are chosen: `centred`, or as the `paper` of StimuVAR.
      motion: path, glob, folder or URL of tables with the amount of motion in a video,
        instead of measuring it; `FILE:COLUMN` if they have several columns of numbers.
      folder: the folder of files that `media_uri` names by a relative path; empty for
        the folder in which the run is started.

    Raises:
      UsageError: `model` is neither a folder nor a hub id with a pinned commit, or the
        prompt cannot be asked about pictures.
    """

    likelihood: Literal["sum", "mean"] = "sum"
    frames: str = ""
    mode: str = ""
    motion: str = ""
    folder: str = ""

    not_in_id: ClassVar[frozenset[str]] = PretrainedGenerator.not_in_id | {"folder"}
    only_if_said: ClassVar[frozenset[str]] = Asker.only_if_said | {
        *("frames", "mode", "motion")
    }
    architectures: ClassVar[tuple[str, ...]] = loading.ARCHITECTURES
    card: ClassVar[Card] = Card(
        summary="asks a language model in this process, with a prompt",
        weights_licence="the model's own",
        extra="torch",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_options()
        # A worker has a different working directory.
        self._folder = absolute(self.folder or ".")
        self._sampling: Sampling | None = None
        if self.frames:
            self._sampling = sampling_of(self.frames, self.mode or MODES[0])
            self._check_single()
        self._motion = MotionTables.of_option(self.motion, self._sampling)

    def _check_single(self) -> None:
        if self.unit == "conversation":
            raise UsageError(
                f"the prompt {self.asked.name!r} shows other turns, and `frames` is "
                "for prompts about single utterances: leave `frames` out, or use "
                "another prompt"
            )

    @property
    def looks(self) -> bool:
        """Whether it is shown pictures."""
        return bool(self.frames)

    @property
    def columns_required(self) -> pa.Schema:
        """The columns that the prompt is filled from, and those that name a file."""
        columns = super().columns_required
        return (
            pa.unify_schemas([columns, MediaScorer.requires]) if self.looks else columns
        )

    @property
    def touches(self) -> tuple[str, ...]:
        """What the prompt touches of people, and bodies if it looks."""
        return (*super().touches, *(["biometric"] if self.frames else []))

    def touched_by(self, what: str) -> str:
        """Returns the option `frames` if it is that which touches something."""
        return (
            "frames=" + self.frames if what == "biometric" else super().touched_by(what)
        )

    def parameters(self) -> dict[str, Any]:
        """Returns the options that decide answers: of tables, what they hold."""
        said = {} if self._motion is None else {"motion": self._motion.digest}
        return {**super().parameters(), **said}

    def load_model(self) -> Generator:
        """Returns the model on this worker's device.

        Raises:
          MissingExtraError: the extra `torch`, or for pictures `vision`, is missing.
          UsageError: the model cannot be fetched, does not generate text, or does not
            take pictures; or no table of motion has the columns.
        """
        if self.looks:
            pictures.check_extra()
        if self._motion is not None:
            self._motion.check()
        return super().load_model()

    def shown(self, batch: pa.RecordBatch) -> Sequence[str | None] | None:
        """Returns the file of each row and its times, if the model looks."""
        if not self.looks:
            return None
        clips = clips_of(batch).to_pylist()
        if self._motion is not None:
            uris = (clip_of(clip, self._folder).uri for clip in set(clips) if clip)
            self._motion.tally(uris)
        return clips

    def together(self, model: Generator) -> int:
        """Returns fewer requests on a CPU, so that a killed run loses little."""
        if self.looks:
            return _SHOWN
        return _ON_CPU if model.module.device.type == "cpu" else self.at_once

    def complete(self, requests: Sequence[Request], model: Generator) -> list[Outcome]:
        """Returns an outcome for each request; one that fails is alone in failing."""
        if self._sampling is None or not isinstance(model, seeing.Viewer):
            return completed(model, requests, self.likelihood)
        look = seeing.Look(self._sampling, self._folder, self._motion)
        return seeing.answered(model, requests, self.likelihood, look)
