import importlib
import pickle
import subprocess
import sys

import pytest

import affectflow
from affectflow import errors

HEAVY = ("apache_beam", "duckdb", "pandas", "polars", "pyarrow", "sklearn", "torch")


LIGHT = (
    "import affectflow",
    "import affectflow.errors",
    "import affectflow.registry",
    "import affectflow.vocabularies",
    "import affectflow.cli",
    "affectflow.cli.run(['--help'])",
)


def run_alone(*lines):
    """Runs lines in a fresh process; returns what it said, and what each line loaded.

    Of the heavy libraries, those that it was the first to load.
    """
    code = [f"import sys\nheavy = set({HEAVY})"]
    for line in lines:
        code += [line, "print('loaded', *heavy & set(sys.modules))"]
        code += ["heavy -= set(sys.modules)"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(code)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said = [each for each in done.stdout.splitlines() if each.startswith("loaded")]
    loaded = [set(each.split()[1:]) for each in said]
    return done.stderr, dict(zip(lines, loaded, strict=True))


def test_nothing_heavy_is_loaded_by_the_package_or_the_command_line():
    _, loaded = run_alone(*LIGHT)

    assert not any(loaded.values()), loaded


def test_the_lake_is_opened_without_beam_and_a_step_without_torch_and_without_a_word():
    lake, step = "affectflow.open_lake", "affectflow.BatchTransform"

    said, loaded = run_alone("import affectflow", lake, step)

    assert "pyarrow" in loaded[lake]
    assert loaded[lake].isdisjoint({"apache_beam", "torch"})
    assert "apache_beam" in loaded[step]
    assert "torch" not in loaded[step]
    assert said == ""


@pytest.mark.parametrize("name", affectflow.__all__)
def test_every_public_name_is_there_and_comes_from_its_home(name):
    home = affectflow._HOMES[name]

    assert getattr(affectflow, name) is getattr(importlib.import_module(home), name)
    assert name in dir(affectflow)


def test_the_names_and_their_homes_are_one_list():
    assert affectflow.__all__ == sorted(affectflow._HOMES)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = affectflow.Nothing


ERRORS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.AffectflowError)
]


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_survives_the_way_from_a_worker(kind):
    again = pickle.loads(pickle.dumps(kind("it is so: do that")))

    assert type(again) is kind
    assert str(again) == "it is so: do that"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.AffectflowError, 3),
        (errors.UsageError, 2),
        (errors.LakeError, 2),
        (errors.StorageError, 2),
        (errors.MissingColumnError, 2),
        (errors.OverBudgetError, 1),
        (errors.RowError, 3),
    ],
)
def test_an_error_says_by_whom_it_is_fixed(kind, code):
    assert kind("x").exit_code == code
