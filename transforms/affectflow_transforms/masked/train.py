"""MaskedLanguage: an encoder reads on in texts of your own before it is fitted.

    affectflow train masked-language --data FOLDER --out FOLDER --set base=BASE

reads `train.csv`, `.jsonl` or `.parquet`, and writes a folder that is a `base` for
`affectflow train finetune`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from affectflow import weights
from affectflow.errors import UsageError
from affectflow.kinds.trainer import FolderTrainer, Tell, Trained, quiet
from affectflow.registry import Card
from affectflow_transforms.finetune import loop, marks, network
from affectflow_transforms.finetune.licences import check_passing_on
from affectflow_transforms.finetune.splits import (
    Source,
    Splits,
    column,
    read,
    say_few,
    split,
)
from affectflow_transforms.masked import network as networks
from affectflow_transforms.masked.card import Facts, card_of
from affectflow_transforms.masked.lesson import Lesson, Surprise
from affectflow_transforms.masked.lexicon import Lexicon, file_of, lexicon_of
from affectflow_transforms.masked.masking import ORDERS
from affectflow_transforms.masked.network import Loaded
from affectflow_transforms.masked.perplexity import figures_of
from affectflow_transforms.masked.words import words_of
from affectflow_transforms.models import trained
from affectflow_transforms.models.pretrained import bertweet
from affectflow_transforms.models.pretrained import source as bases
from affectflow_transforms.models.pretrained.options import check_word
from affectflow_transforms.models.ranges import (
    SHARE,
    STEPS,
    TRAINING,
    Range,
    above,
    at_least,
    check_ranges,
)

FILE = "model.safetensors"
_MODEL = "model"
_USE = (
    "fit it:  affectflow train finetune --data FOLDER --out FOLDER --set base={out} "
    "--set head=one"
)


@dataclass(kw_only=True)
class MaskedLanguage(FolderTrainer):
    """Lets an encoder read on in `train.csv`, `train.jsonl` or `train.parquet`.

    It learns to say masked words, those of a lexicon more than others. Whole words are
    masked, others in each epoch: those of the tokenizer, or those of the column `words`
    if there is one (a list, or text with blanks). Figures are of `dev.*`, or else of a
    tenth of the rows; by another tenth the epoch is chosen. Both tenths go by a hash of
    the key.

    The rates at which LEIA masks are unpublished: 0.5 and 0.15 are a choice of this
    package.

    Args:
      base: a folder with config.json, tokenizer and model.safetensors, or a hub id.
      revision: the commit of a hub id, 40 hex digits.
      lexicon: a file with a word a line, or `vader`, which comes with the package;
        empty masks all words alike.
      p_lexicon: how probable it is that a word of the lexicon is masked, 0..1.
      p_other: that any other word is; all are, without a lexicon.
      order: `lexicon_first` or `shuffled` mask within a `budget` and not by rates:
        words of the lexicon as they stand, or shuffled, and then any others.
      budget: share of the tokens of a text that are masked, 0..1.
      text: column of the text.
      words: column of its words.
      split_by: column of the key that tells rows apart; empty for `conversation_id` or
        `speaker_id` where there is one, else the text.
      epochs: at most.
      patience: epochs without a lower perplexity after which it stops.
      batch: rows of a step.
      rate: highest learning rate.
      head_rate: of a head that the base did not have.
      weight_decay: of AdamW.
      warmup: share of all steps in which rates rise.
      max_tokens: longer texts are read in pieces.
      accept: `private` says that a model stays with you if the licence of its texts or
        its base forbids passing it on.
      seed: of all that is random.
      device: `cpu`, `cuda`, ...; `auto` is CUDA where there is one.

    Raises:
      UsageError: an option is out of its range.
    """

    base: str
    revision: str = ""
    lexicon: str = ""
    p_lexicon: float = 0.5
    p_other: float = 0.15
    order: str = ""
    budget: float = 0.2
    text: str = "text"
    words: str = "words"
    split_by: str = ""
    epochs: int = 3
    patience: int = 1
    batch: int = 32
    rate: float = 1e-4
    head_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.1
    max_tokens: int = 128
    accept: Literal["", "private"] = ""
    seed: int = 0
    device: str = "auto"

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="lets an encoder read on in your texts, emotion words masked more",
        extra="torch",
        example="affectflow train masked-language --data texts --out read --set "
        "base=FOLDER --set lexicon=vader",
    )

    def __post_init__(self) -> None:
        check_word("order", self.order, ORDERS)
        check_ranges(
            self,
            {
                **TRAINING,
                **STEPS,
                "p_lexicon": SHARE,
                "p_other": SHARE,
                "budget": Range(lambda value: 0 < value < 1, "above 0 and below 1"),
                "head_rate": above(0),
                "max_tokens": at_least(3),
            },
        )
        if not self.order and not (self.p_other or (self.lexicon and self.p_lexicon)):
            raise UsageError(
                "nothing would be masked: `p_other` is 0, and no word of a lexicon is "
                "masked either; raise one of `p_other` and `p_lexicon`"
            )

    def train_in(
        self, work: Path, data: Path, *, licence: str = "", tell: Tell = quiet
    ) -> Trained:
        """Returns the encoder with its perplexity on the rows held out."""
        source = read(data)
        licences = {
            "data": trained.licence_of(source.files[0], licence),
            "base": bases.licence_of(self.base, self.revision),
        }
        kept_back = check_passing_on(licences, self.accept)
        lexicon = lexicon_of(self.lexicon)
        texts, usable = self._texts(source)
        splits = split(source, usable, self.split_by, texts)
        say_few(splits, tell)
        base = bases.local_folder(self.base, self.revision)
        loaded = networks.load(
            base, seed=self.seed, device=self.device, max_tokens=self.max_tokens
        )
        lesson = self._lesson(loaded, source, texts, lexicon)
        rows = {part: lesson.words.rows_of(getattr(splits, part)) for part in _PARTS}
        files = [*source.files, *([file_of(self.lexicon)] if self.lexicon else [])]
        before = _surprise(lesson, rows["held_out"])
        mark = marks.mark_of(self, base, files)
        course = self._fit(loaded, lesson, rows, work, mark, tell)
        after = _surprise(lesson, rows["held_out"])
        figures = figures_of(before, after, _units(source, splits, lesson))
        networks.save(loaded, work / _MODEL)
        facts = Facts(
            trainer=self,
            lexicon=lexicon,
            words=lesson.words,
            learned=rows["learned"],
            splits=splits,
            course=course,
            files=source.files,
            licence=licences["data"],
            base=marks.name_of(self.base, base),
            base_licence=licences["base"],
            new_head=loaded.new_head,
            figures=figures,
            digest=weights.digest(work / _MODEL),
            kept_back=kept_back,
        )
        return Trained(
            annotator="Embedder",
            weights=work / _MODEL,
            card=card_of(facts),
            held_out=facts.held_out,
            figures=figures,
            use=_USE,
        )

    def _texts(self, source: Source) -> tuple[list[str], Any]:
        """Returns the text of each row, and which rows have one."""
        texts = [str(each or "") for each in column(source, self.text, "text")]
        usable = np.flatnonzero([bool(text.strip()) for text in texts])
        return texts, usable

    def _lesson(
        self, loaded: Loaded, source: Source, texts: list[str], lexicon: Lexicon
    ) -> Lesson:
        segments = self._segments(source)
        if bertweet.asked_by(loaded.tokenizer):
            texts = bertweet.normalised(texts)
            segments = [s and bertweet.normalised(s) for s in segments]
        network = loaded.network
        words = words_of(
            network.tokenizer, texts, lexicon, network.max_tokens, segments
        )
        known = np.arange(min(len(loaded.tokenizer), network.n_known_tokens))
        return Lesson(
            network=network,
            words=words,
            options=self,
            mask_token=loaded.tokenizer.mask_token_id,
            others=np.setdiff1d(known, loaded.tokenizer.all_special_ids),
            seed=self.seed,
        )

    def _segments(self, source: Source) -> list[list[str] | None]:
        """Returns the words of each row, where there is a column of them."""
        if self.words not in source.table.column_names:
            return []
        return [
            each.split() if isinstance(each, str) else each
            for each in column(source, self.words, "words")
        ]

    def _fit(
        self,
        loaded: Loaded,
        lesson: Lesson,
        rows: dict[str, Any],
        work: Path,
        mark: str,
        tell: Tell,
    ) -> loop.Course:
        module = loaded.network.module
        groups = network.groups(
            module,
            rate=self.rate,
            head_rate=self.head_rate if loaded.new_head else self.rate,
            layer_decay=1.0,
            shrink=self.weight_decay,
        )
        pace = loop.Pace(
            epochs=self.epochs,
            patience=self.patience,
            batch=self.batch,
            warmup=self.warmup,
            seed=self.seed,
        )
        return loop.fit(
            module,
            groups,
            lesson.words.tokens.lengths,
            rows["learned"],
            lesson.loss,
            lambda: -float(_surprise(lesson, rows["chosen"]).nats.mean()),
            pace,
            work,
            mark,
            tell,
        )


_PARTS = ("learned", "chosen", "held_out")


def _units(source: Source, splits: Splits, lesson: Lesson) -> Any:
    """Returns the key of each row of tokens: what a bootstrap draws."""
    keys = np.array(marks.units_of(source, splits.key), dtype=object)
    return keys[lesson.words.texts]


def _surprise(lesson: Lesson, rows: Any) -> Surprise:
    found = lesson.surprise(rows)
    if not len(found.nats):
        raise UsageError(
            f"{len(rows):,} texts are held out, and have too few words to mask any: "
            "give more texts, or longer ones"
        )
    return found
