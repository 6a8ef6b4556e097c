"""Which plugin reads a model's folder or hub id: its config.json says what it is.

A model plugin names the architectures that it reads as patterns, in `architectures`.
Loading weights is not needed for this, only one small file.
"""

import contextlib
import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from affectflow import defaults, registry
from affectflow.errors import MissingExtraError, PluginImportError, UsageError
from affectflow.options import quoted
from affectflow.weights import (
    CARD,
    check_pinned,
    fetched_file,
    one_line,
    read_config,
)

CHOOSE = "--set handler=NAME"
"""How a user says which plugin reads a model."""


def plugin_for(model: str, revision: str = "") -> str:
    """Returns the name of the plugin that reads a folder or a pinned hub id.

    Raises:
      UsageError: it holds no config.json, the hub cannot be asked, or no installed
        plugin reads what it is; says what to do.
    """
    check_pinned(model, revision)
    architecture = _architecture(_config(model, revision), model)
    claims = dict(_claims())
    readers = _best(architecture, {**defaults.COMING, **claims})
    installed = [name for name in readers if name in claims]
    if len(installed) == 1:
        return installed[0]
    why = _unread(installed or readers, claims)
    raise UsageError(f"{model!r} has the architecture {architecture}, {why}")


def _unread(readers: list[str], claims: Mapping[str, Iterable[str]]) -> str:
    """Returns why no plugin can be taken, and what to do.

    Args:
      readers: the plugins for the architecture: several, or one to come, or none.
      claims: the installed ones, and what they read.
    """
    if len(readers) > 1:
        return f"which {quoted(readers)} read: choose one of them with {CHOOSE}"
    if readers:
        return (
            f"which only {readers[0]} can read; this version has no {readers[0]}: "
            "give a model of another kind"
        )
    there = "; ".join(f"{name} reads {', '.join(of)}" for name, of in claims.items())
    return f"which no installed plugin reads: choose one with {CHOOSE} ({there})"


def _best(architecture: str, claims: Mapping[str, Iterable[str]]) -> list[str]:
    """Returns the names with the most specific pattern that fits an architecture."""
    fits = [
        (_rank(pattern), name)
        for name, patterns in claims.items()
        for pattern in patterns
        if fnmatch.fnmatchcase(architecture, pattern)
    ]
    highest = max((rank for rank, _ in fits), default=None)
    return sorted({name for rank, name in fits if rank == highest})


def _rank(pattern: str) -> tuple[bool, int]:
    # What a network is built of says more than its head: a
    # Wav2Vec2ForSequenceClassification reads speech.
    return not pattern.startswith("*"), len(pattern)


def _claims() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields the installed models that read architectures, and which."""
    for name in registry.names("models"):
        try:
            architectures = registry.load("models", name).architectures
        except PluginImportError:
            continue  # `affectflow plugins` and `doctor` report it; others may read it
        if architectures:
            yield name, architectures


# -- config.json ---------------------------------------------------------------------


def _architecture(config: Mapping[str, Any], model: str) -> str:
    named = config.get("architectures")
    if not isinstance(named, list) or not named:
        raise UsageError(
            f"the config.json of {model!r} names no `architectures`: say which plugin "
            f"reads it with {CHOOSE}"
        )
    return str(named[0])


def _config(model: str, revision: str) -> Mapping[str, Any]:
    folder = Path(model)
    file = folder / "config.json" if folder.is_dir() else _fetched(model, revision)
    return read_config(file, model)


def _fetched(model: str, revision: str) -> Path:
    """Returns the config.json of a hub id; fetches it once, and the model's card."""
    try:
        config = fetched_file(model, revision, "config.json")
    except ImportError as error:
        raise MissingExtraError(
            f"looking up {model!r} needs huggingface_hub ({error}); type `pip "
            f"install 'affectflow[torch]'`, or say which plugin reads it with {CHOOSE}"
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot read the config.json of {model!r} at {revision!r}: "
            f"{one_line(error)}; check both names and the network, or say which plugin "
            f"reads it with {CHOOSE}"
        ) from error
    # A model need not have a card; then its licence is unknown.
    with contextlib.suppress(OSError, ValueError):
        fetched_file(model, revision, CARD)
    return config
