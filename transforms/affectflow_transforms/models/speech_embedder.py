"""SpeechEmbedder: vectors of how turns sound, by a network that listens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.errors import UsageError
from affectflow.kinds.embedder import Embedded
from affectflow.registry import Card
from affectflow_transforms.models.media import Clip, MediaEmbedder
from affectflow_transforms.models.pretrained import source
from affectflow_transforms.models.pretrained.options import Located
from affectflow_transforms.models.speech_affect import network, turns
from affectflow_transforms.models.speech_affect.listening import (
    check_lengths,
    listened,
)
from affectflow_transforms.models.speech_affect.network import Listener

_WHAT = "an encoder of speech"


@dataclass(kw_only=True)
class SpeechEmbedder(Located, MediaEmbedder[Listener]):
    """Gives turns of speech vectors: the last states of an encoder, averaged over time.

    Reads wav2vec 2.0, WavLM and HuBERT, whatever head they have. Turns are heard as in
    SpeechAffect: a silent turn has no vector, and only the beginning of a long turn is
    heard. A vector can identify its speaker: see AnonymizeVector. The options of
    `Located` say where the model is and on what it runs.

    Args:
      longest_s: seconds of a turn that are heard.
      max_batch_s: seconds of a forward pass, padding included; 0 for a number that
        suits the device.

    Raises:
      UsageError: `model` is neither a folder nor a hub id with a pinned commit, or is
        not such a model.
    """

    longest_s: float = 30.0
    max_batch_s: float = 0.0

    not_in_id: ClassVar[frozenset[str]] = (
        Located.not_in_id | MediaEmbedder.not_in_id | {"max_batch_s"}
    )
    architectures: ClassVar[tuple[str, ...]] = (
        *(f"{family}Model" for family in network.FAMILIES),
        "Wav2Vec2ForPreTraining",
    )
    card: ClassVar[Card] = Card(
        summary="vectors of how turns sound, by a speech encoder",
        weights_licence="the model's own",
        modality="voice",
        extra="audio,torch",
        answers="which turns sound like this one?",
        misleads="turns of one speaker, or of one recording, are close to one another, "
        "whatever the speaker feels",
        touches=("biometric", "person"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self.longest_s, self.max_batch_s)
        self.check_options()
        config = source.config_at_hand(self.model, self.revision)
        if config is not None:
            _family(config, self.model)

    def load_model(self) -> Listener:
        """Returns the network on this worker's device.

        Raises:
          MissingExtraError: one of the extras `torch` and `audio` is not installed.
          UsageError: the model cannot be fetched, or is not such a model.
        """
        turns.check_extra()
        folder = source.local_folder(self.model, self.revision)
        config = source.config_at_hand(str(folder), "") or {}
        return network.load(
            folder,
            network.averaged(_family(config, self.model)),
            _WHAT,
            device=self.device,
            dtype=self.dtype,
            trust_remote_code=self.trust_remote_code == "allow",
            max_batch_s=self.max_batch_s,
        )

    def embed(self, clips: list[Clip], model: Listener) -> Embedded:
        """Returns one vector per turn; one that cannot be heard fails alone."""
        found = listened(clips, model, self.longest_s)
        return Embedded(vectors=found.values, failed=found.failed, silent=found.silent)


def _family(config: Mapping[str, Any], model: str) -> str:
    """Returns which of the families a config.json is of.

    Raises:
      UsageError: it belongs to none, or its states have another width.
    """
    named = str((config.get("architectures") or ["none"])[0])
    family = next((each for each in network.FAMILIES if named.startswith(each)), "")
    if not family or config.get("add_adapter"):
        adapter = " and an adapter" if family else ""
        raise UsageError(
            f"{model!r} has the architecture {named}{adapter}, which is not {_WHAT}: "
            f"give one of {', '.join(network.FAMILIES)}, without an adapter"
        )
    return family
