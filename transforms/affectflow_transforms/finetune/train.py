"""Finetune: any encoder of transformers, fitted to labels, ratings, votes or pairs.

    affectflow train finetune --data FOLDER --out FOLDER --set base=BASE --set head=one

reads a lake, or `train.csv`, `.jsonl` or `.parquet`, and writes a folder that
`annotate --model` reads: with SequenceClassifier, of pictures with ImageClassifier, of
recordings with SpeechAffect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import reduce
from pathlib import Path
from typing import Any, ClassVar, Literal

from affectflow import weights
from affectflow.kinds.trainer import Figure, FolderTrainer, Tell, Trained, quiet
from affectflow.opened import labelled
from affectflow.opened.labelled import GOLD
from affectflow.registry import Card
from affectflow_transforms.finetune import loop, marks, network, soft
from affectflow_transforms.finetune.aims import Aim, Wanted, aim_of, bound_by
from affectflow_transforms.finetune.assembly import lesson_of
from affectflow_transforms.finetune.card import Facts, card_of
from affectflow_transforms.finetune.checks import check_options
from affectflow_transforms.finetune.inputs import AUDIO, IMAGE, TEXT
from affectflow_transforms.finetune.items import of_measures
from affectflow_transforms.finetune.lake import of_lake
from affectflow_transforms.finetune.lesson import Lesson
from affectflow_transforms.finetune.licences import check_passing_on, stricter
from affectflow_transforms.finetune.saving import save
from affectflow_transforms.finetune.scores import (
    figure_of,
    figures_of,
    thresholds_of,
)
from affectflow_transforms.finetune.splits import (
    Source,
    Splits,
    read,
    say_few,
    split,
)
from affectflow_transforms.models import trained
from affectflow_transforms.models.pretrained import source as bases
from affectflow_transforms.models.pretrained.passed_on import PassedOn

READERS = {
    TEXT: "SequenceClassifier",
    IMAGE: "ImageClassifier",
    AUDIO: "SpeechAffect",
}
"""The model plugin that reads a folder, by what its encoder takes."""
FILE = "model.safetensors"
_MODEL = "model"


@dataclass(kw_only=True)
class Finetune(FolderTrainer):
    """Fits an encoder to a lake, or `train.csv`, `train.jsonl` or `train.parquet`.

    Of a lake, the labels are what most people say, or those of `annotator`; what was
    deleted at its source, and private messages, are left out.

    Columns: `text`, and `label` or `labels`; of head=value, head=shares and
    head=items, those that `labels` names; of head=reward, `chosen`, `rejected` and, if
    given, `strength`, or those of HelpSteer2. A second text, such as the message that
    is answered, is in `second`. For an encoder of pictures or of speech, `image` or
    `audio` names a file beneath the folder instead of `text`. Figures are of `dev.*`,
    or else of a tenth of the rows; by another tenth the epoch and the thresholds are
    chosen. Both tenths go by a hash of the key.

    Args:
      base: a folder with config.json, tokenizer and model.safetensors, or a hub id.
      head: `one` label of a text, `several`, an `ordinal` step of a scale, steps of
        several `items` that a FacetedRasch makes one measure of, a `value`,
        `shares` of readers, a `reward` of texts of which one was preferred, or one
        label of a `pair` of texts.
      revision: the commit of a hub id, 40 hex digits.
      objective: what is made small; empty for that of the head.
      settings: of the objective, a JSON object, such as {"gamma": 1.5}.
      text: column of the text, or of the file; empty for `text`, `image` or `audio`.
      second: column of the second text.
      label: column of the label; empty for `label`, of head=several `labels`.
      labels: that there are; of head=ordinal, the lowest first; of head=value,
        head=shares and head=items, the columns.
      vocabulary: the label set; empty for the known one that the labels are.
      task: what the labels answer; empty for `emotion`, and of values for what they
        measure.
      scale: lowest and highest value of head=value.
      rasch: of head=items, the file with the fit of the ratings, CSV, as `affectflow
        measure FacetedRasch FILE --format csv` writes it.
      annotator: of a lake: whose labels; `gold` for what most people say, else an id
        or a beginning that no other has.
      cues: of a lake: `words` reads cues of voices, faces and ratings in words, too, as
        `annotate --set cues=words` does; empty for those of texts alone.
      teacher: whose scores are learned beside the labels, of head=one and head=several:
        of a lake an annotator; of files the column with a score for each label, a JSON
        object such as {"joy": 0.9}.
      teacher_weight: share of the loss that is of the teacher, 0 to 1.
      person: of head=items, the column that names what is rated as the fit does: the
        figures then say how close measures are to those of the fit.
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
      lexica: files of words with numbers, .tsv, .txt or .csv: their means over a text
        are read beside the encoder. The folder holds a copy.
      lexicon_loss: weight of guessing those means from the encoder's states, besides.
      affect_embeddings: file of word vectors in the format of GloVe, which stay as they
        are: read by an LSTM in both directions with attention, beside the encoder. The
        folder holds a copy.
      words: of a text, so many with a vector are read.
      lstm: units of the LSTM in each direction.
      hidden: units of two layers between what is read and the outputs; 0 for none.
      dropout: share of these units that is dropped in training.
      se_head: weigh channels by squeeze-and-excitation.
      freeze: leave the encoder as it is, run it once, and train a head over the mean of
        its states; empty for true with `lexica`, else false.
      frozen_layers: so many of the lowest layers stay as they are, and the embeddings.
      balance: beta of class-balanced weights, below 1, such as 0.999; 0 for none.
      sam_rho: radius of sharpness-aware steps, such as 0.05; 0 for plain ones.
      max_tokens: longer texts are cut.
      accept: `private` says that a model stays with you if the licence of its data or
        its base forbids passing it on.
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
    text: str = ""
    second: str = "second"
    label: str = ""
    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    task: str = ""
    scale: tuple[float, float] | None = None
    rasch: str = ""
    person: str = ""
    annotator: str = GOLD
    cues: str = ""
    teacher: str = ""
    teacher_weight: float = 0.5
    split_by: str = ""
    epochs: int = 5
    patience: int = 2
    batch: int = 32
    rate: float = 1e-4
    head_rate: float = 1e-3
    layer_decay: float = 1.0
    weight_decay: float = 0.01
    warmup: float = 0.1
    lexica: tuple[str, ...] = ()
    lexicon_loss: float = 0.0
    affect_embeddings: str = ""
    words: int = 32
    lstm: int = 100
    hidden: int = 0
    dropout: float = 0.3
    se_head: bool = False
    freeze: bool | None = None
    frozen_layers: int = 0
    balance: float = 0.0
    sam_rho: float = 0.0
    max_tokens: int = 128
    accept: Literal["", "private"] = ""
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
        check_options(self)

    def train_in(
        self, work: Path, data: Path, *, licence: str = "", tell: Tell = quiet
    ) -> Trained:
        """Returns the fitted encoder with figures on the rows held out."""
        base = bases.local_folder(self.base, self.revision)
        modality = network.modality_of(base)
        source, wanted, licences, bound = self._gathered(data, modality, licence)
        aim = bound_by(aim_of(source, wanted), bound)
        kept_back = check_passing_on(licences, self.accept)
        texts = [text if isinstance(text, str) else text[0] for text in aim.texts]
        splits = split(source, aim.usable, self.split_by, texts)
        say_few(splits, tell)
        lesson = lesson_of(
            self, base, modality, aim, splits, data, self._taught(source, aim)
        )
        words = [trained.sha256(Path(file)) for file in self.read_beside]
        files = () if source.digest else source.files
        mark = marks.mark_of(self, base, files, source.digest, *words)
        course = self._fit(lesson, splits, work, mark, tell)
        figures = _saved(self, lesson, splits, source, work)
        facts = Facts(
            trainer=self,
            aim=aim,
            splits=splits,
            course=course,
            source=source,
            bound=bound,
            licence=licences["data"],
            reader=READERS[modality],
            base=marks.name_of(self.base, base),
            base_licence=licences["base"],
            figures=figures,
            digest=weights.digest(work / _MODEL),
            copied=tuple(map(Path, self.copied)),
            kept_back=kept_back,
        )
        return Trained(
            annotator=facts.reader,
            weights=work / _MODEL,
            card=card_of(facts),
            held_out=facts.held_out,
            figures=figures,
            options="--set cues=words" if self.cues else "",
        )

    @property
    def is_frozen(self) -> bool:
        """Whether the encoder stays as it is."""
        return bool(self.lexica) if self.freeze is None else self.freeze

    @property
    def copied(self) -> list[str]:
        """Files whose words and numbers the folder will hold."""
        return [*self.lexica, *filter(None, [self.affect_embeddings])]

    @property
    def read_beside(self) -> list[str]:
        """Files that decide what is learned, beside the data."""
        return [*self.copied, *filter(None, [self.rasch])]

    def _wanted(self, modality: str) -> Wanted:
        said = {each.name: getattr(self, each.name) for each in fields(Wanted)}
        return Wanted(**said | {"text": self.text or modality})

    def _gathered(
        self, data: Path, modality: str, licence: str
    ) -> tuple[Source, Wanted, dict[str, str], PassedOn]:
        """Returns the rows, what is learned of them, and what binds the model."""
        wanted, bound = self._wanted(modality), PassedOn()
        base = bases.licence_of(self.base, self.revision)
        if not labelled.is_lake(str(data)):
            source = read(data)
            own = trained.licence_of(source.files[0], licence)
            return source, wanted, {"data": own, "base": base}, bound
        found = of_lake(data, wanted, self.annotator, self.teacher, modality)
        said = [*filter(None, [licence]), *found.licences.values()]
        own = reduce(stricter, said) if said else "not stated"
        return found.source, found.wanted, {"data": own, "base": base}, found.bound

    def _taught(self, source: Source, aim: Aim) -> Any:
        """Returns what the teacher says of all rows; None for no teacher."""
        if not self.teacher:
            return None
        name = soft.COLUMN if source.digest else self.teacher
        return soft.soft_of(source, name, aim.head, aim.labels, aim.target)

    def _fit(
        self, lesson: Lesson, splits: Splits, work: Path, mark: str, tell: Tell
    ) -> loop.Course:
        module, aim = lesson.loaded.module, lesson.aim
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


def _saved(
    trainer: Finetune, lesson: Lesson, splits: Splits, source: Source, work: Path
) -> tuple[Figure, ...]:
    """Writes the folder of the model; returns its figures on the rows held out."""
    aim, held = lesson.aim, splits.held_out
    units = marks.units_of(source, splits.key)
    thresholds = _thresholds(lesson, splits)
    outputs = lesson.outputs(held)
    figures = figures_of(
        aim,
        outputs,
        aim.target[held],
        thresholds,
        [units[row] for row in held],
    )
    if trainer.person:
        figures += of_measures(aim, trainer, source, outputs, held)
    save(lesson, thresholds, work / _MODEL)
    return figures


def _thresholds(lesson: Lesson, splits: Splits) -> list[float]:
    if lesson.aim.head != "several":
        return []
    rows = splits.chosen
    return thresholds_of(lesson.outputs(rows), lesson.aim.target[rows])
