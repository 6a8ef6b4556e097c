"""Fuse, the trainer: one label from the vectors that several annotators gave.

    affectflow train fuse --data LAKE --set over=A@,B@ --out fused

reads vectors and labels of a lake, and writes a folder that `annotate --model` reads
with FusedClassifier.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

from affectflow import open_lake, people, weights
from affectflow.errors import UsageError
from affectflow.kinds.trainer import Figure, FolderTrainer, Tell, Trained, quiet
from affectflow.registry import Card
from affectflow_transforms.finetune import loop, marks
from affectflow_transforms.finetune.licences import check_passing_on, forbidding
from affectflow_transforms.finetune.splits import Splits, column, say_few, split
from affectflow_transforms.fuse import saved
from affectflow_transforms.fuse.card import Facts, card_of, strictest
from affectflow_transforms.fuse.lesson import (
    Lesson,
    Ways,
    begun,
    classified,
    contrasted,
)
from affectflow_transforms.fuse.quality import (
    label_figures,
    macro,
    retrieval_figures,
    shown_alone,
)
from affectflow_transforms.fuse.rows import Corpus, Examples, corpus_of
from affectflow_transforms.fuse.saved import ANNOTATOR, FILE, Plan
from affectflow_transforms.fuse.vectors import Rows
from affectflow_transforms.models.ranges import (
    BELOW_1,
    TRAINING,
    Range,
    above,
    at_least,
    check_ranges,
)

_MODEL = "model"


@dataclass(kw_only=True)
class Fuse(FolderTrainer):
    """Fits a classifier to the vectors of several annotators of a lake, and labels.

    `--data` is the lake. First, encoders are fitted so that the modalities of a row are
    alike, whether it has a label or not; then a classifier over their features. Figures
    are of a tenth of the rows; by another tenth the epochs are chosen. Both tenths go
    by a hash of the key. Deleted messages are left out.

    Args:
      over: the annotators of the vectors, two or more, by their ids or the beginnings.
      task: that the labels answer.
      annotator: whose labels are learned, by its id or the beginning of it; empty for
        the label that most people gave a row.
      split_by: column of the key that tells rows apart, `conversation_id` or
        `speaker_id`; empty for the conversation.
      private: private and direct messages are learned from, too.
      width: of the features.
      temperature: of the contrastive objective.
      drop: share of the modalities that a row is shown without, so that those that are
        missing are learned; one always stays.
      contrast_epochs: of the contrastive stage, at most; 0 for none.
      epochs: of the classifier, at most.
      patience: epochs without a better figure after which a stage stops.
      batch: rows of a step.
      rate: highest learning rate.
      accept: `private` says that a model stays with you if the licence of its labels or
        of an annotator forbids passing it on.
      seed: of all that is random.

    Raises:
      UsageError: an option is out of its range.
    """

    over: tuple[str, ...]
    task: str = "emotion"
    annotator: str = ""
    split_by: str = ""
    private: bool = False
    width: int = 512
    temperature: float = 0.07
    drop: float = 0.3
    contrast_epochs: int = 20
    epochs: int = 30
    patience: int = 5
    batch: int = 32
    rate: float = 1e-3
    accept: Literal["", "private"] = ""
    seed: int = 0

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="fits a label to the vectors of several annotators, for "
        "FusedClassifier",
        extra="torch",
        example="affectflow train fuse --data lake --set over=A@,B@ --out fused",
    )

    def __post_init__(self) -> None:
        check_ranges(
            self,
            {
                **TRAINING,
                "over": Range(lambda given: len(given) >= 2, "two annotators or more"),
                "width": at_least(1),
                "temperature": above(0),
                "drop": BELOW_1,
                "contrast_epochs": at_least(0),
                "batch": at_least(2),
            },
        )

    @property
    def _ways(self) -> Ways:
        return Ways(
            width=self.width,
            temperature=self.temperature,
            drop=self.drop,
            contrast_epochs=self.contrast_epochs,
            rate=self.rate,
            pace=loop.Pace(
                epochs=self.epochs,
                patience=self.patience,
                batch=self.batch,
                warmup=0.0,
                seed=self.seed,
            ),
        )

    def train_in(
        self, work: Path, data: Path, *, licence: str = "", tell: Tell = quiet
    ) -> Trained:
        """Returns the fitted network with figures on the rows held out."""
        of_labels = licence or "not stated"
        check_passing_on({"labels": of_labels}, self.accept)
        with open_lake(data) as lake:
            corpus = corpus_of(
                lake, self.over, self.task, self.annotator, private=self.private
            )
        check_passing_on(corpus.licences, self.accept)
        splits = _split(corpus, self.split_by)
        judged_by = corpus.examples.labelled(splits.chosen)
        say_few(replace(splits, chosen=judged_by), tell)
        mark = self._mark(corpus)
        lesson, contrast, course = self._fitted(
            corpus.examples, splits, work, mark, tell, "fused"
        )
        held = corpus.examples.labelled(splits.held_out)
        keys = marks.units_of(corpus.source, splits.key)
        units = [keys[row] for row in held]
        figures = (
            *label_figures(lesson, held, units),
            *self._beside(lesson, splits, held, units, work, mark, tell),
            *retrieval_figures(lesson, splits.held_out, keys),
        )
        return self._finished(
            lesson, corpus, splits, contrast, course, figures, work, of_labels
        )

    def _mark(self, corpus: Corpus) -> str:
        """Returns a digest of all that decides the weights."""
        examples, arrays = corpus.examples, hashlib.blake2b(digest_size=16)
        for each in (*examples.vectors, examples.there, examples.target):
            arrays.update(each.tobytes())
        said = (examples.annotators, examples.labels, arrays.hexdigest())
        return marks.mark_of(self, None, (), *said)

    def _fitted(
        self,
        examples: Examples,
        splits: Splits,
        work: Path,
        mark: str,
        tell: Tell,
        name: str,
        *,
        is_contrasted: bool = True,
    ) -> tuple[Lesson, loop.Course | None, loop.Course]:
        """Returns a fitted network, and what happened in both stages."""
        lesson = begun(examples, splits.learned, self._ways)
        parts = (splits.learned, splits.chosen)
        contrast = None
        several = len(examples.paired(splits.learned)) > 1
        if is_contrasted and self.contrast_epochs and several:
            tell(f"{name}: what goes together")
            folder = work / f"{name} contrast"
            contrast = contrasted(lesson, *parts, folder, mark, tell)
        tell(f"{name}: the labels")
        course = classified(lesson, *parts, work / name, mark, tell)
        return lesson, contrast, course

    def _beside(
        self,
        lesson: Lesson,
        splits: Splits,
        held: Rows,
        units: Sequence[str],
        work: Path,
        mark: str,
        tell: Tell,
    ) -> Iterator[Figure]:
        """Yields the macro-F1 of what fusion has to be better than."""
        examples = lesson.examples
        beside = (examples, splits, work, mark, tell)
        plain, _, _ = self._fitted(*beside, "plain", is_contrasted=False)
        found = label_figures(plain, held, units)
        yield macro(found, "without the contrastive stage")
        for place, who in enumerate(examples.annotators):
            alone, _, _ = self._fitted(
                examples.only([place]), splits, work, mark, tell, f"alone {place}"
            )
            found = label_figures(alone, held, units)
            yield macro(found, f"learned from {who} alone")
            there = shown_alone(lesson, held, place)
            yield macro(label_figures(lesson, held, units, there), f"shown {who} alone")

    def _finished(
        self,
        lesson: Lesson,
        corpus: Corpus,
        splits: Splits,
        contrast: loop.Course | None,
        course: loop.Course,
        figures: tuple[Figure, ...],
        work: Path,
        licence: str,
    ) -> Trained:
        """Returns the folder of the network, with its card."""
        examples = corpus.examples
        plan = Plan(
            annotators=examples.annotators,
            widths=examples.widths,
            width=self.width,
            labels=examples.labels,
            vocabulary=corpus.vocabulary,
            task=self.task,
            touches=corpus.touches,
        )
        metadata = {
            "licence": strictest([licence, *corpus.licences.values()]),
            "settings": json.dumps(vars(self), sort_keys=True, default=str),
        }
        folder = work / _MODEL
        folder.mkdir(exist_ok=True)
        (folder / FILE).write_bytes(saved.written(lesson.module, plan, metadata))
        held_out = _held_out(corpus, splits)
        facts = Facts(
            trainer=self,
            plan=plan,
            corpus=corpus,
            splits=splits,
            contrast=contrast,
            course=course,
            licence=licence,
            held_out=held_out,
            figures=figures,
            digest=weights.digest(folder),
            kept_back=forbidding({"labels": licence, **corpus.licences}),
        )
        return Trained(
            annotator=ANNOTATOR,
            weights=folder,
            card=card_of(facts),
            held_out=held_out,
            figures=figures,
            options=_options(corpus),
        )


def _options(corpus: Corpus) -> str:
    """Returns what `annotate` needs besides the folder."""
    over = f"--over {','.join(corpus.examples.annotators)}"
    return f"{over} {people.options_for(corpus.touches)}".rstrip()


def _split(corpus: Corpus, split_by: str) -> Splits:
    """Returns which rows are for what; each part has rows with a label.

    Raises:
      UsageError: one of the parts has none.
    """
    ids = column(corpus.source, "utterance_id")
    splits = split(corpus.source, corpus.usable, split_by, ids)
    for rows, what in (
        (splits.learned, "to train on"),
        (splits.chosen, "to choose the epoch by"),
        (splits.held_out, "to hold out"),
    ):
        if not len(corpus.examples.labelled(rows)):
            there = corpus.examples.labelled(corpus.usable)
            raise UsageError(
                f"{len(there):,} rows have vectors and a label, and a tenth by a hash "
                f"of `{splits.key}` leaves none {what}: label more of them, at least "
                "50 with different keys"
            )
    return splits


def _held_out(corpus: Corpus, splits: Splits) -> str:
    labelled = corpus.examples.labelled
    held, there = labelled(splits.held_out), labelled(corpus.usable)
    return f"{len(held):,} of {len(there):,} labelled rows, by a hash of `{splits.key}`"
