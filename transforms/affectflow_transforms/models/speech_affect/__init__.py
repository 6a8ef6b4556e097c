"""SpeechAffect: arousal, dominance and valence of speech, or its emotion, by sound."""

from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.registry import Card
from affectflow_transforms.models.media import Clip, Given, MediaScorer
from affectflow_transforms.models.pretrained import source
from affectflow_transforms.models.pretrained.options import Located, check_word
from affectflow_transforms.models.sequence_classifier.answers import answers
from affectflow_transforms.models.sequence_classifier.heads import (
    ANSWERS,
    Said,
    Space,
    space_of,
)
from affectflow_transforms.models.speech_affect import network, turns
from affectflow_transforms.models.speech_affect.listening import (
    check_lengths,
    listened,
)
from affectflow_transforms.models.speech_affect.network import Listener

__all__ = ["SpeechAffect"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Judge:
    """A network that listens, and what its outputs are."""

    listener: Listener
    space: Space


@dataclass(kw_only=True)
class SpeechAffect(Located, MediaScorer[Judge]):
    """Says how a turn of speech sounds: arousal, dominance and valence, or an emotion.

    Reads wav2vec 2.0, WavLM and HuBERT with a head of values or of labels, such as the
    dimensional model of audEERING. The turn is cut out of the recording that
    `media_uri` names by `start_s` and `end_s`. A turn of silence gets the status
    `abstained`, and only the beginning of a long turn is heard. The options of
    `Located` say where the model is and on what it runs.

    Args:
      task: what labels answer; if empty, `emotion`, or for values what they measure.
      answer: as for SequenceClassifier; `auto` follows the model's config.
      labels: the labels of the outputs in their order, if the config does not name
        them.
      vocabulary: the label set; empty for the known one that matches the labels.
      scale: lowest and highest value that the model gives. 0 to 1 is that of the
        dimensional model, to which the 1 to 7 of MSP-Podcast were mapped.
      threshold: lowest score of a chosen label, 0..1; as for SequenceClassifier.
      longest_s: seconds of a turn that are heard.
      max_batch_s: seconds of a forward pass, padding included; 0 for a number that
        suits the device.

    Raises:
      UsageError: `model` is neither a folder nor a hub id with a pinned commit, is not
        such a model, or its outputs are unknown.
    """

    task: str = ""
    answer: str = "auto"
    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    scale: tuple[float, float] = (0.0, 1.0)
    threshold: float | None = None
    longest_s: float = 30.0
    max_batch_s: float = 0.0

    not_in_id: ClassVar[frozenset[str]] = (
        Located.not_in_id | MediaScorer.not_in_id | {"max_batch_s"}
    )
    architectures: ClassVar[tuple[str, ...]] = ("Wav2Vec2*", "WavLM*", "Hubert*")
    card: ClassVar[Card] = Card(
        summary="arousal, dominance and valence of speech, or its emotion, by sound",
        weights_licence="the model's own",
        modality="voice",
        extra="audio,torch",
        answers="how does a voice sound?",
        misleads="how a voice sounds is not how its speaker feels; the model hears the "
        "words of a turn too, and valence depends on them most",
        touches=("biometric",),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_word("answer", self.answer, ANSWERS)
        check_lengths(self.longest_s, self.max_batch_s)
        self.check_options()
        config = source.config_at_hand(self.model, self.revision)
        if config is not None:
            network.check_architecture(config, self.model)
            self._space(config)

    def load_model(self) -> Judge:
        """Returns the network on this worker's device.

        Raises:
          MissingExtraError: one of the extras `torch` and `audio` is not installed.
          UsageError: the model cannot be fetched, is not such a model, or its outputs
            are unknown.
        """
        turns.check_extra()
        folder = source.local_folder(self.model, self.revision)
        config = source.config_at_hand(str(folder), "") or {}
        listener = network.load(
            folder,
            network.head_of(network.check_architecture(config, self.model)),
            device=self.device,
            dtype=self.dtype,
            trust_remote_code=self.trust_remote_code == "allow",
            max_batch_s=self.max_batch_s,
        )
        return Judge(listener=listener, space=self._space(config))

    def score(self, clips: list[Clip], model: Judge) -> Given:
        """Returns how turns sound; one that cannot be heard fails alone."""
        found = listened(clips, model.listener, self.longest_s)
        return Given(
            answers=answers(model.space, found.values, self.task, self.threshold),
            truncated=found.truncated,
            failed=found.failed,
            abstained=found.silent,
        )

    def _space(self, config: Any) -> Space:
        values = self.answer == "value" or (
            self.answer == "auto" and config.get("problem_type") == "regression"
        )
        said = Said(
            answer=self.answer,
            labels=self.labels,
            vocabulary=self.vocabulary,
            scale=self.scale if values else None,
        )
        return space_of(config, said)
