"""Instruct: a language model that learns to answer a prompt, from a lake or files.

    affectflow train instruct --data LAKE --out FOLDER --set base=BASE --set prompt=NAME

writes a folder that `annotate --model FOLDER --prompt NAME` reads with Generate.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from affectflow import people
from affectflow.errors import UsageError
from affectflow.kinds.trainer import Figure, FolderTrainer, Tell, Trained, quiet
from affectflow.opened.labelled import GOLD
from affectflow.registry import Card
from affectflow_transforms.finetune import loop
from affectflow_transforms.finetune.licences import check_passing_on
from affectflow_transforms.finetune.splits import Splits, say_few
from affectflow_transforms.instruct.card import Facts, card_of
from affectflow_transforms.instruct.figures import figures_of
from affectflow_transforms.instruct.lessons import Lessons, Wanted, gather
from affectflow_transforms.instruct.prepare import (
    licence_of,
    passed_on,
    schooled,
    split_of,
    units_of,
)
from affectflow_transforms.instruct.school import DPO, OBJECTIVES, School
from affectflow_transforms.models import trained
from affectflow_transforms.models.generate import Generate, adapter, loading
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.pretrained import source as bases
from affectflow_transforms.models.pretrained.options import check_word
from affectflow_transforms.models.ranges import (
    BELOW_1,
    SOME,
    STEPS,
    TRAINING,
    above,
    at_least,
    check_ranges,
)

ANNOTATOR = "Generate"
_MODEL, _BEFORE = "model", "before.json"
_OF_ALL = 20
"""A twentieth of the batches, if that is less, is sorted by length together."""
_RATES = {"lora": 2e-4, "all": 2e-5}


@dataclass(kw_only=True)
class Instruct(FolderTrainer):
    """Fits a language model to the answers that a prompt asks for.

    `--data` is a lake, whose labels are the answers, or a folder with `train.csv`,
    `.jsonl` or `.parquet` (and `dev.*`): the text, and in columns named as the steps
    of the prompt, or `label`, what is to be answered. Of objective=dpo it is a lake
    whose replies are rated, or files with `chosen` and `rejected`. Questions are those
    of `annotate`, byte for byte; answers are those that the prompt's parser reads back.

    Args:
      base: a folder with config.json, tokenizer and model.safetensors, or a hub id.
      prompt: its name, or a file that ends in `.toml`.
      revision: the commit of a hub id, 40 hex digits.
      annotator: of a lake: whose labels, by its id or the beginning of it; `gold` for
        what most people say.
      vocabulary: of those labels, if it is not that of the prompt.
      text: of files: the column of the text.
      objective: `cross_entropy` or `focal` of the answers' tokens; `dpo` of pairs.
      beta: of dpo: how much the base counts.
      settings: of the objective, a JSON object, such as {"gamma": 1.5}.
      tune: `lora` fits an adapter, `all` all weights.
      rank: of the adapter.
      alpha: of the adapter: it counts alpha / rank.
      dropout: of what goes into the adapter.
      layers: of the adapter: ends of their names; `all-linear` for all but the last.
      keep: `merged` writes a whole model, `adapter` the adapter alone, which needs its
        base.
      split_by: column of the key that tells rows apart; empty for `conversation_id` or
        `speaker_id` where there is one, else the text.
      epochs: at most.
      patience: epochs without a better loss after which it stops.
      batch: rows of a step.
      rate: highest learning rate; 0 for 2e-4 of an adapter, 2e-5 of all weights.
      weight_decay: of AdamW.
      warmup: share of all steps in which the rate rises.
      max_tokens: longer questions lose their middle; 0 for the base's own limit.
      dtype: of the base: `float32`, or `bfloat16` under an adapter.
      accept: `private` says that a model stays with you if the licence of its data or
        its base forbids passing it on.
      seed: of all that is random.
      device: `cpu`, `cuda`, ...; `auto` is CUDA where there is one.

    Raises:
      UsageError: an option is out of its range, or the prompt does not exist.
    """

    base: str
    prompt: str
    revision: str = ""
    annotator: str = GOLD
    vocabulary: str = ""
    text: str = "text"
    objective: str = "cross_entropy"
    beta: float = 0.1
    settings: Mapping[str, Any] = field(default_factory=dict)
    tune: Literal["lora", "all"] = "lora"
    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    layers: tuple[str, ...] = ("all-linear",)
    keep: Literal["merged", "adapter"] = "merged"
    split_by: str = ""
    epochs: int = 3
    patience: int = 2
    batch: int = 8
    rate: float = 0.0
    weight_decay: float = 0.0
    warmup: float = 0.1
    max_tokens: int = 0
    dtype: Literal["float32", "bfloat16"] = "float32"
    accept: Literal["", "private"] = ""
    seed: int = 0
    device: str = "auto"

    file: ClassVar[str] = "model.safetensors"
    card: ClassVar[Card] = Card(
        summary="fits a language model to a prompt's answers, for Generate",
        extra="train",
        example="affectflow train instruct --data lake --out mine --set base=FOLDER "
        "--set prompt=mental_health_dreaddit",
    )

    def __post_init__(self) -> None:
        check_word("objective", self.objective, OBJECTIVES)
        check_word("tune", self.tune, ("lora", "all"))
        check_word("keep", self.keep, ("merged", "adapter"))
        check_word("dtype", self.dtype, ("float32", "bfloat16"))
        self.rate = self.rate or _RATES[self.tune]
        check_ranges(
            self,
            {
                **TRAINING,
                **STEPS,
                "beta": above(0),
                "rank": at_least(1),
                "alpha": above(0),
                "dropout": BELOW_1,
                "layers": SOME,
                "max_tokens": at_least(0),
            },
        )
        if self.tune == "all" and (self.keep == "adapter" or self.dtype != "float32"):
            raise UsageError(
                "tune=all fits all weights, in float32: leave out `keep` and `dtype`, "
                "or use tune=lora"
            )
        self._asker = Generate(
            model=self.base, revision=self.revision, prompt=self.prompt
        )

    def train_in(
        self, work: Path, data: Path, *, licence: str = "", tell: Tell = quiet
    ) -> Trained:
        """Returns the fitted model with figures on the answers held out."""
        people.check(self._asker)
        base = bases.local_folder(self.base, self.revision)
        base_licence = bases.licence_of(self.base, self.revision)
        if self.tune == "lora":
            adapter.check_extra()
        lessons = gather(data, self._asker, self._wanted)
        of_texts = licence_of(lessons, licence)
        said = {"data": of_texts, "labels": lessons.licence, "base": base_licence}
        kept_back = check_passing_on(said, self.accept)
        generator = self._loaded(base, tell)
        lessons, school = schooled(
            generator,
            lessons,
            objective=self.objective,
            options={**self.settings, "beta": self.beta},
            batch=self.batch,
        )
        splits = split_of(lessons, self.split_by)
        say_few(splits, tell)
        mark = self._mark(lessons, base)
        held, units = splits.held_out, units_of(lessons, splits)
        school.keep_reference(np.concatenate([splits.learned, splits.chosen, held]))
        before = _kept_before(
            work / _BEFORE,
            mark,
            lambda: figures_of(school, lessons.exchanges, held, units, "before"),
        )
        adapted = self._put_on(generator)
        course = self._fit(school, splits, work, mark, tell)
        self._save(generator, adapted, work / _MODEL, base)
        after = figures_of(school, lessons.exchanges, held, units, "after")
        facts = Facts(
            trainer=self,
            prompt=self._asker.asked,
            splits=splits,
            course=course,
            data=data.resolve().name,
            data_digest=lessons.digest,
            refused=lessons.refused,
            truncated=int(school.taught.questions.truncated.sum()),
            licence=passed_on(of_texts, lessons.licence),
            base=self._asker.model_name,
            base_licence=base_licence,
            base_digest=bases.folder_digest(base),
            figures=(*before, *after),
            digest=_digest(work / _MODEL),
            kept_back=kept_back,
            labels_by=self._labels_by(lessons),
            dev="".join(file.name for file in lessons.source.files[1:]),
        )
        return Trained(
            annotator=ANNOTATOR,
            weights=work / _MODEL,
            card=card_of(facts),
            held_out=facts.held_out,
            figures=facts.figures,
            options=f"--prompt {self.prompt}",
        )

    @property
    def _wanted(self) -> Wanted:
        return Wanted(
            annotator=self.annotator,
            vocabulary=self.vocabulary,
            text=self.text,
            split_by=self.split_by,
            pairs=self.objective == DPO,
        )

    def _labels_by(self, lessons: Lessons) -> str:
        if lessons.source.files[0].is_dir():
            name = "most people" if self.annotator == GOLD else self.annotator
            return f"{name} ({lessons.licence})" if lessons.licence else name
        return ", ".join(
            f"{file.name} (SHA-256 {trained.sha256(file)})"
            for file in lessons.source.files
        )

    def _loaded(self, base: Path, tell: Tell) -> Generator:
        generator = loading.load(
            base,
            device=self.device,
            dtype=self.dtype,
            max_tokens=self.max_tokens,
            max_batch_tokens=0,
            trust_remote_code=False,
        )
        if not generator.has_template:
            tell("the base has no chat template, so it learns plain text")
        return generator

    def _mark(self, lessons: Lessons, base: Path) -> str:
        """Returns a digest of all that decides the weights."""
        import torch

        # Where the base lies, and what is only said of the folder, changes no weight.
        apart = {"base", "device", "keep", "accept", "_asker"}
        said = {
            "options": {n: v for n, v in vars(self).items() if n not in apart},
            "prompt": self._asker.asked.digest,
            "base": bases.folder_digest(base),
            "data": lessons.digest,
            "torch": torch.__version__,
        }
        written = json.dumps(said, sort_keys=True, default=str).encode()
        return hashlib.blake2b(written, digest_size=16).hexdigest()

    def _put_on(self, generator: Generator) -> Any:
        """Returns the adapter around the network; None where all weights learn."""
        if self.tune == "all":
            generator.module.requires_grad_(True)
            return None
        return adapter.put_on(
            generator.module,
            rank=self.rank,
            alpha=self.alpha,
            dropout=self.dropout,
            layers=self.layers,
            seed=self.seed,
            is_seq2seq=generator.is_seq2seq,
        )

    def _fit(
        self, school: School, splits: Splits, work: Path, mark: str, tell: Tell
    ) -> loop.Course:
        module = school.generator.module
        weights = [each for each in module.parameters() if each.requires_grad]
        group = {"params": weights, "lr": self.rate, "peak": self.rate}
        pace = loop.Pace(
            epochs=self.epochs,
            patience=self.patience,
            batch=self.batch,
            warmup=self.warmup,
            seed=self.seed,
            together=self._together(len(splits.learned)),
        )
        return loop.fit(
            module,
            [{**group, "weight_decay": self.weight_decay}],
            school.lengths,
            splits.learned,
            school.loss,
            lambda: school.judge(splits.chosen),
            pace,
            work,
            mark,
            tell,
        )

    def _together(self, rows: int) -> int:
        """Returns how many batches are sorted by length together: few of few.

        Where length tells the label, sorted batches have one label each, and few steps
        swing from one label to the other.
        """
        few = max(1, rows // (self.batch * _OF_ALL))
        return min(loop.SORTED_TOGETHER, few)

    def _save(
        self, generator: Generator, adapted: Any, folder: Path, base: Path
    ) -> None:
        """Writes the folder that Generate reads; the network is then as it will be."""
        if adapted is not None and self.keep == "adapter":
            digest = bases.revision_of(self.base, self.revision)
            adapter.save(adapted, folder, self.base, self.revision, digest)
        if adapted is not None:
            generator.module = adapted.merge_and_unload()
        if adapted is None or self.keep == "merged":
            generator.module.save_pretrained(folder)
        generator.writer.save_pretrained(folder)


def _kept_before(file: Path, mark: str, measure: Any) -> tuple[Figure, ...]:
    """Returns figures of the base; what an interrupted run measured is not again."""
    try:
        kept = json.loads(file.read_text("utf-8"))
        if kept["mark"] == mark:
            return tuple(Figure(*each) for each in kept["figures"])
    except (OSError, ValueError, KeyError):
        pass  # there is none, or it was cut short: it is measured again
    found: tuple[Figure, ...] = measure()
    file.write_text(json.dumps({"mark": mark, "figures": found}), "utf-8")
    return found


def _digest(folder: Path) -> str:
    """Returns BLAKE2b of the weights in a folder, 32 hex digits."""
    found = hashlib.blake2b(digest_size=16)
    for file in sorted(folder.glob("*.safetensors")):
        found.update(file.read_bytes())
    return found.hexdigest()
