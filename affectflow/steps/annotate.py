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
from affectflow.kinds.identity import joined
from affectflow.kinds.transform import Transform
from affectflow.options import construct, names_of
from affectflow.registry import Card
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, fields
from affectflow.steps.architectures import plugin_for

# Importing a handler imports torch where it is installed: only when one is made.
if TYPE_CHECKING:
    from affectflow.kinds.model import BatchModelHandler

HANDLER = "handler"
"""The option that names the plugin which reads a folder or a hub id."""
_URLS = ("http://", "https://")
_PATH_MARKS = ("/", "./", "../", "~", ".\\", "..\\")


@dataclass(kw_only=True)
class Annotate(Transform):
    """Labels utterances with a model; each worker loads it once.

    Args:
      model: name of an installed model (`EmbeddedEmotions`), a folder, or a hub id
        (`org/name`) whose config.json says which plugin reads it; or the URL of a
        server.
      revision: the commit that a hub id is pinned to.
      options: the model's other arguments, by name; `handler` names the plugin that
        reads a folder or a hub id, in place of what its config.json says.
      over: of a model that reads the answers of another annotator, the id of that, or
        the name of an installed model that is asked before it without options; of one
        that reads several, theirs with commas between them.
      only_below: the model is asked only where the annotator `over` gives no emotion a
        score as high; else its answers are that annotator's.

    Raises:
      UnknownPluginError: no installed model has this name; names the nearest.
      UsageError: there is no such folder, the model refuses its arguments, or it reads
        answers and `over` is missing.
    """

    model: str = defaults.MODEL
    revision: str = ""
    options: dict[str, Any] | None = None
    over: str = ""
    only_below: float | None = None

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "text", "segments")
    provides: ClassVar[pa.Schema] = pa.schema([ANNOTATIONS_COLUMN])
    card: ClassVar[Card] = Card(summary="labels utterances with a model")

    def __post_init__(self) -> None:
        super().__init__()
        self._handler = self._made()

    def _made(self) -> "BatchModelHandler[Any]":
        given = dict(self.options or {})
        option = given.pop("over", "")
        named = self.over or option
        several = bool(named) and reads_several(self.model, self.revision, given)
        names = named.split(",") if several else [named]
        over = joined(over_named(each.strip()) for each in names)
        asked = self.only_below is not None
        if over and (not asked or takes_over(self.model, self.revision, given)):
            given["over"] = over
        made = handler_for(self.model, self.revision, given)
        if (made.reads_answers and not made.over) or (asked and not over):
            raise UsageError(
                f"{self.model!r} reads another annotator's answers: name that "
                "annotator with `over`"
            )
        if self.only_below is None:
            return made
        from affectflow.kinds.cascade import Cascade

        return Cascade(inner=made, over=over, only_below=self.only_below)

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


def takes_over(model: str, revision: str, options: Mapping[str, Any]) -> bool:
    """Returns whether a model has the option `over`: it may read another's answers."""
    reader = reader_of(model, revision, options.get(HANDLER, ""))
    return "over" in names_of(reader.plugin)


def reads_several(model: str, revision: str, options: Mapping[str, Any]) -> bool:
    """Returns whether `over` of a model may name several annotators."""
    reader = reader_of(model, revision, options.get(HANDLER, ""))
    return bool(getattr(reader.plugin, "reads_several", False))


def over_named(over: str) -> str:
    """Returns the id of an annotator, if its name is that of an installed model."""
    name = over.partition("@")[0]
    if not name or name not in registry.names("models"):
        return over
    named: str = handler_for(name).annotator()["annotator_id"]
    return named if named.startswith(over) else over


def handler_for(
    model: str,
    revision: str = "",
    options: Mapping[str, Any] | None = None,
    *,
    is_asked: bool = True,
) -> "BatchModelHandler[Any]":
    """Returns the handler of a model; loads no weights.

    Args:
      model: with `revision` and `options`, as `Annotate` takes it.
      revision: of a hub id.
      options: arguments of the handler.
      is_asked: the model may be asked; else it is only previewed or planned, and nobody
        need say where texts may be sent.

    Raises:
      UnknownPluginError, UsageError: as `Annotate`.
    """
    given = dict(options or {})
    reader = reader_of(model, revision, given.pop(HANDLER, ""))
    pinned = {"revision": revision} if revision else {}
    given = {**reader.implied, **pinned, **given}
    if not is_asked and hasattr(reader.plugin, "unasked"):
        given = reader.plugin.unasked(given)
    what = f"model {model!r}"
    made: BatchModelHandler[Any] = construct(reader.plugin, given, what)
    return made


class Reader(NamedTuple):
    """The plugin that reads a model, and what the model's name says to it."""

    name: str
    plugin: Any
    implied: Mapping[str, Any]


def reader_of(model: str, revision: str = "", handler: str = "") -> Reader:
    """Returns the plugin of an installed model, or what reads a folder, id or URL.

    Args:
      model: as `Annotate` takes it.
      revision: the commit of a hub id.
      handler: the plugin that reads a folder or id; empty for what its files say.

    Raises:
      UnknownPluginError: it is not one of these; the message names the nearest.
      UsageError: there is no such folder, or no installed plugin reads what it holds.
    """
    weights.check_named(model)
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
    if model.startswith(_URLS):
        name = handler or defaults.URL_READER
        return Reader(name, registry.load("models", name), {"url": model})
    folder = Path(model).expanduser()
    is_folder = folder.is_dir()
    if is_folder and not handler and (name := weights.annotator_of(folder)):
        return Reader(name, registry.load("models", name), {"weights": model})
    if not is_folder and model.startswith(_PATH_MARKS):
        raise UsageError(
            f"no folder {model!r}; name a folder that holds a model, a hub id "
            "(org/name) or a model of `affectflow plugins --kind models`"
        ) from unknown
    if not folder.exists() and model.count("/") != 1:
        raise UnknownPluginError(
            f"{unknown}; a folder or a hub id (org/name) works too"
        ) from unknown
    where = str(folder) if is_folder else model
    name = registry.find("models", handler or plugin_for(where, revision)).name
    plugin = registry.load("models", name)
    if not plugin.architectures:
        raise UsageError(
            f"{name} reads neither folders nor hub ids, so it cannot be the `handler` "
            f"of {model!r}; leave `handler` out, or name one that does"
        )
    return Reader(name, plugin, {"model": where})
