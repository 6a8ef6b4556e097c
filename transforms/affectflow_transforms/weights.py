"""The weights that come with the package, by the subpackage that holds them."""

import functools
import hashlib
import importlib.resources
from pathlib import Path


def folder(package: str) -> Path:
    """Returns the folder of the weights of a subpackage, such as `emotions`."""
    found = importlib.resources.files(f"affectflow_transforms.{package}")
    return Path(str(found / "weights"))


@functools.cache
def digest(*packages: str) -> str:
    """Returns BLAKE2b of the weights of subpackages, 32 hex digits."""
    found = hashlib.blake2b(digest_size=16)
    for package in packages:
        for file in sorted(folder(package).glob("*.safetensors")):
            found.update(file.read_bytes())
    return found.hexdigest()
