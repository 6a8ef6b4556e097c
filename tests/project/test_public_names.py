import importlib
import pickle
import subprocess
import sys

import pytest

import affectflow
from affectflow import errors

HEAVY = ("apache_beam", "duckdb", "pandas", "polars", "pyarrow", "sklearn", "torch")


def loaded(code):
    """Returns the heavy libraries that a fresh process has after `code`."""
    report = f"\nimport sys\nprint('loaded', *[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import affectflow", id="the package"),
        pytest.param("import affectflow.cli", id="the command line"),
        pytest.param("import affectflow.registry", id="the registry"),
        pytest.param("import affectflow.errors", id="the errors"),
        pytest.param("import affectflow.vocabularies", id="the vocabularies"),
        pytest.param(
            "from affectflow.cli import run\nrun(['--help'])",
            id="--help",
        ),
    ],
)
def test_nothing_heavy_is_loaded_by(code):
    assert loaded(code) == []


@pytest.mark.parametrize("library", ["apache_beam", "torch"])
def test_the_lake_is_opened_without(library):
    assert library not in loaded("import affectflow; affectflow.open_lake")


def test_a_transform_loads_no_torch():
    assert "torch" not in loaded("import affectflow; affectflow.BatchTransform")


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
