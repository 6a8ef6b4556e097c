"""Where a model is, which revision of it, and under which licence.

A model is a folder, or a hub id with a pinned commit. Weights must be safetensors:
other formats run code when they are opened.
"""

import functools
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from affectflow import data, hub
from affectflow.errors import UsageError
from affectflow.weights import (
    CARD,
    check_pinned,
    fetched_folder,
    one_line,
    read_config,
)

OWN_CARD = "MODEL_CARD.md"
"""The card of a folder of `affectflow train`, as `weights.CARD` elsewhere."""
_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "adapter_model.safetensors",
)
POOLING = "1_Pooling/config.json"
"""Where sentence-transformers says how tokens become the vector of a text."""
# Configuration, tokenizer, and the template of a chat.
_READ = ("*.json", "*.txt", "*.model", "*.jinja")
AND = " and "
"""Stands between the licences of a model that has several."""
_LICENCE = re.compile(r"(?m)^license:[ \t]*(\S.*|(?:\n[ \t]*-.*)+)")
_NEXT_LICENCE = re.compile(rf"{AND}|,|\n")
_PERMISSIVE = {
    *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "unlicense"),
    *("cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0"),
}


def local_folder(model: str, revision: str) -> Path:
    """Returns the folder of a model; a hub id is downloaded, or found in the cache.

    Raises:
      UsageError: the hub has no such model or revision, or cannot be reached.
    """
    check_pinned(model, revision)
    if Path(model).is_dir():
        return Path(model)
    wanted = [*_READ, "*.safetensors", "*.py", CARD]
    try:
        fetched_folder(model, revision, [POOLING])
        # Other folders of a model repeat it in other formats.
        return fetched_folder(model, revision, wanted, ["*/*"], "*.safetensors")
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot fetch {model!r} at {revision!r}: {one_line(error)}; check both "
            "names and the network, or give a folder"
        ) from error


def config_at_hand(model: str, revision: str) -> Mapping[str, Any] | None:
    """Returns what a model's config.json says; None if it is not on this machine.

    Raises:
      UsageError: it is damaged.
    """
    file = Path(model) / "config.json" if Path(model).is_dir() else None
    file = file or _cached(model, revision, "config.json")
    return read_config(file, model) if file and file.is_file() else None


def _cached(model: str, revision: str, name: str) -> Path | None:
    """Returns where the hub's cache has a file of a hub id, if it has."""
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:  # the extra is asked for when the model is loaded
        return None
    found = try_to_load_from_cache(model, name, revision=revision)
    return Path(found) if isinstance(found, str) else None


def revision_of(model: str, revision: str) -> str:
    """Returns the pinned commit of a hub id, or the digest of a folder's model.

    Raises:
      UsageError: the folder is not a model, or not the one that `revision` names.
    """
    check_pinned(model, revision)
    if not Path(model).is_dir():
        return revision
    digest = folder_digest(Path(model))
    if revision and not digest.startswith(revision):
        raise UsageError(
            f"{model!r} holds revision {digest}, not {revision!r}; leave the revision "
            "out, or give the folder of that model"
        )
    return digest


def check_weights(folder: Path) -> None:
    """Checks that a folder holds a configuration and safetensors.

    Raises:
      UsageError: one of them is missing; the message says how to fix it.
    """
    if not (folder / "config.json").is_file():
        raise UsageError(
            f"{str(folder)!r} has no config.json, so it is not a model: name the "
            "folder of one that was saved or trained, or a hub id (org/name)"
        )
    if not any((folder / name).is_file() for name in _WEIGHTS):
        raise UsageError(
            f"{str(folder)!r} has no model.safetensors; save the model again with "
            "`save_pretrained(folder)` of transformers 5 (other formats are not read, "
            "because they can run code)"
        )


def folder_digest(folder: Path) -> str:
    """Returns BLAKE2b over all that decides a model's answers, 32 hex digits."""
    check_weights(folder)
    patterns = (*_READ, "*.safetensors", POOLING)
    files = sorted(file for pattern in patterns for file in folder.glob(pattern))
    stamps = [
        (f.relative_to(folder).as_posix(), f.stat().st_size, f.stat().st_mtime_ns)
        for f in files
    ]
    return _digest_of(str(folder.resolve()), tuple(stamps))


@functools.lru_cache(maxsize=16)
def _digest_of(folder: str, files: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, size, _ in files:
        digest.update(f"{name}\0{size}\0".encode())
        with open(os.path.join(folder, name), "rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()


def licence_of(model: str, revision: str = "") -> str:
    """Returns the licence that a model's card states, or `unknown`.

    The card of a hub id is fetched together with its config.json, when the plugin that
    reads it is chosen; nothing is fetched here. Without a card, the licence that
    `affectflow plugins` knows for the id applies.
    """
    folder = Path(model)
    is_folder = folder.is_dir()
    cards = [folder / CARD, folder / OWN_CARD]
    card = (
        next(filter(Path.is_file, cards), None)
        if is_folder
        else _cached(model, revision, CARD)
    )
    if card is None or not card.is_file():
        return "unknown" if is_folder else _known_licence(model)
    text = card.read_text("utf-8", errors="replace")
    header = re.match(r"---\s*\n(.*?)\n---", text, re.DOTALL)
    stated = header and _LICENCE.search(header.group(1))
    return AND.join(_words(stated.group(1))).lower() if stated else "unknown"


def _words(stated: str) -> list[str]:
    """Returns the licences that a card states: one, one after `and`, or a list."""
    items = _NEXT_LICENCE.split(re.sub(r"\s#.*", "", stated))
    words = [item.strip(" \t-[]'\"").split() for item in items]
    return [each[0].strip("'\"") for each in words if each]


def _known_licence(model: str) -> str:
    """Returns the licence of a hub id whose card is not here, if it is well known."""
    for name in data.names(hub.KIND):
        known = hub.get(name)
        if known.model == model:
            return known.licence.lower()
    return "unknown"


def allows_commerce(licence: str) -> bool | None:
    """Returns whether a licence allows commercial use; None where we do not know.

    >>> allows_commerce("mit"), allows_commerce("cc-by-nc-4.0"), allows_commerce("x")
    (True, False, None)
    """
    if "-nc" in licence.lower():
        return False
    return True if _PERMISSIVE.issuperset(licence.lower().split(AND)) else None
