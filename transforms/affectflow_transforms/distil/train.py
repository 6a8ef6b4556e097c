"""Distil: a small model that answers as an annotator of a lake does.

    affectflow train distil --data LAKE --out FOLDER --set teacher=NAME --set base=BASE

learns from the annotator's answers, and writes a folder that `annotate --model` reads:
with SequenceClassifier, or without a base, from recordings, with TinySpeech.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from affectflow import open_lake, weights
from affectflow.errors import UsageError
from affectflow.kinds.trainer import FolderTrainer, Tell, Trained, quiet
from affectflow.opened import labelled
from affectflow.registry import Card
from affectflow.storage import absolute
from affectflow_transforms.distil import aims, text, voice
from affectflow_transforms.distil.answers import answers_of
from affectflow_transforms.distil.card import Facts, card_of
from affectflow_transforms.distil.rows import Taught, taught_by
from affectflow_transforms.distil.teachers import Teacher, teacher_of
from affectflow_transforms.finetune import loop, marks
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.finetune.licences import check_passing_on
from affectflow_transforms.finetune.scores import figure_of, figures_of, thresholds_of
from affectflow_transforms.finetune.splits import Rows, Splits, say_few, split
from affectflow_transforms.models.pretrained import source as bases
from affectflow_transforms.models.ranges import (
    RISING,
    STEPS,
    TRAINING,
    above,
    at_least,
    check_ranges,
)

FILE = "model.safetensors"
_MODEL = "model"
_EPOCHS_TEXT, _EPOCHS_VOICE = 5, 40


@dataclass(kw_only=True)
class Distil(FolderTrainer):
    """Fits a small model to what an annotator of a lake has answered.

    `--data` is the lake. With a `base`, the student is an encoder of texts; without
    one, a TinySpeech that hears the recordings. Labels are learned with their scores,
    values as they are. Spans, written answers and people's answers are not learned;
    what was deleted at its source is left out. Figures are the agreement with the
    annotator on a tenth of the rows; by another tenth the epoch and the thresholds are
    chosen. Both tenths go by a hash of the key. The licences of the annotator, and
    where its answers may be used, pass on to the student.

    Args:
      teacher: the annotator, by its id or a beginning that no other has.
      task: which of its answers; empty if it answers one task, or values of one
        vocabulary.
      base: a folder with config.json, tokenizer and model.safetensors, or a hub id;
        empty for TinySpeech.
      revision: the commit of a hub id, 40 hex digits.
      layers: how many layers of the base are kept, from the first; 0 for all.
      objective: what is made small; empty for `distil` of one label, `bce` of several,
        and of values `mse` of a text and `ccc` of a voice.
      temperature: of `distil`; higher ones show more of what the teacher was unsure of.
      scale: lowest and highest value, where the vocabulary does not say it.
      split_by: column of the key that tells rows apart; empty for `conversation_id`,
        or else `speaker_id`.
      private: private and direct messages are learned from too.
      folder: of recordings that are named without their whole path.
      epochs: at most; 0 for 5 of a text and 40 of a voice.
      patience: epochs without a better figure after which it stops.
      batch: rows of a step.
      rate: highest learning rate; 0 for 1e-4 of an encoder and 3e-3 of TinySpeech.
      head_rate: of the encoder's head.
      weight_decay: of AdamW.
      warmup: share of all steps in which rates rise.
      max_tokens: longer texts are cut.
      longest_s: seconds of a turn that are heard.
      accept: `private` says that a model stays with you if the licence of its teacher,
        texts or base forbids passing it on.
      seed: of all that is random.
      device: `cpu`, `cuda`, ...; `auto` is CUDA where there is one.

    Raises:
      UsageError: an option is out of its range.
    """

    teacher: str
    task: str = ""
    base: str = ""
    revision: str = ""
    layers: int = 0
    objective: str = ""
    temperature: float = 1.0
    scale: tuple[float, float] | None = None
    split_by: str = ""
    private: bool = False
    folder: str = ""
    epochs: int = 0
    patience: int = 5
    batch: int = 16
    rate: float = 0.0
    head_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.1
    max_tokens: int = 128
    longest_s: float = 10.0
    accept: Literal["", "private"] = ""
    seed: int = 0
    device: str = "auto"

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="fits a small model to the answers of an annotator of a lake",
        extra="torch",
        example="affectflow train distil --data lake --out small --set "
        "teacher=EmbeddedEmotions@ --set task=emotion --set base=FOLDER",
    )

    def __post_init__(self) -> None:
        check_ranges(
            self,
            {
                **TRAINING,
                **STEPS,
                "layers": at_least(0),
                "temperature": above(0),
                "scale": RISING,
                "epochs": at_least(0),
                "batch": at_least(2),
                "rate": at_least(0),
                "head_rate": above(0),
                "max_tokens": at_least(3),
                "longest_s": at_least(0.1),
            },
        )
        if self.layers and not self.base:
            raise UsageError("`layers` are those of a `base`, and none is named")

    def train_in(
        self, work: Path, data: Path, *, licence: str = "", tell: Tell = quiet
    ) -> Trained:
        """Returns the student with its agreement on the rows held out."""
        base = bases.local_folder(self.base, self.revision) if self.base else None
        base_licence = bases.licence_of(self.base, self.revision) if base else ""
        teacher, taught = self._taught(data)
        licences = {
            "teacher": " and ".join(teacher.licences),
            "texts or recordings": licence,
            "base": base_licence,
        }
        kept_back = check_passing_on(licences, self.accept)
        taught, made = self._received(taught, base, work)
        aim = aims.aim_of(
            taught, teacher, objective=self._objective(taught), scale=self.scale
        )
        splits = split(taught.source, taught.usable, self._key(taught), taught.texts)
        say_few(splits, tell)
        student = made(aim, splits.learned)
        hard = aims.measured(aim, taught)
        digest = _digest(taught)
        mark = marks.mark_of(self, base, (), digest)
        course = self._fit(student, hard, splits, work, mark, tell)
        figures = self._figures(student, hard, splits, taught, work)
        facts = Facts(
            trainer=self,
            student=text.ANNOTATOR if self.base else voice.ANNOTATOR,
            teacher=teacher,
            aim=aim,
            splits=splits,
            course=course,
            lake=data.resolve().name,
            rows=digest,
            licence=licence or "not stated",
            base=marks.name_of(self.base, base) if base else "",
            base_licence=base_licence,
            figures=figures,
            digest=weights.digest(work / _MODEL),
            kept_back=kept_back,
        )
        return Trained(
            annotator=facts.student,
            weights=work / _MODEL,
            card=card_of(facts),
            held_out=facts.held_out,
            figures=figures,
        )

    def _taught(self, data: Path) -> tuple[Teacher, Taught]:
        """Returns the teacher, and what it answered."""
        with open_lake(str(data)) as lake:
            teacher = teacher_of(lake, self.teacher)
            said, _ = labelled.answers_of(str(data), teacher.annotator_id)
            answers = answers_of(said, teacher.annotator_id, self.task)
            taught = taught_by(
                lake,
                answers,
                private=self.private,
                folder=absolute(self.folder or "."),
            )
        return teacher, taught

    def _received(
        self, taught: Taught, base: Path | None, work: Path
    ) -> tuple[Taught, Callable[[Aim, Rows], Any]]:
        """Returns what the student can read or hear, and what makes the student."""
        if base is not None:
            silent = np.flatnonzero([not each.strip() for each in taught.texts])
            made = partial(text.reader, base=base, options=self)
            return taught.without(silent, "without text"), made
        taught, sounds = voice.listened_to(taught, self.longest_s, work)
        return taught, partial(voice.Listener, sounds=sounds, options=self)

    def _objective(self, taught: Taught) -> str:
        """Returns what is made small; empty for that of the answers."""
        hears_values = not self.base and taught.answers.head == "value"
        return self.objective or ("ccc" if hears_values else "")

    def _key(self, taught: Taught) -> str:
        """Returns the column that tells rows apart; empty leaves it to `split`."""
        names = taught.source.table.column_names
        if self.split_by or self.base or {"conversation_id", "speaker_id"} & {*names}:
            return self.split_by
        return "media_uri"  # turns of one recording are alike

    def _fit(
        self, student: Any, hard: Aim, splits: Splits, work: Path, mark: str, tell: Tell
    ) -> loop.Course:
        epochs = self.epochs or (_EPOCHS_TEXT if self.base else _EPOCHS_VOICE)
        pace = loop.Pace(
            epochs=epochs,
            patience=self.patience,
            batch=self.batch,
            warmup=self.warmup,
            seed=self.seed,
        )
        rows = splits.chosen
        return loop.fit(
            student.module,
            student.groups(),
            student.lengths,
            splits.learned,
            student.loss,
            lambda: figure_of(hard, student.outputs(rows), hard.target[rows]),
            pace,
            work,
            mark,
            tell,
        )

    def _figures(
        self, student: Any, hard: Aim, splits: Splits, taught: Taught, work: Path
    ) -> Any:
        """Returns the agreement with the teacher, and writes the student's folder."""
        thresholds: list[float] = []
        if hard.head == "several":
            rows = splits.chosen
            thresholds = thresholds_of(student.outputs(rows), hard.target[rows])
        held = splits.held_out
        units = marks.units_of(taught.source, splits.key)
        figures = figures_of(
            hard,
            student.outputs(held),
            hard.target[held],
            thresholds,
            [units[row] for row in held],
        )
        student.save(thresholds, work / _MODEL)
        return figures


def _digest(taught: Taught) -> str:
    """Returns BLAKE2b of utterances and answers that are learned, 32 hex digits."""
    found = hashlib.blake2b(digest_size=16)
    for row in taught.usable:
        clip = taught.clips[row]
        said = (taught.answers.ids[row], taught.texts[row], clip and clip[1:])
        found.update(repr(said).encode())
    found.update(np.ascontiguousarray(taught.answers.stored[taught.usable]).tobytes())
    return found.hexdigest()
