"""Folders that are dear to make, made once a test run and shared by its workers."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Returns a folder of this test run that all workers of xdist share."""
    base = factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = folder / "made"
    made.mkdir(exist_ok=True)
    return made


def made_once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]
) -> Path:
    """Returns a folder that `make` filled for whoever asked first, to be read only."""
    folder = shared_folder(factory) / name
    done = folder.with_suffix(".done")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel frees what a dead worker held
        if not done.exists():
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
