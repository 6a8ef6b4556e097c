"""GraphEEG, the trainer: a graph network for EEG recordings of your own.

    affectflow train graph-eeg --data FOLDER --out brain --set labels=low,middle,high

reads `train.csv`, `.jsonl` or `.parquet` and the recordings that it names, and writes a
folder that `annotate --model` reads.
"""

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from affectflow import registry, vocabularies, weights
from affectflow.errors import UsageError
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.kinds.trainer import FolderTrainer, Tell, Trained, quiet
from affectflow.registry import Card
from affectflow_transforms.eeg import saved
from affectflow_transforms.eeg.card import Facts, card_of
from affectflow_transforms.eeg.examples import Examples, clips_of, examples_of, split
from affectflow_transforms.eeg.quality import figures, quality
from affectflow_transforms.eeg.recordings import bare, channels_of
from affectflow_transforms.eeg.saved import ANNOTATOR, FILE, Montage
from affectflow_transforms.finetune import loop
from affectflow_transforms.finetune.labels import check_labels
from affectflow_transforms.finetune.licences import check_passing_on, forbidding
from affectflow_transforms.finetune.splits import (
    Rows,
    Source,
    Splits,
    column,
    read,
    say_few,
)
from affectflow_transforms.models import trained
from affectflow_transforms.models.media import Clip
from affectflow_transforms.models.pretrained.options import check_word
from affectflow_transforms.models.ranges import (
    BELOW_1,
    TRAINING,
    Range,
    above,
    at_least,
    check_ranges,
)

PUBLISHED = (
    *("AF3", "F7", "F3", "FC5", "T7", "P7", "O1"),
    *("O2", "P8", "T8", "FC6", "F4", "F8", "AF4"),
)
"""The electrodes of DREAMER, in the order of the paper's regions."""
REGIONS = (4, 3, 3, 4)
OBJECTIVES = ("ordinal_soft", "cross_entropy")
_MODEL = "model"


@dataclass(kw_only=True)
class GraphEEG(FolderTrainer):
    """Fits a graph network of about a thousand weights to labelled EEG recordings.

    Each row of `train.*` names a recording under the data folder in `file` (EDF,
    BDF, BrainVision, or what else mne reads), its `label`, its person in `speaker_id`,
    and, if only a stretch of it is meant, `start_s` and `end_s`. Figures are of the
    people of `dev.*`, or else of a fifth of the people; by another tenth of them the
    epoch is chosen.

    Args:
      labels: that there are; of a scale, the lowest first. Empty for those of the
        vocabulary, or with objective=cross_entropy, for those in the data.
      vocabulary: the label set.
      task: what the labels answer.
      objective: `ordinal_soft` for steps of a scale, as the paper has it, or
        `cross_entropy` for labels without an order.
      sigma: of ordinal_soft, in steps.
      channels: electrodes in their order, region by region; empty for those of the
        paper if all recordings have them.
      regions: how many electrodes each region has.
      rate: samples a second; recordings at another are resampled.
      window_s: seconds of a window.
      hops: how far signals pass within a region.
      dropout: share of what is dropped in training.
      split_by: column of the key that tells people apart.
      epochs: at most.
      patience: epochs without a better figure after which it stops.
      batch: windows of a step.
      rate_of_learning: the highest.
      accept: `private` says that a model stays with you if the licence of its data
        forbids passing it on.
      seed: of all that is random.

    Raises:
      UsageError: an option is out of its range.
    """

    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    task: str = "emotion"
    objective: str = "ordinal_soft"
    sigma: float = 0.5
    channels: tuple[str, ...] = ()
    regions: tuple[int, ...] = REGIONS
    rate: int = 128
    window_s: float = 1.0
    hops: int = 2
    dropout: float = 0.5
    split_by: str = "speaker_id"
    epochs: int = 50
    patience: int = 10
    batch: int = 256
    rate_of_learning: float = 1e-3
    accept: Literal["", "private"] = ""
    seed: int = 0

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="fits a small graph network to EEG recordings, for GraphEEG",
        modality="eeg",
        extra="eeg,torch",
        example="affectflow train graph-eeg --data recordings --out brain --set "
        "labels=low,middle,high",
    )

    def __post_init__(self) -> None:
        check_word("objective", self.objective, OBJECTIVES)
        check_ranges(
            self,
            {
                **TRAINING,
                "sigma": above(0),
                "rate": at_least(16),
                "window_s": Range(
                    lambda window_s: self.rate * window_s >= 8,
                    f"at least {8 / self.rate:g}, 8 samples",
                ),
                "hops": at_least(1),
                "regions": Range(
                    lambda regions: min(regions, default=0) >= 1,
                    "numbers of at least 1, separated by commas",
                ),
                "dropout": BELOW_1,
                "batch": at_least(2),
                "rate_of_learning": above(0),
            },
        )
        if len(self._channels) != sum(self.regions):
            raise UsageError(
                f"`regions` has {sum(self.regions)} electrodes, and `channels` "
                f"{len(self._channels)}: say how many of them each region has"
            )

    @property
    def _channels(self) -> tuple[str, ...]:
        return tuple(map(bare, self.channels)) or PUBLISHED

    def train_in(
        self, work: Path, data: Path, *, licence: str = "", tell: Tell = quiet
    ) -> Trained:
        """Returns the fitted network with figures on people held out."""
        source = read(data)
        passed_on = trained.licence_of(source.files[0], licence)
        check_passing_on({"data": passed_on}, self.accept)
        labels, target = self._labelled(source)
        clips = clips_of(source, data)
        self._check_channels(source, clips)
        montage = self._montage(labels)
        examples = examples_of(source, clips, target, montage)
        _check_several(source, labels, examples)
        parts = split(source, examples.rows, self.split_by)
        tell(
            f"{len(examples.windows):,} windows of {len(examples.rows):,} recordings"
            + "".join(f", {n:,} {why}" for why, n in examples.left_out.items())
        )
        say_few(parts, tell)
        module = _network(montage, self.dropout, self.seed)
        mark = self._mark(source, examples)
        course = self._fit(module, montage, examples, parts, work, mark, tell)
        return self._finished(
            module, montage, examples, parts, course, work, source, passed_on
        )

    # -- what is learned ---------------------------------------------------------------

    def _labelled(self, source: Source) -> tuple[tuple[str, ...], Rows]:
        """Returns the labels, and the place of each row's; -1 for none."""
        said = [str(each or "").strip() for each in column(source, "label")]
        labels = self.labels or self._known(source, said)
        check_labels(
            Counter(filter(None, said)),
            labels,
            data=source.files[0],
            where="`labels`",
            otherwise="name other labels",
        )
        places = {label: place for place, label in enumerate(labels)}
        return labels, np.array([places.get(each, -1) for each in said], np.int64)

    def _known(self, source: Source, said: list[str]) -> tuple[str, ...]:
        vocabulary = vocabularies.known().get(self.vocabulary)
        is_scale = self.objective == "ordinal_soft"
        if vocabulary and (vocabulary.ordered or not is_scale):
            return tuple(vocabulary.labels)
        if is_scale:
            raise UsageError(
                "objective=ordinal_soft needs the steps, the lowest first: --set "
                "labels=A,B,C"
            )
        return tuple(sorted({label for label in said if label}))

    def _check_channels(self, source: Source, clips: list[Clip]) -> None:
        """Raises UsageError if the electrodes of the paper are not there to be read."""
        if self.channels:
            return
        for clip in clips:
            try:
                there = channels_of(clip.uri)
            except UnmeasuredError:
                continue
            if set(PUBLISHED) <= set(map(bare, there)):
                return
            raise UsageError(
                f"{clip.uri!r} does not have the {len(PUBLISHED)} electrodes of the "
                "paper: name those to read, region by region, with --set "
                "channels=A,B,... --set regions=N,M,...; it has "
                f"{', '.join(map(bare, there))}"
            )

    def _montage(self, labels: tuple[str, ...]) -> Montage:
        name = self.vocabulary or vocabularies.recognise(list(labels)) or self.task
        return Montage(
            channels=self._channels,
            regions=self.regions,
            rate=self.rate,
            size=round(self.rate * self.window_s),
            labels=labels,
            vocabulary=name,
            task=self.task,
            hops=self.hops,
        )

    # -- how ---------------------------------------------------------------------------

    def _mark(self, source: Source, examples: Examples) -> str:
        """Returns a digest of all that decides the weights."""
        import torch

        said = {
            "options": vars(self),
            "data": [trained.sha256(file) for file in source.files],
            "windows": hashlib.sha256(examples.windows.tobytes()).hexdigest(),
            "torch": torch.__version__,
        }
        written = json.dumps(said, sort_keys=True, default=str).encode()
        return hashlib.blake2b(written, digest_size=16).hexdigest()

    def _fit(
        self,
        module: Any,
        montage: Montage,
        examples: Examples,
        parts: Splits,
        work: Path,
        mark: str,
        tell: Tell,
    ) -> loop.Course:
        import torch

        objective = registry.load("objectives", self.objective)
        windows = torch.from_numpy(examples.windows)
        target = torch.from_numpy(examples.target)
        options = {"sigma": self.sigma} if self.objective == OBJECTIVES[0] else {}

        def loss_of(some: Rows) -> Any:
            module.train()
            return objective(module(windows[some]), target[some], options)

        def judge() -> float:
            return quality(module, montage, examples, parts.chosen)

        weighed = list(module.parameters())
        group = {"params": weighed, "lr": 0.0, "peak": self.rate_of_learning}
        pace = loop.Pace(
            epochs=self.epochs,
            patience=self.patience,
            batch=self.batch,
            warmup=0.0,
            seed=self.seed,
        )
        lengths = np.zeros(len(examples.windows), np.int64)
        rows = examples.of(parts.learned)
        return loop.fit(
            module, [group], lengths, rows, loss_of, judge, pace, work, mark, tell
        )

    def _finished(
        self,
        module: Any,
        montage: Montage,
        examples: Examples,
        parts: Splits,
        course: loop.Course,
        work: Path,
        source: Source,
        licence: str,
    ) -> Trained:
        """Returns the folder of the network, with its card."""
        module.eval()
        people = column(source, self.split_by)
        found = figures(
            module,
            montage,
            examples,
            parts.held_out,
            [str(people[row]) for row in parts.held_out],
            is_scale=self.objective == OBJECTIVES[0],
        )
        metadata = {
            "licence": licence,
            "training_digest": f"sha256:{trained.sha256(source.files[0])}",
            "settings": json.dumps(vars(self), sort_keys=True, default=str),
        }
        folder = work / _MODEL
        folder.mkdir(exist_ok=True)
        (folder / FILE).write_bytes(saved.written(module, montage, metadata))
        held_out = (
            f"{len(parts.held_out):,} of {len(examples.rows):,} recordings, "
            f"{_people(source, parts)} people by `{parts.key}`"
        )
        facts = Facts(
            montage=asdict(montage),
            files=source.files,
            licence=licence,
            objective=self.objective,
            learned=len(parts.learned),
            chosen=len(parts.chosen),
            course=course,
            figures=found,
            held_out=held_out,
            digest=weights.digest(folder),
            kept_back=forbidding({"data": licence}),
            seed=self.seed,
        )
        return Trained(
            annotator=ANNOTATOR,
            weights=folder,
            card=card_of(facts),
            held_out=held_out,
            figures=found,
        )


def _network(montage: Montage, dropout: float, seed: int) -> Any:
    import torch

    torch.manual_seed(seed)
    return saved.network_of(montage, dropout)


def _check_several(source: Source, labels: tuple[str, ...], examples: Examples) -> None:
    there = np.unique(examples.target)
    if len(there) < 2:
        raise UsageError(
            f"all recordings of {str(source.files[0])!r} that can be used have the "
            f"label {labels[int(there[0])]!r}: give some with two labels or more"
        )


def _people(source: Source, parts: Splits) -> int:
    people = column(source, parts.key)
    return len({people[row] for row in parts.held_out})
