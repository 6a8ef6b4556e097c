"""Refuses a staged wheel whose code differs from the running code.

Workers with other code of the same version cannot read what this process sends them;
some engines then wait forever.
"""

import fnmatch
import importlib.util
import os
import zipfile
import zlib
from pathlib import Path

from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions

from affectflow.errors import UsageError


def check_wheels(made: PipelineOptions) -> None:
    """Refuses a staged affectflow wheel that differs from the running code.

    Raises:
      UsageError: it is missing, is not a wheel, or contains other code; names the
        file and what to do.
    """
    for path in made.view_as(SetupOptions).extra_packages or ():
        if "://" in path:
            continue  # Beam fetches it
        if not os.path.isfile(path):
            raise UsageError(f"no file at {path!r}: fix --extra_package")
        ours = fnmatch.fnmatch(os.path.basename(path), "affectflow-*.whl")
        other = difference(path) if ours else ""
        if other:
            raise UsageError(
                f"the wheel {path!r} for the workers has a {other!r} that differs from "
                "the one running here: rebuild it (python -m build --wheel), or run "
                "the version that it was built from"
            )


def difference(wheel: str) -> str:
    """Returns the first file that differs between a wheel and this code; or "".

    Raises:
      UsageError: the file is not a wheel.
    """
    try:
        with zipfile.ZipFile(wheel) as opened:
            there = {e.filename: e.CRC for e in opened.infolist() if _is_code(e)}
    except zipfile.BadZipFile as error:
        raise UsageError(f"{wheel!r} is not a wheel: rebuild it") from error
    here = _files_here({name.partition("/")[0] for name in there})
    here = {name: path for name, path in here.items() if not _is_copied(name)}
    sources = {name for name in here if name.endswith(".py")}
    for name in sorted(there.keys() | sources):
        if name not in here or there.get(name) != zlib.crc32(here[name].read_bytes()):
            return name
    return ""


def _is_code(entry: zipfile.ZipInfo) -> bool:
    top = entry.filename.partition("/")[0]
    apart = top.endswith((".dist-info", ".data")) or _is_copied(entry.filename)
    return not (entry.is_dir() or apart)


def _is_copied(name: str) -> bool:
    """Returns whether a file is only copied by `plugins new`, so no worker runs it."""
    return name.startswith("affectflow/examples/")


def _files_here(packages: set[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for package in packages:
        spec = importlib.util.find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            files = (each for each in Path(folder).rglob("*") if each.is_file())
            found |= {f"{package}/{f.relative_to(folder).as_posix()}": f for f in files}
    return found
