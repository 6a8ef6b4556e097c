"""From `--source` and `--map` to a source."""

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from affectflow import registry
from affectflow.cli import show
from affectflow.errors import UsageError
from affectflow.options import construct, names_of
from affectflow.sources.archives import is_archive, is_member, members
from affectflow.sources.listing import is_hidden
from affectflow.storage import Storage

AUTO = "auto"


def plugin_for(paths: Sequence[str], name: str) -> Any:
    """Returns the class of the source that a command line names.

    Args:
      paths: what is read.
      name: of the source, or `auto`.

    Raises:
      UsageError: no such source, all files are empty, or `auto` recognises nothing.
    """
    from affectflow.sources.recognition import check_filled

    plugin = None if name == AUTO else _named(name)
    check_filled(paths)
    return plugin or _recognised(paths)


def made_with(
    plugin: Any,
    paths: Sequence[str],
    pairs: Sequence[str] = (),
    options: Mapping[str, str] | None = None,
    *,
    records: str = "",
    asked: Mapping[str, bool] | None = None,
) -> Any:
    """Returns a source set up from the command line.

    Args:
      plugin: its class.
      paths: what is read.
      pairs: value of `--map`.
      options: values of `--set`, by name.
      records: path to the list that holds the messages, in JSON.
      asked: `include_private` and `keep_deleted`; a source without them has nothing
        to leave out.

    Raises:
      UsageError: a bad mapping or option.
    """
    mapping = parse_map(pairs)
    fields = {field.name for field in dataclasses.fields(plugin)}
    arguments: dict[str, Any] = {"paths": list(paths)}
    wanted = {name for name, said in (asked or {}).items() if said}
    arguments |= dict.fromkeys(wanted & fields, True)
    if mapping:
        if "mapping" not in fields:
            raise UsageError(
                f"--source {registry.kebab(plugin.__name__)} knows its columns and "
                "takes no --map"
            )
        arguments["mapping"] = mapping
    if records:
        if "records" not in fields:
            raise UsageError(
                f"--source {registry.kebab(plugin.__name__)} knows where its messages "
                "are and takes no --records; did you mean --source jsonl?"
            )
        arguments["records"] = records
    return construct(plugin, {**(options or {}), **arguments}, plugin.__name__)


def settable(plugin: Any) -> list[str]:
    """Returns the source options given by `--set`; others have options of their own."""
    return [name for name in names_of(plugin) if name not in ("paths", "mapping")]


def _named(name: str) -> Any:
    sources = [n for n in registry.names("connectors") if n.startswith("Read")]
    spellings = {registry.kebab(n): n for n in sources} | {n: n for n in sources}
    if name not in spellings:
        near = difflib.get_close_matches(name, spellings, n=2)
        there = ", ".join(registry.kebab(n) for n in sources)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {there}"
        raise UsageError(f"no source is named {name!r}; {hint}")
    return registry.load("connectors", spellings[name])


def parse_map(pairs: Sequence[str]) -> dict[str, str]:
    """Returns `text=body,utterance_id=id` as a mapping from column to field.

    Raises:
      UsageError: a pair has no `=`, or a column is named twice.
    """
    mapping: dict[str, str] = {}
    for pair in (p.strip() for text in pairs for p in text.split(",") if p.strip()):
        column, equals, field = pair.partition("=")
        if not equals or not column or not field:
            raise UsageError(f"--map {pair!r}: write it as column=field")
        if column.strip() in mapping:
            raise UsageError(
                f"--map names {column.strip()!r} twice, as "
                f"{mapping[column.strip()]!r} and {field.strip()!r}; leave one out"
            )
        mapping[column.strip()] = field.strip()
    return mapping


def _recognised(paths: Sequence[str]) -> Any:
    """Returns the source that the files look like, and prints it."""
    from affectflow.sources.recognition import recognise

    found = recognise(paths)
    name = registry.kebab(found.source.__name__)
    looks = "file looks" if found.files == 1 else "files look"
    some = "" if found.looked_at >= found.files else f", by {found.looked_at} of them"
    show.say(
        f"auto: {found.files:,} {looks} like {name} ({found.confidence:.2f}{some})"
    )
    return found.source


def _in_folder(storage: Storage) -> list[str]:
    """Returns the files of a folder, at any depth, without hidden ones."""
    if not storage.fs.isdir(storage.root):
        return []
    paths = sorted(storage.fs.find(storage.root))
    skip = len(storage.root.rstrip("/"))
    return [path for path in paths if not is_hidden(path[skip:])]


def left_out(source: Any, paths: Sequence[str]) -> list[str]:
    """Returns the names of files in folders that a source does not take."""
    left: list[str] = []
    for path in paths:
        taken = [file.uri for file in source.files(path)]
        packed = {uri.partition("::")[2] for uri in taken if is_member(uri)}
        if is_archive(path):
            listed = (each for uri in packed for each in members(uri, lambda _: True))
            left += sorted({each.uri for each in listed} - set(taken))
        # A web server has no list of files.
        elif not ("::" in path or path.startswith("http") or source.takes_folder(path)):
            names = {uri.rpartition("://")[2] for uri in taken}
            left += sorted(set(_in_folder(Storage(path))) - names - packed)
    bare = [name.partition("::")[0].rsplit("/", 1)[-1] for name in left]
    return [name for name in bare if not source.reads_beside(name)]
