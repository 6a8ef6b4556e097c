"""What tab completion offers: names of plugins, lakes in reach, runs of a lake.

The functions take the word typed so far (Typer calls it `incomplete`), and import no
plugin.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _names(kind: str, incomplete: str) -> list[str]:
    from affectflow import registry

    return _beginning(registry.names(kind), incomplete)


def sources(incomplete: str) -> list[str]:
    """Returns `auto` and the sources, as `--source` spells them."""
    from affectflow import registry

    found = [n for n in registry.names("connectors") if n.startswith("Read")]
    return _beginning(["auto", *map(registry.kebab, found)], incomplete)


def models(incomplete: str) -> list[str]:
    """Returns the installed models, and the known hub models."""
    from affectflow import data, hub

    return [
        *_names("models", incomplete),
        *_beginning(data.names(hub.KIND), incomplete),
    ]


def prompts(incomplete: str) -> list[str]:
    """Returns the installed prompts."""
    from affectflow import data

    return _beginning(data.names("prompts"), incomplete)


def miners(incomplete: str) -> list[str]:
    """Returns the installed miners."""
    return _names("miners", incomplete)


def clusterers(incomplete: str) -> list[str]:
    """Returns the installed clusterers."""
    return _names("clusterers", incomplete)


def measures(incomplete: str) -> list[str]:
    """Returns the installed measures."""
    return _names("measures", incomplete)


def trainers(incomplete: str) -> list[str]:
    """Returns the installed trainers, as `train` spells them."""
    from affectflow import registry

    return _beginning(map(registry.kebab, registry.names("trainers")), incomplete)


def tasks(incomplete: str) -> list[str]:
    """Returns what `eval` takes: causes, the tasks of a sheet, and vocabularies."""
    from affectflow import vocabularies
    from affectflow.gold.targets.labels import EMOTION, FRUSTRATION, SCALES

    scales = vocabularies.get(SCALES).labels
    found = {"causes", EMOTION, FRUSTRATION, *scales, *vocabularies.known()}
    return _beginning(sorted(found - {SCALES}), incomplete)


def kinds(incomplete: str) -> list[str]:
    """Returns the kinds of plugins and files."""
    from affectflow import data, registry

    return _beginning((*registry.KINDS, *data.KINDS), incomplete)


def plugins(incomplete: str) -> list[str]:
    """Returns the names of all plugins and files."""
    from affectflow import data, registry

    named = [name for kind in registry.KINDS for name in registry.names(kind)]
    named += [name for kind in data.KINDS for name in data.names(kind)]
    return _beginning(sorted(set(named)), incomplete)


def after_plugins(incomplete: str) -> list[str]:
    """Returns what may follow `plugins`: its other commands, and names of plugins."""
    return [*_beginning(("new", "test"), incomplete), *plugins(incomplete)]


def lakes(incomplete: str) -> list[str]:
    """Returns folders that start with the word: a lake as it is, others with a `/`."""
    there = Path(incomplete)
    parent = there if incomplete.endswith("/") else there.parent
    begin = "" if incomplete.endswith("/") else there.name
    try:
        folders = sorted(each for each in parent.iterdir() if each.is_dir())
    except OSError:  # nothing to offer
        return []
    hidden = begin.startswith(".")
    return [
        str(each) + ("" if _is_lake(each) else "/")
        for each in folders
        if each.name.startswith(begin) and (hidden or not each.name.startswith("."))
    ]


def _is_lake(folder: Path) -> bool:
    from affectflow.lake.layout import SETTINGS

    return (folder / SETTINGS).is_file()


def runs(ctx: Any, incomplete: str) -> list[tuple[str, str]]:
    """Returns the runs of the lake already typed, each with its stage and state."""
    from affectflow.lake import open_tables

    with open_tables(ctx.params["lake"]) as connection:
        found = connection.sql("SELECT run_id, stage, state FROM runs ORDER BY started")
        return [
            (run_id, f"{stage}, {state}")
            for run_id, stage, state in found.fetchall()
            if run_id.startswith(incomplete)
        ]
