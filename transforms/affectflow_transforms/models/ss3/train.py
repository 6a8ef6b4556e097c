"""Trains SS3 on posts with labels.

    affectflow train ss3 --data FOLDER --out FOLDER

reads `posts.csv` or `posts.csv.gz` in FOLDER, which has the columns `text`, `label` and
`conversation_id`, and counts the words of each label. Whole conversations are held out.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv

from affectflow import vocabularies
from affectflow.batches.labelling import choose_top
from affectflow.column_names import no_column
from affectflow.errors import UsageError
from affectflow.kinds.trainer import Figure, Trained, Trainer, is_held_out
from affectflow.registry import Card
from affectflow_transforms.finetune.licences import check_passing_on
from affectflow_transforms.models import trained
from affectflow_transforms.models.ss3.values import Mode, Settings
from affectflow_transforms.models.ss3.words import ANNOTATOR, Words, words_of

VERSION = "1"
FILE = f"ss3_v{VERSION}.safetensors"
DATA = "posts.csv"

_COLUMNS = ("text", "label", "conversation_id")


class Post(NamedTuple):
    """A post with its label.

    Attributes:
      text: its text.
      label: its label, or that of its conversation.
      unit: its conversation.
    """

    text: str
    label: str
    unit: str


@dataclass(kw_only=True)
class SS3(Trainer):
    """Counts the words of each label in `posts.csv` or `posts.csv.gz`.

    Columns: `text`, `label`, and `conversation_id`, by whose hash a tenth is held out.
    Posts without words, label or conversation are left out and counted.

    Args:
      task: what the labels answer, as the table `annotations` names it.
      vocabulary: the label set; empty for the known one that matches the labels,
        otherwise one with the name of the task.
      mode: `pyss3`, as PySS3 0.6.5 computes values with `sg_m="vanilla"`; or `paper`,
        with the sigmoid of the paper, which also counts words that were used once.
      smoothness: sigma, above 0.
      significance: lambda, above 0.
      sanction: rho, at least 0.
      accept: `private` says that the weights stay with you if the licence of the data
        forbids passing them on.

    Raises:
      UsageError: a setting is out of its range.
    """

    task: str = "risk"
    vocabulary: str = ""
    mode: Mode = "pyss3"
    smoothness: float = 0.45
    significance: float = 0.5
    sanction: float = 1.0
    accept: Literal["", "private"] = ""

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="trains SS3: which words say how much of which label",
        example="affectflow train ss3 --data threads --out heat",
    )

    def __post_init__(self) -> None:
        self._settings = Settings(
            self.mode, self.smoothness, self.significance, self.sanction
        )
        self._settings.check()

    def train(self, data: Path, *, licence: str = "") -> Trained:
        """Returns the counted words with figures on the conversations held out."""
        zipped = f"{DATA}.gz"
        name = zipped if (data / zipped).is_file() else DATA
        (source,) = trained.needed(data, name)
        passed_on = trained.licence_of(source, licence)
        check_passing_on({"data": passed_on}, self.accept)
        posts, left_out = read_posts(source)
        seen = [post for post in posts if not is_held_out(post.unit)]
        kept = [post for post in posts if is_held_out(post.unit)]
        labels = _labels(seen, kept, source)
        words = Words.counted(((p.text, p.label) for p in seen), labels, self._settings)
        written = self._written(words, source, passed_on)
        said = f"{len(kept):,} of {len(posts):,} posts, by a hash of the conversation"
        if left_out:
            why = ", ".join(f"{n:,} {reason}" for reason, n in sorted(left_out.items()))
            said += f" (left out: {why})"
        figures = _figures(words, kept)
        return trained.with_card(ANNOTATOR, FILE, written, said, figures, passed_on)

    def _written(self, words: Words, source: Path, licence: str) -> bytes:
        return trained.weights_file(
            words.arrays(),
            annotator=ANNOTATOR,
            version=VERSION,
            source=source,
            licence=licence,
            settings=self._settings._asdict(),
            labels=json.dumps(words.labels),
            task=self.task,
            vocabulary=self._vocabulary(words.labels, source),
        )

    def _vocabulary(self, labels: Sequence[str], source: Path) -> str:
        """Returns the label set.

        Raises:
          UsageError: it is known and does not have one of the labels.
        """
        name = self.vocabulary or vocabularies.recognise(list(labels)) or self.task
        known = vocabularies.known().get(name)
        unknown = [each for each in labels if known and each not in known.labels]
        if known and unknown:
            raise UsageError(
                f"{str(source)!r} has the label {unknown[0]!r}, which is not in the "
                f"vocabulary {name!r}; its labels are {', '.join(known.labels)}"
            )
        return name


def read_posts(source: Path) -> tuple[list[Post], Counter[str]]:
    """Returns the posts that can be counted, and how many cannot, by reason.

    Raises:
      UsageError: the file is not a table, or a column is missing.
    """
    table = _table(source)
    columns = [table[name].to_pylist() for name in _COLUMNS]
    posts, left_out = [], Counter[str]()
    for text, label, unit in zip(*columns, strict=True):
        if not words_of(text):
            left_out["without words"] += 1
        elif not label.strip():
            left_out["without a label"] += 1
        elif not unit.strip():
            left_out["without a conversation"] += 1
        else:
            posts.append(Post(text, label.strip(), unit))
    return posts, left_out


def _table(source: Path) -> pa.Table:
    """Returns the columns of a file as text."""
    try:
        table = csv.read_csv(
            source,
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(_COLUMNS, pa.string())
            ),
        )
    except (pa.ArrowInvalid, OSError) as error:
        line = str(error).splitlines()[0]
        raise UsageError(f"{str(source)!r} is not a CSV file: {line}") from error
    for name in _COLUMNS:
        if name not in table.schema.names:
            cure = "rename a column"
            raise UsageError(no_column(str(source), name, table.schema.names, cure))
    return table


def _labels(seen: list[Post], kept: list[Post], source: Path) -> list[str]:
    """Returns the labels of the posts that are counted.

    Raises:
      UsageError: they have only one label, or none is held out or left.
    """
    labels = sorted({post.label for post in seen})
    if not kept or not seen:
        raise UsageError(
            f"{str(source)!r} has too few conversations to hold out a tenth of them; "
            "give more, or say in `conversation_id` which posts belong together"
        )
    if len(labels) < 2:
        raise UsageError(
            f"all training posts of {str(source)!r} have the label {labels[0]!r}; give "
            "posts with at least two labels"
        )
    return labels


def _figures(words: Words, kept: list[Post]) -> tuple[Figure, ...]:
    sums = words.scores([post.text for post in kept])
    total = sums.sum(axis=1, keepdims=True)
    shares = np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)
    truth = np.array([[p.label == label for label in words.labels] for p in kept])
    # A post without any known word has no label.
    chosen = choose_top(shares.astype(np.float32)) & (total > 0)
    units = [post.unit for post in kept]
    return trained.label_figures(words.labels, shares, chosen, truth, units)
