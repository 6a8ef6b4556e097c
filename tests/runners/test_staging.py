"""The wheel that is staged for workers is compared with what runs here."""

import zipfile
from pathlib import Path

import pytest

import affectflow
from affectflow import runners
from affectflow.errors import UsageError
from affectflow.runners.preflight import prepare
from affectflow.runners.staging import check_wheels, difference

HERE = Path(affectflow.__file__).parent


def wheel_of(folder: Path, *, without: str = "", **other: str) -> str:
    """Writes a wheel of the core's code; `other` replaces modules of the top folder."""
    path = folder / "affectflow-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("affectflow-0.1.0.dist-info/METADATA", "Name: affectflow\n")
        for source in HERE.rglob("*.py"):
            name = source.relative_to(HERE.parent).as_posix()
            if name != without:
                text = other.get(source.stem, source.read_text(encoding="utf-8"))
                archive.writestr(name, text)
    return str(path)


def test_a_wheel_of_what_runs_here_is_taken(tmp_path):
    assert difference(wheel_of(tmp_path)) == ""


def test_the_examples_that_only_a_wheel_carries_are_no_difference(tmp_path):
    wheel = wheel_of(tmp_path)
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("affectflow/examples/affectflow_examples/words.py", "A = 1\n")

    assert difference(wheel) == ""


def test_a_file_that_is_another_there_is_named(tmp_path):
    found = difference(wheel_of(tmp_path, logs="# of yesterday\n"))

    assert found == "affectflow/logs.py"


def test_a_module_that_the_wheel_lacks_is_named(tmp_path):
    found = difference(wheel_of(tmp_path, without="affectflow/logs.py"))

    assert found == "affectflow/logs.py"


@pytest.mark.parametrize("runner", ["SparkRunner", "PrismRunner"])
def test_a_stale_wheel_is_refused_before_anything_is_started(runner, tmp_path):
    stale = wheel_of(tmp_path, logs="# of yesterday\n")
    made = runners.options([f"--runner={runner}", f"--extra_package={stale}"])

    with pytest.raises(
        UsageError, match=r"logs.py' that differs from the one running here: rebuild"
    ):
        prepare(made)


def test_a_file_that_is_no_wheel_is_one_line(tmp_path):
    broken = tmp_path / "affectflow-0.1.0-py3-none-any.whl"
    broken.write_bytes(b"no zip")

    with pytest.raises(UsageError, match=r"is not a wheel: rebuild it"):
        check_wheels(runners.options([f"--extra_package={broken}"]))


def test_wheels_of_others_are_none_of_our_business(tmp_path):
    other = tmp_path / "plugin-1.0-py3-none-any.whl"
    other.write_bytes(b"whatever")

    check_wheels(runners.options([f"--extra_package={other}"]))


@pytest.mark.parametrize("name", ["none-1.0-py3-none-any.whl", "affectflow-x.whl"])
def test_a_package_that_is_no_file_is_one_line(tmp_path, name):
    (tmp_path / "affectflow-x.whl").mkdir()

    with pytest.raises(UsageError, match=f"no file at '.*{name}': fix --extra_pack"):
        check_wheels(runners.options([f"--extra_package={tmp_path / name}"]))


def test_a_package_in_a_bucket_is_left_to_beam():
    check_wheels(runners.options(["--extra_package=gs://bucket/affectflow-1.whl"]))
