"""The core names no plugin outside the table of defaults."""

import re
import tomllib
from pathlib import Path

import pytest

import affectflow
from tests.conftest import ROOT

FUNCTIONS = ("affectflow.parsers", "affectflow.objectives")
CORE = Path(affectflow.__file__).parent


def test_the_core_names_no_plugin_outside_the_table_of_defaults():
    if not (ROOT / "connectors").exists():
        pytest.skip("not a checkout: the plugins' entry points are not told apart")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    plugins = {
        name
        for kind, group in project["entry-points"].items()
        for name, place in group.items()
        # Functions are called `label`, `text`, `ccc`, as much else is.
        if not place.startswith("affectflow.") and kind not in FUNCTIONS
    } - {"Emotions", "Causes"}  # headings of the report, too
    quoted = re.compile(rf'"({"|".join(plugins)})"')

    named = {
        path.relative_to(CORE).as_posix(): quoted.findall(path.read_text("utf-8"))
        for path in CORE.rglob("*.py")
    }

    found = {path: names for path, names in named.items() if names}
    # The doctest of `kebab` shows how a name is spelt.
    assert set(found) == {"defaults.py", "registry.py"}
    assert found["registry.py"] == ["ReadStackExchange", "EmbeddedEmotions"]
