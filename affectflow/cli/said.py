"""The settings of `--set` for the plugins of a command."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from affectflow.cli.options import Set

_OF_PROMPTS = ("prompt", "preview", "send_to", "send_private")
"""Options of models that are asked; some have a command-line option of their own."""


class Said(NamedTuple):
    """The settings of `--set` for each plugin of a command."""

    model: dict[str, str]
    miner: dict[str, str]
    clusterer: dict[str, str]
    source: dict[str, str]
    renderer: dict[str, str]


def said_to(
    settings: Set,
    *,
    source: Any = None,
    model: str = "",
    revision: str = "",
    miner: str = "",
    clusterer: str = "",
    renderer: str = "",
) -> Said:
    """Returns the options that `--set` gives to each plugin of a command.

    Args:
      settings: values of `--set`.
      source: the class of a source.
      model: a name, hub id, folder or URL.
      revision: revision of the model.
      miner: a name.
      clusterer: a name.
      renderer: a name.

    Raises:
      UsageError: no plugin, or more than one, knows an option.
    """
    from affectflow import registry
    from affectflow.options import apart, names_of, said

    if not settings:
        return Said({}, {}, {}, {}, {})
    plugins: dict[str, list[str]] = {}
    read = ""
    if source:
        from affectflow.cli.sources import settable

        read = source.__name__
        plugins[read] = settable(source)
    if model:
        from affectflow.steps.annotate import HANDLER, reader_of

        handler = said(settings, HANDLER)
        reader = reader_of(model, revision, handler)
        model = reader.name
        own = {*reader.implied, "revision"}
        plugins[model] = [n for n in names_of(reader.plugin) if n not in own]
        plugins[model] += [HANDLER] if handler else []
    if miner:
        miner = registry.find("miners", miner).name
        plugins[miner] = names_of(registry.load("miners", miner))
    if clusterer:
        clusterer = registry.find("clusterers", clusterer).name
        plugins[clusterer] = names_of(registry.load("clusterers", clusterer))
    if renderer:
        renderer = registry.find("renderers", renderer).name
        plugins[renderer] = names_of(registry.load("renderers", renderer))
    if model:
        _check_prompted(settings, model, plugins)
    found = apart(settings, plugins)
    named = model, miner, clusterer, read, renderer
    return Said(*(found.get(name, {}) for name in named))


def _check_prompted(
    settings: Iterable[str], model: str, plugins: Mapping[str, Iterable[str]]
) -> None:
    """Raises UsageError if a prompt is given to a command that asks no model.

    Args:
      settings: values of `--set`.
      model: the plugin that is the command's model.
      plugins: names of the options, by name of the plugin.
    """
    from affectflow.errors import UsageError
    from affectflow.options import quoted, said

    taken = {option for options in plugins.values() for option in options}
    idle = [each for each in _OF_PROMPTS if said(settings, each) and each not in taken]
    if idle and "prompt" not in taken:
        raise UsageError(
            f"{model} reads no prompt and cannot use {quoted(idle)}: give a "
            "language model with --model, its folder, hub id or URL; see docs/llm.md"
        )
