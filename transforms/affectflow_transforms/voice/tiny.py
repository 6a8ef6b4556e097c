"""TinySpeech: how a voice sounds, by a network small enough for any CPU."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from affectflow.errors import UsageError
from affectflow.registry import Card
from affectflow_transforms.models.media import Clip, Given, MediaScorer
from affectflow_transforms.models.micro_batches import cores
from affectflow_transforms.models.pretrained import loading, source
from affectflow_transforms.models.pretrained.options import Located
from affectflow_transforms.models.sequence_classifier.answers import answers
from affectflow_transforms.models.sequence_classifier.heads import Said, Space, space_of
from affectflow_transforms.models.speech_affect import Judge, turns
from affectflow_transforms.models.speech_affect.listening import (
    check_lengths,
    listened,
)
from affectflow_transforms.models.speech_affect.network import Listener
from affectflow_transforms.voice import tiny_network

_CPU_S, _CUDA_S = 30.0, 600.0
"""Seconds of a forward pass."""


@dataclass(kw_only=True)
class TinySpeech(Located, MediaScorer[Judge]):
    """Says how a turn of speech sounds, as the annotator that it learned from would.

    It has no weights of its own: `affectflow train distil` makes them from what an
    annotator answered about your recordings. 15,030 weights, in float32 whatever
    `dtype` says. The turn is cut out of the recording that `media_uri` names by
    `start_s` and `end_s`; of a longer turn the beginning is heard. The options of
    `Located` say where the model is and on what it runs.

    Args:
      task: what labels answer; empty for what the teacher answered.
      threshold: lowest score of a chosen label, 0..1; as for SequenceClassifier.
      longest_s: seconds of a turn that are heard.
      max_batch_s: seconds of a forward pass, padding included; 0 for a number that
        suits the device.

    Raises:
      UsageError: `model` is neither a folder nor a hub id with a pinned commit, or is
        not such a model.
    """

    task: str = ""
    threshold: float | None = None
    longest_s: float = 10.0
    max_batch_s: float = 0.0

    not_in_id: ClassVar[frozenset[str]] = (
        Located.not_in_id | MediaScorer.not_in_id | {"max_batch_s", "dtype"}
    )
    architectures: ClassVar[tuple[str, ...]] = (tiny_network.ARCHITECTURE,)
    card: ClassVar[Card] = Card(
        summary="how a voice sounds, by a tiny network that you distil yourself",
        weights_licence="the teacher's",
        modality="voice",
        extra="audio,torch",
        answers="how does a voice sound?",
        misleads="it repeats what its teacher says of voices, mistakes included; how a "
        "voice sounds is not how its speaker feels",
        touches=("biometric",),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self.longest_s, self.max_batch_s)
        self.check_options()
        config = source.config_at_hand(self.model, self.revision)
        if config is not None:
            self._space(config)

    def load_model(self) -> Judge:
        """Returns the network on this worker's device.

        Raises:
          MissingExtraError: one of the extras `torch` and `audio` is not installed.
          UsageError: the model cannot be fetched, or is something else.
        """
        turns.check_extra()
        loading.check_extra("TinySpeech")
        folder = source.local_folder(self.model, self.revision)
        source.check_weights(folder)
        space = self._space(source.config_at_hand(str(folder), "") or {})
        return Judge(listener=self._listener(folder, space), space=space)

    def score(self, clips: list[Clip], model: Judge) -> Given:
        """Returns how turns sound; one that cannot be heard fails alone."""
        found = listened(clips, model.listener, self.longest_s)
        return Given(
            answers=answers(model.space, found.values, self.task, self.threshold),
            truncated=found.truncated,
            failed=found.failed,
            abstained=found.silent,
        )

    def _listener(self, folder: Path, space: Space) -> Listener:
        device = self.device if self.device != "auto" else loading.best_device()
        on_gpu = device.startswith("cuda")
        seconds = self.max_batch_s or (_CUDA_S if on_gpu else _CPU_S)
        return Listener(
            module=tiny_network.load(folder, space.labels).to(device),
            extractor=tiny_network.extractor(),
            width=len(space.labels),
            max_batch_tokens=round(seconds * turns.RATE),
            workers=1 if on_gpu else cores(),
        )

    def _space(self, config: Any) -> Space:
        if tiny_network.ARCHITECTURE not in (config.get("architectures") or ()):
            raise UsageError(
                f"{self.model!r} is not a TinySpeech: give a folder that `affectflow "
                "train distil` wrote"
            )
        return space_of(config, Said())
