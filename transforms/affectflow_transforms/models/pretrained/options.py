"""The options of plugins that read a folder of transformers, or a hub id."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from affectflow.errors import UsageError
from affectflow.kinds.identity import Origin
from affectflow.weights import check_pinned
from affectflow_transforms.models.pretrained import loading, source
from affectflow_transforms.models.pretrained.forward import Network
from affectflow_transforms.models.pretrained.passed_on import passed_on

_WORDS = {
    "dtype": ("auto", "float32", "bfloat16"),
    "trust_remote_code": ("refuse", "allow"),
}


@dataclass(kw_only=True)
class Located:
    """Where a model is, and on what it runs; whatever it reads.

    Args:
      model: a folder with config.json and model.safetensors, or a hub id (org/name).
      revision: the commit of a hub id, 40 hex digits; for a folder, the digest that its
        model must have, or empty for any.
      dtype: `float32` or `bfloat16`; `auto` is bfloat16 where the device computes it.
      device: `cpu`, `cuda`, `cuda:1` ...; `auto` is CUDA where there is one.
      trust_remote_code: `allow` runs Python code that the model brings.
      licence: the licence of the weights; if empty, the one on the model's card.
    """

    model: str
    revision: str = ""
    dtype: str = "auto"
    device: str = "auto"
    trust_remote_code: str = "refuse"
    licence: str = ""

    # The revision identifies the model.
    not_in_id: ClassVar[frozenset[str]] = frozenset(
        {"model", "revision", "device", "licence"}
    )

    def check_options(self) -> None:
        """Checks the options that say where a model is and how it is run.

        Raises:
          UsageError: an option is unknown, or `model` is neither a folder nor a hub id
            with a pinned commit.
        """
        for name, words in _WORDS.items():
            check_word(name, getattr(self, name), words)
        check_pinned(self.model, self.revision)
        if notice := passed_on(self.model, self.revision).notice:
            self.notice: str | None = notice

    @property
    def touches(self) -> tuple[str, ...]:
        """What its card says, and what the model has learned from an annotator."""
        own: tuple[str, ...] = super().touches  # type: ignore[misc]
        learned = passed_on(self.model, self.revision).touches
        return tuple(dict.fromkeys((*own, *learned)))

    def origin(self) -> Origin:
        """Returns the model with its commit, or with the digest of its folder.

        Raises:
          UsageError: the folder holds no model in safetensors.
        """
        licence = self.licence or source.licence_of(self.model, self.revision)
        bound = passed_on(self.model, self.revision)
        return Origin(
            self.model_name,
            source.revision_of(self.model, self.revision),
            licence,
            bound.stricter(source.allows_commerce(licence)),
            self.model,
        )

    @property
    def model_name(self) -> str:
        """The name of the folder, or the hub id."""
        folder = Path(self.model)
        return folder.resolve().name if folder.is_dir() else self.model


@dataclass(kw_only=True)
class Pretrained(Located):
    """Where a model of texts is, and how it is run; a plugin uses its output.

    Beside config.json and weights, the folder has a tokenizer.json.

    Args:
      max_tokens: longer texts are cut; 0 for the model's own limit, at most 512.
      max_batch_tokens: rows times longest text of a forward pass; 0 for a value that
        suits the device. Halve it if memory keeps running out.
    """

    max_tokens: int = 0
    max_batch_tokens: int = 0

    not_in_id: ClassVar[frozenset[str]] = Located.not_in_id | {"max_batch_tokens"}

    def load_network(self, factory: str, what: str, without: str = "") -> Network:
        """Returns the network on this worker's device.

        Args:
          factory: the class of transformers that loads it.
          what: what it should be, such as `a sequence classifier`.
          without: prefixes of the names of weights that may be missing.

        Raises:
          MissingExtraError: the extra `torch` is not installed.
          UsageError: the model cannot be fetched, or is something else.
        """
        loading.check_extra(what)
        return loading.load(
            source.local_folder(self.model, self.revision),
            factory,
            what,
            device=self.device,
            dtype=self.dtype,
            max_tokens=self.max_tokens,
            max_batch_tokens=self.max_batch_tokens,
            trust_remote_code=self.trust_remote_code == "allow",
            without=without,
        )


def check_word(name: str, given: str, words: tuple[str, ...]) -> None:
    """Raises UsageError if an option is not one of the words that it may be."""
    if given not in words:
        raise UsageError(f"`{name}` must be one of {', '.join(words)}, got {given!r}")
