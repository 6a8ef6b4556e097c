"""Every file of examples runs."""

import re
import runpy
import shutil
from pathlib import Path

import pytest

import affectflow
from tests.given.command_line import affectflow as run
from tests.given.docs_tables import ROOT

EXAMPLES = ROOT / "examples"


@pytest.mark.parametrize("script", sorted(p.name for p in EXAMPLES.glob("*.py")))
@pytest.mark.rotated
def test_an_example_runs(script, capfd):
    runpy.run_path(str(EXAMPLES / script), run_name="__main__")

    assert capfd.readouterr().out.strip()


@pytest.mark.parametrize("pipeline", sorted(p.name for p in EXAMPLES.glob("*.yaml")))
@pytest.mark.rotated
def test_an_example_pipeline_builds_and_runs(tmp_path, monkeypatch, pipeline):
    demo = Path(affectflow.__file__).parent / "demo" / "comments.jsonl"
    shutil.copy(demo, tmp_path)
    monkeypatch.chdir(tmp_path)

    done = run("run", EXAMPLES / pipeline)

    assert done.code == 0, done.err
    assert re.search(rf"{pipeline}: done \([\d.]+ (s|min)\)$", done.err.strip())
