"""EmbeddedAnnotator: what annotators with weights in the package have in common."""

import abc
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import affectflow
from affectflow import weights as stored
from affectflow.batches import labelling as labels
from affectflow.kinds.model import Scorer

ModelT = TypeVar("ModelT")


@dataclass(kw_only=True)
class EmbeddedAnnotator(Scorer[ModelT], abc.ABC):
    """Answers by weights of the package, or by weights that a user trained.

    Args:
      cues: the model reads cues in `words`, or texts `as_written`.
      weights: folder that `affectflow train` wrote; empty for what comes with the
        package.

    Raises:
      UsageError: `cues` is another word, or `weights` no such folder.
    """

    weights: str = ""

    # The revision says which weights they are.
    not_in_id: ClassVar[frozenset[str]] = frozenset({"weights"})
    name: ClassVar[str]
    """The annotator, as weights name it."""

    def __post_init__(self) -> None:
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

    def annotator(self) -> dict[str, Any]:
        """Returns this annotator's row of the table `annotators`."""
        # The package's weights stay the package's, wherever a copy of them lies.
        shipped = self._revision == self.shipped_revision()
        own = self._own.get("licence", "not stated")
        return {
            "annotator_id": labels.annotator_id(self.name, self._revision),
            "kind": "model",
            "model": self.name,
            "revision": self._revision,
            "licence": self.card.weights_licence if shipped else own,
            "commercial_use": True if shipped else None,
            "version": affectflow.__version__,
        }
