"""Every file of examples runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs_tables import ROOT

EXAMPLES = ROOT / "examples"


@pytest.mark.parametrize("script", sorted(p.name for p in EXAMPLES.glob("*.py")))
def test_an_example_runs(script):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("pipeline", sorted(p.name for p in EXAMPLES.glob("*.yaml")))
def test_an_example_pipeline_builds_and_runs(tmp_path, pipeline):
    import shutil

    import affectflow

    demo = Path(affectflow.__file__).parent / "demo" / "comments.jsonl"
    shutil.copy(demo, tmp_path)
    for command in ("check", "run"):
        done = subprocess.run(
            [sys.executable, "-m", "affectflow", command, str(EXAMPLES / pipeline)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert re.search(rf"{pipeline}: done \([\d.]+ (s|min)\)$", done.stderr.strip())
