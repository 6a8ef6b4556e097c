"""Files of weights: of the package, of a user's training, of a hub.

What comes with the package, and what `affectflow train` writes, is a folder with one
`*.safetensors`, and nothing pickled. Its metadata name the annotator that reads it and
the licence that it passes on. Other models are a folder or a pinned id of a hub.
"""

import contextlib
import functools
import hashlib
import importlib.resources
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from affectflow.errors import UsageError

CARD = "README.md"
"""Where a model's folder, or the hub, tells of it: at its head, the licence."""
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_PATIENCE_S = 5.0
_COMMIT = re.compile(r"[0-9a-f]{40}")


def folder(package: str) -> Path:
    """Returns the folder `weights` of a package of Python."""
    return Path(str(importlib.resources.files(package) / "weights"))


def read(folder: Path, annotator: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns arrays and metadata of the one weights file in `folder`.

    Raises:
      UsageError: there is none, several, or one for another annotator.
    """
    metadata = read_metadata(folder, annotator)
    with safe_open(_file(folder), framework="numpy") as opened:
        arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    return arrays, metadata


def read_metadata(folder: Path, annotator: str) -> dict[str, str]:
    """Returns the metadata of the one weights file in `folder`; reads no arrays.

    Raises:
      UsageError: there is none, several, a broken one, or one for another annotator.
    """
    metadata = _metadata(folder)
    written_for = metadata.get("annotator", "an unknown annotator")
    if written_for != annotator:
        raise UsageError(
            f"the weights in {str(folder)!r} are for {written_for}, not for "
            f"{annotator}: name the folder that `affectflow train` wrote for it"
        )
    return metadata


def annotator_of(folder: Path) -> str:
    """Returns the annotator that a folder of `affectflow train` is for, or ""."""
    try:
        return _metadata(folder).get("annotator", "")
    except UsageError:
        return ""


def written(arrays: Mapping[str, Any], metadata: Mapping[str, str]) -> bytes:
    """Returns a weights file: of the same arrays and metadata the same bytes.

    Args:
      arrays: of NumPy, by name.
      metadata: at least `annotator`, the model plugin that reads it, and `licence`.
    """
    from safetensors.numpy import save

    file = save(dict(arrays), metadata=dict(metadata))
    size = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + size])
    # safetensors writes metadata in any order.
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    head = json.dumps(header, separators=(",", ":")).encode()
    # The arrays start at a multiple of 8 bytes, as the format wants it.
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + file[8 + size :]


def digest(*folders: Path) -> str:
    """Returns BLAKE2b of the weights file in each of `folders`, 32 hex digits.

    Raises:
      UsageError: there is none, or several.
    """
    found = hashlib.blake2b(digest_size=16)
    for each in folders:
        found.update(_file(each).read_bytes())
    return found.hexdigest()


@functools.cache
def revision(*packages: str) -> str:
    """Returns the digest of the weights that come with packages."""
    return digest(*map(folder, packages))


def _metadata(folder: Path) -> dict[str, str]:
    file = _file(folder)
    try:
        with safe_open(file, framework="numpy") as opened:
            return dict(opened.metadata() or {})
    except SafetensorError as error:
        raise UsageError(
            f"{str(file)!r} is not a weights file ({error}): train it again"
        ) from error


def _file(folder: Path) -> Path:
    files = sorted(folder.glob("*.safetensors"))
    if len(files) != 1:
        raise UsageError(
            f"expected one `*.safetensors` in {str(folder)!r}, found {len(files)}: "
            "name the folder that `affectflow train` wrote"
        )
    return files[0]


# -- models of others ------------------------------------------------------------------


_NAMEABLE = (
    "name the folder of one that was saved or trained, a hub id (org/name), or one of "
    "`affectflow plugins --kind models`"
)


def check_named(model: str) -> None:
    """Raises UsageError if a model has no name: as a path that would be this folder."""
    if not model.strip():
        raise UsageError(f"no model is named: {_NAMEABLE}")


def check_pinned(model: str, revision: str) -> None:
    """Checks that `model` is a folder, or a hub id with a pinned revision.

    Raises:
      UsageError: it is neither; says what to do.
    """
    check_named(model)
    if Path(model).is_dir():
        return
    if not is_hub_id(model):
        raise UsageError(f"no folder {model!r}; name a model's folder or org/name")
    if not _COMMIT.fullmatch(revision):
        raise UsageError(
            f"no folder {model!r}, and as a hub id it needs the commit that it is "
            f"pinned to, got {revision!r}; give `--revision <40 hex digits>` (of "
            f"`train`: `--set revision=...`) as listed at https://huggingface.co/{model}/commits/main"
        )


def is_hub_id(model: str) -> bool:
    """Returns whether a name has the form org/name.

    >>> is_hub_id("org/name"), is_hub_id("./name"), is_hub_id("name")
    (True, False, False)
    """
    return bool(_HUB_ID.fullmatch(model)) and model.split("/")[0] not in (".", "..")


def read_config(file: Path, model: str) -> Mapping[str, Any]:
    """Returns what the config.json of a model says.

    Raises:
      UsageError: there is none, or it is damaged.
    """
    if not file.is_file():
        raise UsageError(
            f"{model!r} has no config.json, so it is not a model: {_NAMEABLE}"
        )
    try:
        config = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise UsageError(
            f"the config.json of {model!r} is damaged ({error}); save the model again"
        ) from error
    return config if isinstance(config, dict) else {}


def one_line(error: Exception) -> str:
    """Returns the first line of what an error says."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


# -- a hub -----------------------------------------------------------------------------


def fetched_file(model: str, revision: str, name: str) -> Path:
    """Returns a file of a hub id, from the cache or from the hub.

    Raises:
      ImportError: huggingface_hub is not installed.
      OSError, ValueError: there is no such file, or the hub cannot be reached.
    """
    from huggingface_hub import hf_hub_download

    return _fetched(hf_hub_download, model, name, revision=revision)


def fetched_folder(
    model: str,
    revision: str,
    wanted: Sequence[str],
    unwanted: Sequence[str] = (),
    needed: str = "*",
) -> Path:
    """Returns the folder of a hub id, with files from the cache or from the hub.

    Args:
      model: the id.
      revision: its commit.
      wanted: patterns of files.
      unwanted: patterns of files that are left out.
      needed: the pattern of a file without which the cache has only begun a copy.

    Raises:
      ImportError, OSError, ValueError: as `fetched_file`.
    """
    from huggingface_hub import snapshot_download

    patterns = {"allow_patterns": list(wanted), "ignore_patterns": list(unwanted)}
    folder = _fetched(snapshot_download, model, revision=revision, **patterns)
    if not is_reachable() and not any(folder.glob(needed)):
        raise _out_of_reach()
    return folder


def _fetched(fetch: Callable[..., str], *given: str, **options: Any) -> Path:
    """Returns what the hub's library finds; in the cache alone if the hub is away."""
    if is_reachable():
        return Path(fetch(*given, **options))
    try:
        return Path(fetch(*given, **options, local_files_only=True))
    except (OSError, ValueError) as error:
        raise _out_of_reach() from error


def _out_of_reach() -> OSError:
    from huggingface_hub import constants

    return ConnectionError(
        f"{constants.ENDPOINT} cannot be reached, and the cache does not have it"
    )


def is_reachable() -> bool:
    """Returns whether the hub answers, with whatever; asks at most once a minute.

    Its library would ask six times, with a line for each, in half a minute.
    """
    from huggingface_hub import constants

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    if constants.HF_HUB_OFFLINE:
        return False
    return _answers(constants.ENDPOINT, int(time.monotonic() // 60))


@functools.lru_cache(maxsize=1)
def _answers(url: str, minute: int) -> bool:
    from huggingface_hub import get_session

    answered = threading.Event()

    def ask() -> None:
        # Whatever the library raises, it depends on its version: there is no answer.
        with contextlib.suppress(Exception):
            get_session().head(url, timeout=_PATIENCE_S)
            answered.set()

    # In a thread, because no timeout holds for the look-up of a name.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_PATIENCE_S)
    return answered.is_set()
