"""Files that an ingest has read to the end; the next one skips them.

`_work/files_read/<settings>.json` records what identifies each file's version, taken
when it was listed, before it was read, under a digest of its address, since a path may
contain a name. It holds for the same source, options, code and libraries, as long as
the run that read the file is in `runs`. Nothing but an ingest reads it; `erase` removes
it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from affectflow.errors import MissingExtraError, StorageError
from affectflow.kinds.source import Source
from affectflow.lake import Lake
from affectflow.source_code import code_digest
from affectflow.sources.files import FileSource
from affectflow.sources.listing import list_beside, list_stamps
from affectflow.stages.runs.receipts import WORK
from affectflow.stages.runs.request import config_digest
from affectflow.storage import Storage

FILES_READ = (WORK, "files_read")
UNCHANGED = "files_unchanged"
"""Counter of files not read because they were read before."""
_SKIPPED = "skipped.json"


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What is known about the files of a command before it reads any.

    Args:
      note: name of the file that keeps what was read with these settings.
      code: digest of what reads them; empty if it is not known.
      stamps: what tells each file, or those that are read together, from a changed one,
        by a digest of the addresses.
      unchanged: addresses of files that need not be read.
      is_all: whether these are all files.
    """

    note: str = ""
    code: str = ""
    stamps: Mapping[str, str] = field(default_factory=dict)
    unchanged: frozenset[str] = frozenset()
    is_all: bool = False


def survey(
    lake: Lake, source: Source, config: dict[str, Any], steps: Sequence[Any]
) -> Survey:
    """Returns which files of a source a lake has read before, and how all look now.

    Args:
      lake: that they are to be read into.
      source: what is read.
      config: settings of the ingest.
      steps: what every message goes through before it is written.
    """
    code = _code([source, *steps])
    # One that lists in a way of its own may mean something else than files.
    if not isinstance(source, FileSource) or type(source).files != FileSource.files:
        return Survey()
    if not code:
        return Survey()
    try:
        files = _stamped(source)
    except (MissingExtraError, StorageError, OSError):
        # Workers may be able to read what this machine cannot list; if not, they report
        # it.
        return Survey()
    groups = [[uri] for uri in sorted(files) if source.stands_alone(uri)]
    stamps = {_digest(group): files[group[0]] for group in groups}
    if others := [uri for uri in sorted(files) if not source.stands_alone(uri)]:
        groups.append(others)
        stamps[_digest(others)] = _together(files, others)
    note = _name(config)
    known = _known(lake, note, code)
    same = [
        group
        for group in groups
        if (s := stamps[key := _digest(group)]) and s == known.get(key)
    ]
    return Survey(
        note=note,
        code=code,
        stamps={key: each for key, each in stamps.items() if each},
        unchanged=frozenset(uri for group in same for uri in group),
        is_all=len(same) == len(groups),
    )


def note_read(lake: Lake, found: Survey, run: str) -> None:
    """Records the files of a command as read; called once their run is done.

    Args:
      lake: that has them.
      found: what was known of the files before the run.
      run: the name of its request.
    """
    if not found.stamps or found.is_all:
        return
    older = _runs(lake, found.note, found.code)
    runs = {
        name: rest
        for name, stamps in older.items()
        if (rest := {k: s for k, s in stamps.items() if k not in found.stamps})
    }
    runs[run] = {**runs.get(run, {}), **found.stamps}
    noted = {"code": found.code, "runs": runs}
    lake.storage.write(json.dumps(noted).encode(), *FILES_READ, found.note)


def _name(config: dict[str, Any]) -> str:
    options = {n: v for n, v in config["arguments"].items() if n != "paths"}
    return f"{config_digest('ingest', {**config, 'arguments': options})}.json"


def _code(made: Iterable[Any]) -> str:
    digests = [code_digest(name) for name in {type(m).__module__ for m in made}]
    return _digest(sorted(digests)) if all(digests) else ""


def _stamped(source: FileSource) -> dict[str, str]:
    """Returns the stamps of the files of a source, by address."""
    found: dict[str, str] = {}
    for pattern in source.patterns:
        stamps = list_stamps(pattern, source.suffixes)
        found |= {file.uri: stamps.get(file.uri, "") for file in source.stored(pattern)}
    return found


def _together(files: Mapping[str, str], uris: Sequence[str]) -> str:
    """Returns one stamp for files that are read together, and for what is near them.

    It is empty if one of them has none.
    """
    found = {**list_beside(uris), **{uri: files[uri] for uri in uris}}
    return _digest(sorted(found.items())) if all(found.values()) else ""


def _digest(content: Any) -> str:
    said = json.dumps(content, ensure_ascii=True).encode()
    return hashlib.blake2b(said, digest_size=16).hexdigest()


def _known(lake: Lake, note: str, code: str) -> dict[str, str]:
    runs = _runs(lake, note, code)
    return {key: each for stamps in runs.values() for key, each in stamps.items()}


def _runs(lake: Lake, note: str, code: str) -> dict[str, dict[str, str]]:
    """Returns the stamps of what was read, by run, of runs that the lake still has."""
    if not lake.storage.exists(*FILES_READ, note):
        return {}
    try:
        noted: dict[str, Any] = json.loads(lake.storage.read(*FILES_READ, note))
    except ValueError:  # emptied by a power cut
        return {}
    if noted["code"] != code:
        return {}
    there = sorted(lake.committed("runs"))
    return {
        run: stamps
        for run, stamps in noted["runs"].items()
        if any(path.startswith(run) for path in there)
    }


# -- for the workers ---------------------------------------------------------------


def keep_skipped(folder: Storage, uris: Iterable[str]) -> None:
    """Writes the addresses of files that are not read into the staging of a run."""
    folder.write(json.dumps(sorted(uris)).encode(), _SKIPPED)


def skipped_in(folder: Storage) -> frozenset[str]:
    """Returns the addresses of files that a run does not read."""
    if not folder.exists(_SKIPPED):
        return frozenset()
    return frozenset(json.loads(folder.read(_SKIPPED)))
