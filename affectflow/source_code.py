"""Whether code is still the same, so that what it made need not be made again."""

import functools
import hashlib
import json
import platform
import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

_CODE = {".py", ".sql", ".toml"}
"""Code, views, and label sets or wordings."""
_FIELD = re.compile(r"(?m)^(Name|Version):[ \t]*(.*?)[ \t\r]*$")


def code_digest(module: str) -> str:
    """Returns a digest of all code that may shape what a module makes.

    That is all code, views and label sets of affectflow and of the module's package,
    all files beside the module (word lists shape an answer too), and the version of
    every library.

    Args:
      module: name of a module that is imported already.

    Returns:
      32 hexadecimal digits; empty if the code cannot be read, and so cannot be
      compared.
    """
    own = _folder(module)
    packages = [_folder(name) for name in {"affectflow", module.partition(".")[0]}]
    if own is None or None in packages:
        return ""
    every = [path for folder in packages if folder for path in folder.rglob("*")]
    found = {path for path in every if path.suffix in _CODE}
    found |= {p for p in own.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    # By name, not by place: workers have them in other folders.
    sources = sorted((path.name, _hash(path.read_bytes())) for path in found)
    made_of = [platform.python_version(), _libraries(), sources]
    return _hash(json.dumps(made_of).encode())


@functools.cache  # nothing is installed meanwhile
def _libraries() -> list[str]:
    return sorted(map(_name_and_version, distributions()))


def _name_and_version(each: Distribution) -> str:
    """Returns `name version`; to parse the whole metadata takes ten times as long."""
    text = each.read_text("METADATA") or each.read_text("PKG-INFO") or ""
    head = dict(_FIELD.findall(text.partition("\n\n")[0]))
    return f"{head.get('Name')} {head.get('Version')}"


def _folder(module: str) -> Path | None:
    """Returns the folder that a module lies in; None if it is in no package."""
    loaded = sys.modules.get(module)
    path = Path(getattr(loaded, "__file__", None) or "")
    return path.parent if path.is_file() and loaded and loaded.__package__ else None


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
