"""Annotate: labels for utterances, with any model that the registry or a hub knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import apache_beam as beam
import pyarrow as pa

from affectflow import defaults, registry, weights
from affectflow.batches.labelling import signed
from affectflow.errors import UnknownPluginError, UsageError
from affectflow.kinds.transform import Transform
from affectflow.options import construct
from affectflow.registry import Card
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, fields
from affectflow.steps.architectures import plugin_for

# Importing a handler imports torch where it is installed: only when one is made.
if TYPE_CHECKING:
    from affectflow.kinds.model import BatchModelHandler

HANDLER = "handler"
"""The option that names the plugin which reads a folder or a hub id."""
_PATH_MARKS = ("/", "./", "../", "~", ".\\", "..\\")


@dataclass(kw_only=True)
class Annotate(Transform):
    """Labels utterances with a model; each worker loads it once.

    Args:
      model: name of an installed model (`EmbeddedEmotions`), a folder, or a hub id
        (`org/name`) whose config.json says which plugin reads it.
      revision: the commit that a hub id is pinned to.
      options: the model's other arguments, by name; `handler` names the plugin that
        reads a folder or a hub id, in place of what its config.json says. `over`, of a
        model that reads the answers of another annotator, is the id of that, or the
        name of an installed model that is asked before it without options.

    Raises:
      UnknownPluginError: no installed model has this name; names the nearest.
      UsageError: there is no such folder, the model refuses its arguments, or it reads
        answers and `over` is missing.
    """

    model: str = defaults.MODEL
    revision: str = ""
    options: dict[str, Any] | None = None

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "text", "segments")
    provides: ClassVar[pa.Schema] = pa.schema([ANNOTATIONS_COLUMN])
    card: ClassVar[Card] = Card(summary="labels utterances with a model")

    def __post_init__(self) -> None:
        super().__init__()
        self._handler = handler_for(
            self.model, self.revision, _over_named(self.options)
        )
        if self._handler.reads_answers and not self._handler.over:
            raise UsageError(
                f"{self.model!r} reads another annotator's answers: say whose with the "
                "option `over`"
            )

    @property
    def columns_required(self) -> pa.Schema:
        """What the model reads."""
        return self._handler.columns_required

    @property
    def columns_provided(self) -> pa.Schema:
        """What the model writes."""
        return self._handler.columns_provided

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        from affectflow.kinds.beam_ml import RunInference

        # Batches of rows are our elements; Beam's batching would only wrap them.
        annotator = self._handler.annotator()
        inference = RunInference(
            self._handler.with_no_batching(),
            model_identifier=annotator["annotator_id"],
        )
        if self._handler.unit == "conversation":
            from affectflow.batches.grouping import GroupConversations

            pcoll = pcoll | "Group" >> GroupConversations()
        return (
            pcoll
            | "Model" >> inference.with_output_types(pa.RecordBatch)
            | "Sign"
            >> beam.Map(signed, "annotate", annotator).with_output_types(pa.RecordBatch)
        )


def _over_named(options: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Returns options whose `over` is an id, if it names an installed model."""
    over = (options or {}).get("over")
    if not over or over.partition("@")[0] not in registry.names("models"):
        return options
    named = handler_for(over.partition("@")[0]).annotator()["annotator_id"]
    return {**(options or {}), "over": named} if named.startswith(over) else options


def handler_for(
    model: str, revision: str = "", options: Mapping[str, Any] | None = None
) -> "BatchModelHandler[Any]":
    """Returns the handler of a model; loads no weights.

    Raises:
      UnknownPluginError, UsageError: as `Annotate`.
    """
    given = dict(options or {})
    reader = reader_of(model, revision, given.pop(HANDLER, ""))
    pinned = {"revision": revision} if revision else {}
    given = {**reader.implied, **pinned, **given}
    what = f"model {model!r}"
    made: BatchModelHandler[Any] = construct(reader.plugin, given, what)
    return made


class Reader(NamedTuple):
    """The plugin that reads a model, and what the model's name says to it."""

    name: str
    plugin: Any
    implied: Mapping[str, Any]


def reader_of(model: str, revision: str = "", handler: str = "") -> Reader:
    """Returns the plugin of an installed model, or the one that reads a folder or id.

    Args:
      model: as `Annotate` takes it.
      revision: the commit of a hub id.
      handler: the plugin that reads a folder or id; empty for what its files say.

    Raises:
      UnknownPluginError: it is none of these; names the nearest.
      UsageError: there is no such folder, or no installed plugin reads what it holds.
    """
    try:
        name = registry.find("models", model).name
    except UnknownPluginError as unknown:
        return _reader_of_weights(model, revision, handler, unknown)
    if handler:
        raise UsageError(
            f"`handler` says which plugin reads a folder or a hub id, and {model!r} is "
            "a plugin itself: leave it out"
        )
    return Reader(name, registry.load("models", name), {})


def _reader_of_weights(
    model: str, revision: str, handler: str, unknown: UnknownPluginError
) -> Reader:
    folder = Path(model).expanduser()
    is_folder = folder.is_dir()
    if is_folder and not handler and (name := weights.annotator_of(folder)):
        return Reader(name, registry.load("models", name), {"weights": model})
    if not is_folder and model.startswith(_PATH_MARKS):
        raise UsageError(
            f"no folder {model!r}; name a folder that holds a model, a hub id "
            "(org/name) or a model of `affectflow plugins --kind models`"
        ) from unknown
    if not is_folder and model.count("/") != 1:
        raise UnknownPluginError(
            f"{unknown}; a folder, or a hub id (org/name), would do too"
        ) from unknown
    where = str(folder) if is_folder else model
    name = registry.find("models", handler or plugin_for(where, revision)).name
    plugin = registry.load("models", name)
    if not plugin.architectures:
        raise UsageError(
            f"{name} reads neither folders nor hub ids, so it is no `handler` of "
            f"{model!r}; leave `handler` out, or name one that does"
        )
    return Reader(name, plugin, {"model": where})
