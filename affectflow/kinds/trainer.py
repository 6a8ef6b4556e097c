"""Trainers: fit a model to labelled data; `affectflow train NAME` calls them.

The check of a trainer is `affectflow.testing.check_trainer`.
"""

import abc
import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

from affectflow.registry import Plugin

Tell = Callable[[str], None]


def quiet(line: str) -> None:
    """Says nothing."""


def is_held_out(unit: str) -> bool:
    """Returns whether texts of a unit, such as a brief, are for choosing; a tenth are.

    Decided by a hash of its name, so the answer is the same on every machine.
    """
    digest = hashlib.blake2b(unit.encode()).digest()
    return int.from_bytes(digest[:8], "big") % 10 == 0


class Figure(NamedTuple):
    """One figure on held-out texts, with its 95 % interval.

    Attributes:
      name: f1, auc, pearson, ...
      label: what it is of; `(macro)` and `(micro)` for all labels together.
      value: None if it is undefined.
      low: lower end of the interval, or None.
      high: upper end, or None.
    """

    name: str
    label: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A fitted model.

    Args:
      annotator: name of the model plugin that reads the weights.
      weights: its bytes, in the format safetensors; of a `FolderTrainer`, the folder
        that has them.
      card: Markdown that says data, licence, method and figures.
      held_out: one line: which texts the figures are of.
      figures: what was measured on them.
      use: how it is used, a line in which `{out}` is the folder; empty for the command
        that labels with the annotator.
      options: what that command needs besides, such as `--prompt mood.toml`.
    """

    annotator: str
    weights: bytes | Path
    card: str
    held_out: str
    figures: tuple[Figure, ...]
    use: str = ""
    options: str = ""


@dataclass(kw_only=True)
class Trainer(Plugin, abc.ABC):
    """Fits one kind of model.

    Subclasses are dataclasses with plain-data arguments, and set `file`, the name of
    the weights file without its folder.
    """

    file: ClassVar[str]

    @abc.abstractmethod
    def train(self, data: Path, *, licence: str = "") -> Trained:
        """Returns a model fitted to the files in the folder `data`.

        Args:
          data: folder with the files that the trainer's docstring names.
          licence: of the data; empty for that of the data set, where it is known.

        Raises:
          UsageError: a file is missing or malformed.
        """


@dataclass(kw_only=True)
class FolderTrainer(Trainer, abc.ABC):
    """Fits a model of several files, in steps from which a second run can continue.

    Its weights are a folder with configuration, tokenizer and `file`. An interrupted
    run that is started again gives the same result as an uninterrupted one.
    """

    def train(self, data: Path, *, licence: str = "") -> Trained:
        """Returns a model in a new temporary folder."""
        work = Path(tempfile.mkdtemp(prefix="affectflow-"))
        return self.train_in(work, data, licence=licence)

    @abc.abstractmethod
    def train_in(
        self, work: Path, data: Path, *, licence: str = "", tell: Tell = quiet
    ) -> Trained:
        """Returns a model fitted to the files in the folder `data`.

        Args:
          work: a folder for what is stored after each step; a run on the same data with
            the same options continues from what an interrupted one left there.
          data: as for `train`.
          licence: as for `train`.
          tell: called with a line after each step.

        Raises:
          UsageError: as `train`.
          StorageError: `work` cannot be written.
        """
