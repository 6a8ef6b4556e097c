"""The command `doctor`: what is installed, what is missing, what to type."""

import shutil
import sys
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from affectflow.cli import show
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
    ("s3fs", "pip install 'affectflow[s3]', only for s3:// paths"),
    ("gcsfs", "pip install 'affectflow[gcp]', only for gs:// paths"),
)
_PROGRAMS = (("java", "a JDK 17, only for Spark"),)


def doctor(
    lake: Annotated[
        str,
        typer.Option("--lake", help="A lake that the workers must be able to read."),
    ] = "",
) -> int:
    """Report what is missing, here and, given Beam options or a lake, on workers."""
    _check_here()
    if STATE.beam_options or lake:
        _check_engine(lake)
    return 0


def _check_here() -> None:
    rows = [["python", "ok", sys.version.split()[0]]]
    rows += [_library(name, cure) for name, cure in _LIBRARIES]
    rows += [_program(name, cure) for name, cure in _PROGRAMS]
    rows += [_plugin(row) for row in catalogue()]
    show.table(["what", "state", "version, or what to type"], rows)
    broken = [row for row in rows if row[1] == "BROKEN"]
    if broken:
        raise PluginImportError(f"{broken[0][0]}: {broken[0][2]}")


def _check_engine(lake: str) -> None:
    from affectflow import runners
    from affectflow.runners import job_servers
    from affectflow.runners.engines import engine_of

    made = runners.prepared(STATE.beam_options)
    if job_servers.uses_java(made, engine_of(made)):
        show.say(f"engine: Java {job_servers.java_version(made)} for the job server")
    show.say("engine: nothing is missing on this side")
    if lake:
        _check_workers(lake)
    else:
        show.say("engine: --lake LAKE asks its workers, too")


def _check_workers(lake: str) -> None:
    from affectflow.stages import probe as probing

    workers = probing.probe(lake, STATE.beam_options)
    columns = list(workers[0])
    show.table(columns, [[said[name] for name in columns] for said in workers])
    probing.check_same(workers)


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
