"""Tracks: a recurrent network over what instruments measure, fitted to ratings.

    affectflow train tracks --data FOLDER --out FOLDER --set size=15 --set stride=1

reads tables of action units, or of any numbers over time, and ratings of recordings or
of their frames. It writes a folder that `annotate --model` reads with TrackRegressor.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from affectflow import weights
from affectflow.batches.bootstrap import Statistic, bootstrap
from affectflow.errors import UsageError
from affectflow.kinds.trainer import Figure, FolderTrainer, Tell, Trained, quiet
from affectflow.registry import Card
from affectflow_transforms.finetune import loop
from affectflow_transforms.finetune.aims import Aim, Wanted, aim_of
from affectflow_transforms.finetune.licences import check_passing_on, forbidding
from affectflow_transforms.finetune.splits import Source, Splits, column, say_few
from affectflow_transforms.models import trained
from affectflow_transforms.models.ranges import (
    RISING,
    SOME,
    STEPS,
    TRAINING,
    Range,
    at_least,
    check_ranges,
)
from affectflow_transforms.sequences import network
from affectflow_transforms.sequences.card import Facts, card_of
from affectflow_transforms.sequences.lesson import (
    Lesson,
    prepare,
    rows_in_windows,
    too_short,
)
from affectflow_transforms.sequences.network import ANNOTATOR, FILE, Shape
from affectflow_transforms.sequences.ratings import RECORDING, Material, material_of
from affectflow_transforms.sequences.series import Reading
from affectflow_transforms.sequences.splits import split
from affectflow_transforms.sequences.windows import Floats

_MODEL = "model"
_SHORT = "in no window"


@dataclass(kw_only=True)
class Tracks(FolderTrainer):
    """Fits a recurrent network to the tables of a folder and their ratings.

    `train.csv`, `train.jsonl` or `train.parquet` has a row for each rated recording:
    `recording`, the name of its table, and `rating`; to rate a part of it, `start` and
    `end` in seconds, or `frame`. `subject` says whose it is. Without such a file, the
    tables themselves rate each frame, in the columns that `labels` names. Figures are
    of `dev.*`, or else of a fold of the subjects; nobody is on both sides.

    Args:
      tracks: path or glob of the tables, from the folder; empty for `tracks` in it.
      labels: columns of the ratings.
      channels: columns of the tables that are read, or patterns of them as `AU*`; empty
        for all columns of numbers.
      subject: the column whose values are kept apart; empty to find it by its name.
      scale: lowest and highest rating; if not given, those that are there.
      vocabulary: of the labels; empty for the known one that they are.
      task: what is answered; empty for what the labels measure.
      size: frames of a window.
      stride: frames from one window to the next.
      fps: frames per second of tables that only count frames; 0 if unknown.
      hz: of a grid that all tables are put on, so that their rates may differ; 0 for
        none.
      time: the column of times, in seconds; empty to find it by its name.
      hidden: units of a layer.
      layers: of the network.
      objective: `huber`, `mse` or `ccc`.
      settings: of the objective, a JSON object, such as {"delta": 0.5}.
      folds: how many folds of subjects there are.
      fold: the one that is held out, from 0.
      epochs: at most.
      patience: epochs without a better figure after which it stops.
      batch: windows of a step.
      rate: highest learning rate.
      weight_decay: of AdamW.
      warmup: share of all steps in which the rate rises.
      accept: `private` says that a model stays with you if the licence of its data
        forbids passing it on.
      seed: of all that is random.

    Raises:
      UsageError: an option is out of its range.
    """

    tracks: str = ""
    labels: tuple[str, ...] = ("rating",)
    channels: tuple[str, ...] = ()
    subject: str = ""
    scale: tuple[float, float] | None = None
    vocabulary: str = ""
    task: str = ""
    size: int = 15
    stride: int = 1
    fps: float = 0.0
    hz: float = 0.0
    time: str = ""
    hidden: int = 128
    layers: int = 2
    objective: str = "huber"
    settings: Mapping[str, Any] = field(default_factory=dict)
    folds: int = 5
    fold: int = 0
    epochs: int = 15
    patience: int = 3
    batch: int = 64
    rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.1
    accept: Literal["", "private"] = ""
    seed: int = 0

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="fits a network to action units or other tracks, for TrackRegressor",
        modality="tracks",
        extra="torch",
        example="affectflow train tracks --data rated --out mine --set size=15",
    )

    def __post_init__(self) -> None:
        check_ranges(
            self,
            {
                **TRAINING,
                **STEPS,
                "size": at_least(1),
                "stride": at_least(1),
                "fps": at_least(0),
                "hz": at_least(0),
                "hidden": at_least(1),
                "layers": at_least(1),
                "labels": SOME,
                "folds": at_least(2),
                "fold": Range(
                    lambda fold: 0 <= fold < self.folds, f"from 0 to {self.folds - 1}"
                ),
                "batch": at_least(2),
                "scale": RISING,
            },
        )

    def train_in(
        self, work: Path, data: Path, *, licence: str = "", tell: Tell = quiet
    ) -> Trained:
        """Returns the fitted network with figures on the subjects held out."""
        network.check_extra()
        reading = Reading(
            channels=self.channels, fps=self.fps, hz=self.hz, time=self.time
        )
        material = material_of(
            data, self.tracks, reading, self.labels, self.subject, tell
        )
        passed_on = trained.licence_of(material.source.files[0], licence)
        check_passing_on({"data": passed_on}, self.accept)
        aim = self._aim(material.source)
        shape = self._shape(material, aim)
        aim = _only_windowed(aim, material, shape, tell)
        splits = split(
            material.source, aim.usable, material.subjects, self.folds, self.fold
        )
        say_few(splits, tell)
        lesson = prepare(material, aim, splits, shape, dict(self.settings), self.seed)
        mark = self._mark(material)
        course = self._fit(lesson, splits, work, mark, tell)
        return self._finished(lesson, splits, course, work, passed_on)

    def _aim(self, source: Source) -> Aim:
        scale = self.scale
        for label in self.labels:
            column(source, label, "labels")
        if scale is None:
            scale = _range(source, self.labels)
        wanted = Wanted(
            head="value",
            objective=self.objective,
            text=RECORDING,
            labels=self.labels,
            vocabulary=self.vocabulary,
            task=self.task,
            scale=scale,
        )
        return aim_of(source, wanted)

    def _shape(self, material: Material, aim: Aim) -> Shape:
        return Shape(
            channels=material.series[0].channels,
            outputs=aim.outputs,
            size=self.size,
            stride=self.stride,
            hidden=self.hidden,
            layers=self.layers,
            rate=self.hz or material.rate,
            hz=self.hz,
            time=self.time,
        )

    def _mark(self, material: Material) -> str:
        """Returns a digest of all that decides the weights."""
        import torch

        files = {*material.files, *material.source.files}
        said = {
            "options": {**vars(self), "tracks": ""},
            "data": [trained.sha256(file) for file in sorted(files)],
            "torch": torch.__version__,
        }
        written = json.dumps(said, sort_keys=True, default=str).encode()
        return hashlib.blake2b(written, digest_size=16).hexdigest()

    def _fit(
        self, lesson: Lesson, splits: Splits, work: Path, mark: str, tell: Tell
    ) -> loop.Course:
        pace = loop.Pace(
            epochs=self.epochs,
            patience=self.patience,
            batch=self.batch,
            warmup=self.warmup,
            seed=self.seed,
        )
        group = {
            "params": list(lesson.module.parameters()),
            "lr": self.rate,
            "peak": self.rate,
            "weight_decay": self.weight_decay,
        }
        return loop.fit(
            lesson.module,
            [group],
            np.full(len(lesson.starts), lesson.shape.size),
            lesson.learned,
            lesson.loss,
            lambda: lesson.figure(splits.chosen),
            pace,
            work,
            mark,
            tell,
        )

    def _finished(
        self,
        lesson: Lesson,
        splits: Splits,
        course: loop.Course,
        work: Path,
        licence: str,
    ) -> Trained:
        """Returns the folder of the network, with its card."""
        aim, material = lesson.aim, lesson.material
        held = splits.held_out
        subjects = [material.subjects[row] for row in held]
        figures = figures_of(aim, lesson.outputs(held), aim.target[held], subjects)
        folder = work / _MODEL
        _scale_outputs(lesson)
        network.save(lesson.module, lesson.shape, aim.config, licence, folder)
        facts = Facts(
            trainer=self,
            lesson=lesson,
            splits=splits,
            course=course,
            licence=licence,
            figures=figures,
            digest=weights.digest(folder),
            kept_back=forbidding({"data": licence}),
        )
        return Trained(
            annotator=ANNOTATOR,
            weights=folder,
            card=card_of(facts),
            held_out=facts.held_out,
            figures=figures,
            options=self._options,
        )

    @property
    def _options(self) -> str:
        """Returns what `annotate` needs besides the folder."""
        frames = f" --set fps={self.fps:g}" if self.fps else ""
        return f"--set tracks=TABLES{frames}"


def _range(source: Source, labels: tuple[str, ...]) -> tuple[float, float]:
    """Returns the lowest and highest rating that is there."""
    found = []
    for label in labels:
        for each in column(source, label, "labels"):
            if each is None or each == "":
                continue
            try:
                found.append(float(each))
            except (TypeError, ValueError) as error:
                raise UsageError(
                    f"column {label!r} of {str(source.files[0])!r} has {each!r}, which "
                    "is not a number"
                ) from error
    known = [each for each in found if each == each]
    if not known or min(known) == max(known):
        said = f"only the rating {known[0]:g}" if known else "no rating"
        raise UsageError(
            f"{str(source.files[0])!r} has {said} in {', '.join(labels)}: there is "
            "nothing to learn"
        )
    return min(known), max(known)


def _only_windowed(aim: Aim, material: Material, shape: Shape, tell: Tell) -> Aim:
    """Returns an aim without the rows of which no frame is in a window."""
    inside = rows_in_windows(material, shape, len(aim.target))[aim.usable]
    if not inside.any():
        raise too_short(material, shape)
    short = int((~inside).sum()) - material.left_out["rated, but without frames"]
    left_out = aim.left_out + material.left_out
    if short > 0:
        left_out += Counter({_SHORT: short})
        tell(
            f"{short:,} ratings are left out: no stretch without a gap of theirs has "
            f"{shape.size} frames"
        )
    return replace(aim, usable=aim.usable[inside], left_out=left_out)


def _scale_outputs(lesson: Lesson) -> None:
    """Makes the network give ratings, in place of standard deviations of them."""
    from affectflow_transforms.finetune.network import scale_outputs

    scale_outputs(lesson.module["head"], lesson.mean, lesson.spread)


def figures_of(
    aim: Aim, outputs: Floats, target: Floats, units: list[str]
) -> tuple[Figure, ...]:
    """Returns r, concordance and mean absolute error; subjects are drawn, not rows."""
    found = list(trained.value_figures(aim.labels, outputs, target, units))
    off = np.abs(outputs.astype(np.float64) - target)
    for place, label in enumerate(aim.labels):
        errors = off[:, place]
        found.append(Figure("mae", label, *bootstrap(units, _mean_of(errors))))
    return tuple(found)


def _mean_of(errors: npt.NDArray[np.float64]) -> Statistic:
    """Returns the mean of some errors, as a statistic of weights."""
    return lambda weights: (weights @ errors) / weights.sum(axis=1)
