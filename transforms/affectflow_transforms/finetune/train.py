"""Finetune: any encoder of transformers, fitted to labels, ratings, votes or pairs.

    affectflow train finetune --data FOLDER --out FOLDER --set base=BASE --set head=one

reads `train.csv`, `.jsonl` or `.parquet`, and writes a folder that `annotate --model`
reads with SequenceClassifier.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from affectflow import weights
from affectflow.errors import UsageError
from affectflow.kinds.objective import HEADS
from affectflow.kinds.trainer import FolderTrainer, Tell, Trained, quiet
from affectflow.registry import Card
from affectflow_transforms.finetune import loop, marks, network
from affectflow_transforms.finetune.aims import Wanted, aim_of
from affectflow_transforms.finetune.card import Facts, card_of
from affectflow_transforms.finetune.lesson import Lesson, prepare
from affectflow_transforms.finetune.saving import save
from affectflow_transforms.finetune.scores import (
    figure_of,
    figures_of,
    thresholds_of,
)
from affectflow_transforms.finetune.splits import Source, Splits, read, split
from affectflow_transforms.models import trained
from affectflow_transforms.models.pretrained import source as bases
from affectflow_transforms.models.pretrained.options import check_word

ANNOTATOR = "SequenceClassifier"
FILE = "model.safetensors"
_MODEL = "model"
_BALANCED = ("one", "pair", "several")


@dataclass(kw_only=True)
class Finetune(FolderTrainer):
    """Fits an encoder to `train.csv`, `train.jsonl` or `train.parquet`.

    Columns: `text`, and `label` or `labels`; of head=value and head=shares, those that
    `labels` names; of head=reward, `chosen`, `rejected` and, if given, `strength`. A
    second text, such as the message that is answered, is in `second`. Figures are of
    `dev.*`, or else of a tenth of the rows; by another tenth the epoch and the
    thresholds are chosen. Both tenths go by a hash of the key.

    Args:
      base: a folder with config.json, tokenizer and model.safetensors, or a hub id.
      head: `one` label of a text, `several`, an `ordinal` step of a scale, a `value`,
        `shares` of readers, a `reward` of texts of which one was preferred, or one
        label of a `pair` of texts.
      revision: the commit of a hub id, 40 hex digits.
      objective: what is made small; empty for that of the head.
      settings: of the objective, a JSON object, such as {"gamma": 1.5}.
      text: column of the text.
      second: column of the second text.
      label: column of the label; empty for `label`, of head=several `labels`.
      labels: that there are; of head=ordinal, the lowest first; of head=value and
        head=shares, the columns.
      vocabulary: the label set; empty for the known one that the labels are.
      task: what the labels answer; empty for `emotion`, and of values for what they
        measure.
      scale: lowest and highest value of head=value.
      split_by: column of the key that tells rows apart; empty for `conversation_id` or
        `speaker_id` where there is one, else the text.
      epochs: at most.
      patience: epochs without a better figure after which it stops.
      batch: rows of a step.
      rate: highest learning rate of the encoder.
      head_rate: of the head.
      layer_decay: rate of a layer, as a share of that of the layer above it.
      weight_decay: of AdamW.
      warmup: share of all steps in which rates rise.
      freeze: leave the encoder as it is, and train the head alone.
      balance: beta of class-balanced weights, below 1, such as 0.999; 0 for none.
      sam_rho: radius of sharpness-aware steps, such as 0.05; 0 for plain ones.
      max_tokens: longer texts are cut.
      seed: of all that is random.
      device: `cpu`, `cuda`, ...; `auto` is CUDA where there is one.

    Raises:
      UsageError: an option is out of its range.
    """

    base: str
    head: str
    revision: str = ""
    objective: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    text: str = "text"
    second: str = "second"
    label: str = ""
    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    task: str = ""
    scale: tuple[float, float] | None = None
    split_by: str = ""
    epochs: int = 5
    patience: int = 2
    batch: int = 32
    rate: float = 1e-4
    head_rate: float = 1e-3
    layer_decay: float = 1.0
    weight_decay: float = 0.01
    warmup: float = 0.1
    freeze: bool = False
    balance: float = 0.0
    sam_rho: float = 0.0
    max_tokens: int = 128
    seed: int = 0
    device: str = "auto"

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="fits any encoder of transformers for SequenceClassifier",
        extra="torch",
        example="affectflow train finetune --data labelled --out mine --set "
        "base=FOLDER --set head=one",
    )

    def __post_init__(self) -> None:
        check_word("head", self.head, HEADS)
        ranges = {
            "epochs": self.epochs >= 1,
            "patience": self.patience >= 1,
            "batch": self.batch >= 2,
            "rate": self.rate > 0,
            "head_rate": self.head_rate > 0,
            "layer_decay": 0 < self.layer_decay <= 1,
            "weight_decay": self.weight_decay >= 0,
            "warmup": 0 <= self.warmup < 1,
            "balance": 0 <= self.balance < 1,
            "sam_rho": self.sam_rho >= 0,
            "max_tokens": self.max_tokens >= 3,
            "seed": self.seed >= 0,
            "scale": self.scale is None or self.scale[0] < self.scale[1],
        }
        marks.check_ranges(self, ranges)
        if self.balance and self.head not in _BALANCED:
            raise UsageError(
                f"`balance` weights labels, and head={self.head} has none: leave it out"
            )

    def train_in(
        self, work: Path, data: Path, *, licence: str = "", tell: Tell = quiet
    ) -> Trained:
        """Returns the fitted encoder with figures on the rows held out."""
        source = read(data)
        aim = aim_of(source, self._wanted)
        texts = [text if isinstance(text, str) else text[0] for text in aim.texts]
        splits = split(source, aim.usable, self.split_by, texts)
        base = bases.local_folder(self.base, self.revision)
        loaded, tokenizer = network.load(
            base,
            aim,
            seed=self.seed,
            device=self.device,
            max_tokens=self.max_tokens,
        )
        if self.freeze:
            network.freeze(loaded.module)
        lesson = prepare(
            loaded,
            aim,
            splits.learned,
            balance=self.balance,
            options=self.settings,
            frozen=self.freeze,
        )
        mark = marks.mark_of(self, base, source.files)
        course = self._fit(lesson, splits, work, mark, tell)
        return self._finished(
            lesson, tokenizer, splits, course, work, source, licence, base
        )

    @property
    def _wanted(self) -> Wanted:
        said = {each.name: getattr(self, each.name) for each in fields(Wanted)}
        return Wanted(**said)

    def _fit(
        self, lesson: Lesson, splits: Splits, work: Path, mark: str, tell: Tell
    ) -> loop.Course:
        module, aim = lesson.network.module, lesson.aim
        pace = loop.Pace(
            epochs=self.epochs,
            patience=self.patience,
            batch=self.batch,
            warmup=self.warmup,
            seed=self.seed,
            sam_rho=self.sam_rho,
        )
        groups = network.groups(
            module,
            rate=self.rate,
            head_rate=self.head_rate,
            layer_decay=self.layer_decay,
            shrink=self.weight_decay,
        )
        return loop.fit(
            module,
            groups,
            lesson.lengths,
            splits.learned,
            lesson.loss,
            lambda: figure_of(
                aim, lesson.outputs(splits.chosen), aim.target[splits.chosen]
            ),
            pace,
            work,
            mark,
            tell,
        )

    def _finished(
        self,
        lesson: Lesson,
        tokenizer: Any,
        splits: Splits,
        course: loop.Course,
        work: Path,
        source: Source,
        licence: str,
        base: Path,
    ) -> Trained:
        """Returns the folder of the model, with its card."""
        aim = lesson.aim
        thresholds = _thresholds(lesson, splits)
        held, units = splits.held_out, marks.units_of(source, splits.key)
        figures = figures_of(
            aim,
            lesson.outputs(held),
            aim.target[held],
            thresholds,
            [units[row] for row in held],
        )
        save(lesson, tokenizer, thresholds, work / _MODEL)
        passed_on = trained.licence_of(source.files[0], licence)
        facts = Facts(
            trainer=self,
            aim=aim,
            splits=splits,
            course=course,
            files=source.files,
            licence=passed_on,
            base=marks.name_of(self.base, base),
            base_licence=bases.licence_of(self.base, self.revision),
            figures=figures,
            digest=weights.digest(work / _MODEL),
        )
        return Trained(
            annotator=ANNOTATOR,
            weights=work / _MODEL,
            card=card_of(facts),
            held_out=facts.held_out,
            figures=figures,
        )


def _thresholds(lesson: Lesson, splits: Splits) -> list[float]:
    if lesson.aim.head != "several":
        return []
    rows = splits.chosen
    return thresholds_of(lesson.outputs(rows), lesson.aim.target[rows])
