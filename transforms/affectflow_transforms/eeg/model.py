"""GraphEEG: a step of a scale, or a label, for a stretch of an EEG recording."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from affectflow import weights as stored
from affectflow.batches.labelling import Answer, choose_top
from affectflow.errors import UsageError
from affectflow.kinds.identity import Origin
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.registry import Card
from affectflow_transforms.eeg import recordings, saved
from affectflow_transforms.eeg.saved import ANNOTATOR, Montage
from affectflow_transforms.models.media import (
    Clip,
    Given,
    MediaScorer,
    UnreadError,
    check_clip,
)

_NOTHING = ("too_short", "no_eeg")


@dataclass(frozen=True, kw_only=True, eq=False)
class Reader:
    """A network, and what it reads."""

    module: Any
    montage: Montage


@dataclass(kw_only=True)
class GraphEEG(MediaScorer[Reader]):
    """Labels stretches of EEG recordings by a network that `affectflow train` wrote.

    The stretch is cut out of the recording that `media_uri` names by `start_s` and
    `end_s`; a score is the mean over its windows. A stretch shorter than a window has
    the status `abstained`.

    Args:
      weights: folder that `affectflow train graph-eeg` wrote.

    Raises:
      UsageError: `weights` is not such a folder.
    """

    weights: str = ""

    # The revision says which weights they are.
    not_in_id: ClassVar[frozenset[str]] = MediaScorer.not_in_id | {"weights"}
    card: ClassVar[Card] = Card(
        summary="labels of EEG recordings, by a small graph network of your own",
        answers="which step of a scale did a recording's EEG look like in training?",
        weights_licence="that of your training data; no weights come with the package",
        modality="eeg",
        extra="eeg,torch",
        misleads="it learned the recordings of a few people with one device; on people "
        "that it was not trained on it is far worse (paper 28: 96.8 against 78.3)",
        touches=("biometric", "health"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.weights:
            raise UsageError(
                "GraphEEG comes without weights: train it with `affectflow train "
                "graph-eeg --data FOLDER --out brain`, then give --model brain"
            )
        folder = Path(self.weights).expanduser()
        self._weights = folder
        self._metadata = stored.read_metadata(folder, ANNOTATOR)
        saved.montage_of(self._metadata, folder)
        self._revision = stored.digest(folder)

    def origin(self) -> Origin:
        """Returns the user's weights, with the licence of their data."""
        licence = self._metadata.get("licence", "not stated")
        allowed = False if re.search(r"\bNC\b", licence) else None
        return Origin(ANNOTATOR, self._revision, licence, allowed)

    def load_model(self) -> Reader:
        """Returns the network in `weights`.

        Raises:
          MissingExtraError: one of the extras `torch` and `eeg` is not installed.
        """
        recordings.check_extra()
        module, montage = saved.load(self._weights)
        return Reader(module=module, montage=montage)

    def score(self, clips: list[Clip], model: Reader) -> Given:
        """Returns the label of each stretch; one that cannot be read fails alone."""
        labels = model.montage.labels
        scores = np.zeros((len(clips), len(labels)), np.float32)
        silent = np.zeros(len(clips), np.bool_)
        failed: dict[int, Exception] = {}
        for place, clip in enumerate(clips):
            try:
                scores[place] = shares_of(model, read(clip, model.montage)).mean(axis=0)
            except UnmeasuredError as error:
                silent[place] = error.reason in _NOTHING
                if not silent[place]:
                    failed[place] = UnreadError(error)
        answer = Answer(
            task=model.montage.task,
            vocabulary=model.montage.vocabulary,
            labels=labels,
            scores=scores,
            chosen=choose_top(scores),
        )
        return Given(answers=(answer,), failed=failed, abstained=silent)


def read(clip: Clip, montage: Montage) -> recordings.Windows:
    """Returns the windows of a stretch.

    Raises:
      UnmeasuredError: it cannot be read, or has none.
    """
    check_clip(clip)
    return recordings.windows_of(
        clip.uri,
        montage.channels,
        rate=montage.rate,
        size=montage.size,
        start_s=clip.start_s,
        end_s=clip.end_s,
    )


def shares_of(reader: Reader, windows: recordings.Windows) -> recordings.Windows:
    """Returns how likely each label is in each window, shape (windows, labels)."""
    import torch

    with torch.inference_mode():
        found = [
            reader.module(torch.from_numpy(some)).softmax(1).numpy()
            for some in np.array_split(windows, -(-len(windows) // 512))
        ]
    return np.concatenate(found)
