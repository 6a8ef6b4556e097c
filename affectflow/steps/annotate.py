"""Annotate: labels for utterances, with any model that the registry or a hub knows."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import apache_beam as beam
import pyarrow as pa

from affectflow import registry, weights
from affectflow.errors import UnknownPluginError, UsageError
from affectflow.kinds.transform import Transform
from affectflow.registry import Card
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, fields

# Importing a handler imports torch where it is installed: only when one is made.
if TYPE_CHECKING:
    from affectflow.kinds.model import BatchModelHandler

_PATH_MARKS = ("/", "./", "../", "~", ".\\", "..\\")


@dataclass(kw_only=True)
class Annotate(Transform):
    """Labels utterances with a model; each worker loads it once.

    Args:
      model: name of an installed model (`EmbeddedEmotions`), a folder, or a hub id
        (`org/name`) of a sequence classifier.
      revision: the commit that a hub id is pinned to.
      options: the model's other arguments, by name.

    Raises:
      UnknownPluginError: no installed model has this name; names the nearest.
      UsageError: there is no such folder, or the model refuses its arguments.
    """

    model: str = "EmbeddedEmotions"
    revision: str = ""
    options: dict[str, Any] | None = None

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "text", "segments")
    provides: ClassVar[pa.Schema] = pa.schema([ANNOTATIONS_COLUMN])
    card: ClassVar[Card] = Card(summary="labels utterances with a model")

    def __post_init__(self) -> None:
        super().__init__()
        self._handler = self.handler_for(self.model, self.revision, self.options)

    @property
    def columns_required(self) -> pa.Schema:
        """What the model reads."""
        return self._handler.requires

    @property
    def columns_provided(self) -> pa.Schema:
        """What the model writes."""
        return self._handler.provides

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        from affectflow.kinds.beam_ml import RunInference

        # Batches of rows are our elements; Beam's batching would only wrap them.
        annotator_id = self._handler.annotator()["annotator_id"]
        inference = RunInference(
            self._handler.with_no_batching(), model_identifier=annotator_id
        )
        return pcoll | "Model" >> inference.with_output_types(pa.RecordBatch)

    @staticmethod
    def handler_for(
        model: str, revision: str = "", options: dict[str, Any] | None = None
    ) -> "BatchModelHandler[Any]":
        """Returns the handler of a model; loads no weights.

        Raises:
          UnknownPluginError, UsageError: as `Annotate`.
        """
        given = dict(options or {})
        if revision:
            given["revision"] = revision
        try:
            registry.find("models", model)
        except UnknownPluginError as unknown:
            return _construct(*_classifier(model, given, unknown))
        return _construct(model, registry.load("models", model), given)


def _classifier(
    model: str, given: dict[str, Any], unknown: UnknownPluginError
) -> tuple[str, Any, dict[str, Any]]:
    """Returns the handler that reads a folder or a hub id, and its arguments."""
    folder = Path(model).expanduser()
    is_folder = folder.is_dir()
    if is_folder and (name := weights.annotator_of(folder)):
        return name, registry.load("models", name), {"weights": model, **given}
    if not is_folder and model.startswith(_PATH_MARKS):
        raise UsageError(
            f"no folder {model!r}; name a folder that holds a sequence classifier, an "
            "installed model (`affectflow models`) or a hub id (org/name)"
        ) from unknown
    if not is_folder and model.count("/") != 1:
        raise UnknownPluginError(
            f"{unknown}; a folder, or a hub id (org/name), would do too"
        ) from unknown
    reader = registry.load("models", "SequenceClassifier")
    name = str(folder) if is_folder else model
    return model, reader, {"model": name, **given}


def _construct(name: str, cls: Any, given: dict[str, Any]) -> Any:
    """Returns `cls(**given)`, or says which arguments there are.

    Raises:
      UsageError: an argument has no such name, or a needed one lacks.
    """
    known = {field.name: field for field in dataclasses.fields(cls) if field.init}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise UsageError(
            f"model {name!r} takes no {_quoted(unknown)}; its options are "
            f"{_quoted(known) or 'none'}"
        )
    lacking = [
        field.name
        for field in known.values()
        if field.name not in given
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    ]
    if lacking:
        raise UsageError(
            f"model {name!r} needs {_quoted(lacking)}; give it among its options"
        )
    return cls(**given)


def _quoted(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)
