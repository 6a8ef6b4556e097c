"""The command `doctor`: what is installed, what is missing, and what to type."""

import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer

from affectflow.cli import show
from affectflow.cli.options import JsonOrTable
from affectflow.cli.plugins import catalogue
from affectflow.cli.state import STATE
from affectflow.errors import PluginImportError

_LIBRARIES = ("affectflow", "apache-beam", "pyarrow", "duckdb", "deltalake", "polars")
_EXTRAS = (
    ("torch", "torch", "--model HUB_ID or FOLDER"),
    ("transformers", "torch", "--model HUB_ID or FOLDER"),
    ("peft", "train", "`train instruct`"),
    ("httpx", "llm", "--model URL"),
    ("soundfile", "audio", "recordings of speech"),
    ("silero-vad", "silero", "finding speech in recordings"),
    ("av", "vision", "videos"),
    ("mne", "eeg", "EEG recordings"),
    ("libarchive-c", "archives", "7z dumps"),
    ("dulwich", "git", "Git repositories"),
    ("presidio-analyzer", "pii", "--mask-names"),
    ("ipykernel", "notebook", "notebooks"),
    ("s3fs", "s3", "s3:// paths"),
    ("gcsfs", "gcp", "gs:// paths"),
)
"""A distribution, the extra that brings it, and what it is for."""
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
    rows += [_library(name, "pip install affectflow") for name in _LIBRARIES]
    rows += [_extra(*each) for each in _EXTRAS]
    rows += [_program(name, cure) for name, cure in _PROGRAMS]
    return rows + _plugins()


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
    try:
        return [name, "ok", version(name)]
    except PackageNotFoundError:
        return [name, "missing", cure]


def _extra(name: str, extra: str, used_by: str) -> list[str]:
    return _library(name, f"pip install 'affectflow[{extra}]', only for {used_by}")


def _program(name: str, cure: str) -> list[str]:
    found = shutil.which(name)
    return [name, "ok", found] if found else [name, "missing", cure]


def _plugins() -> list[list[str]]:
    """Returns how many plugins work, and each one that does not, with the reason."""
    listed = catalogue()
    broken = [row for row in listed if row.get("broken")]
    kinds = len({row["kind"] for row in listed})
    works = f"{len(listed) - len(broken)} of {kinds} kinds: affectflow plugins"
    failing = [[f"plugin {row['name']}", "BROKEN", row["summary"]] for row in broken]
    return [["plugins", "ok", works], *failing]
