"""EmbeddedAnnotator: common base of annotators with weights in the package."""

import abc
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from affectflow import weights as stored
from affectflow.kinds.identity import Origin
from affectflow.kinds.model import Scorer

ModelT = TypeVar("ModelT")


@dataclass(kw_only=True)
class EmbeddedAnnotator(Scorer[ModelT], abc.ABC):
    """Answers with weights of the package, or with weights that a user trained.

    Args:
      cues: the model reads those of the text in words (`in_text`), those around it as
        well (`words`), or texts `as_written`. It was trained on what people write:
        words of a frame mislead it.
      weights: folder that `affectflow train` wrote; empty for the weights of the
        package.

    Raises:
      UsageError: `cues` is unknown, or `weights` is not such a folder.
    """

    cues: str = "in_text"
    weights: str = ""

    # The revision identifies the weights.
    not_in_id: ClassVar[frozenset[str]] = frozenset({"weights"})
    name: ClassVar[str]
    """The annotator, as weights name it."""

    def __post_init__(self) -> None:
        if self.style and self.cues == "in_text":
            self.cues = "words"  # The style decides how the frame is read.
        super().__post_init__()
        own = self.own_folder
        self._own = stored.read_metadata(own, self.name) if self.weights else {}
        revision = stored.digest(own) if self.weights else self.shipped_revision()
        self._revision = revision

    @property
    def own_folder(self) -> Path:
        """The folder that `weights` names."""
        return Path(self.weights).expanduser()

    @classmethod
    @abc.abstractmethod
    def shipped_revision(cls) -> str:
        """Returns the digest of all that comes with the package and decides answers."""

    def origin(self) -> Origin:
        """Returns the package's weights, or those of a user with their licence."""
        # A copy of the package's weights counts as the package's, wherever it is.
        if self._revision == self.shipped_revision():
            return Origin(self.name, self._revision, self.card.weights_licence, True)
        licence = self._own.get("licence", "not stated")
        return Origin(self.name, self._revision, licence, None)
