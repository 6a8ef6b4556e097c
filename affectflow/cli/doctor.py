"""The command `doctor`: what is installed, what is missing, and what to type."""

import shutil
import sys
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from affectflow.cli import show
from affectflow.cli.options import JsonOrTable
from affectflow.cli.plugins import catalogue
from affectflow.cli.state import STATE
from affectflow.errors import PluginImportError

_LIBRARIES = (
    ("apache_beam", "pip install affectflow"),
    ("pyarrow", "pip install affectflow"),
    ("duckdb", "pip install affectflow"),
    ("deltalake", "pip install affectflow"),
    ("torch", "pip install 'affectflow[torch]', only for --model HUB_ID or FOLDER"),
    ("transformers", "pip install 'affectflow[torch]', only for --model HUB_ID"),
    ("peft", "pip install 'affectflow[train]', only for `train instruct`"),
    ("s3fs", "pip install 'affectflow[s3]', only for s3:// paths"),
    ("gcsfs", "pip install 'affectflow[gcp]', only for gs:// paths"),
)
_PROGRAMS = (("java", "a JDK 17, only for Spark"),)


def doctor(
    lake: Annotated[
        str,
        typer.Option("--lake", help="A lake that the workers need to read."),
    ] = "",
    shape: JsonOrTable = "table",
) -> int:
    """Report what is missing here and on the workers of an engine."""
    workers = _workers(lake) if STATE.beam_options or lake else []
    here = _here()
    columns = list(workers[0]) if workers else []
    tables = {
        "workers": (columns, [[said[name] for name in columns] for said in workers]),
        "here": (["what", "state", "version, or what to type"], here),
    }
    if shape == "json":
        show.as_document(tables)
    else:
        for heads, rows in tables.values():
            if rows:
                show.table(heads, rows)
    _check(workers, here)
    return 0


def _check(workers: list[dict[str, Any]], here: list[list[str]]) -> None:
    from affectflow.stages import probe as probing

    if workers:
        probing.check_same(workers)
    broken = [row for row in here if row[1] == "BROKEN"]
    if broken:
        raise PluginImportError(f"{broken[0][0]}: {broken[0][2]}")


def _here() -> list[list[str]]:
    rows = [["python", "ok", sys.version.split()[0]]]
    rows += [_library(name, cure) for name, cure in _LIBRARIES]
    rows += [_program(name, cure) for name, cure in _PROGRAMS]
    return rows + [_plugin(row) for row in catalogue()]


def _workers(lake: str) -> list[dict[str, Any]]:
    """Returns what the engine's workers report; nothing without a lake.

    What the engine needs on this machine comes first: nothing works without it.
    """
    from affectflow import runners
    from affectflow.runners import job_servers
    from affectflow.runners.engines import engine_of

    made = runners.prepared(STATE.beam_options)
    if job_servers.uses_java(made, engine_of(made)):
        show.say(f"engine: Java {job_servers.java_version(made)} for the job server")
    show.say("engine: nothing is missing on this machine")
    if not lake:
        show.say("engine: add --lake LAKE to check its workers too")
        return []
    from affectflow.stages import probe as probing

    return list(probing.probe(lake, STATE.beam_options))


def _library(name: str, cure: str) -> list[str]:
    if find_spec(name) is None:
        return [name, "missing", cure]
    from importlib.metadata import version

    return [name, "ok", version(name.replace("_", "-"))]


def _program(name: str, cure: str) -> list[str]:
    found = shutil.which(name)
    return [name, "ok", found] if found else [name, "missing", cure]


def _plugin(row: dict[str, Any]) -> list[str]:
    state = "BROKEN" if row.get("broken") else "ok"
    return [f"plugin {row['name']}", state, row["summary"]]
