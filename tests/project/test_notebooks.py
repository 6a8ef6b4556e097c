"""The notebooks run from the first cell to the last, and say nothing on stderr."""

import json
import os
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

from tests.given.docs_tables import ROOT
from tests.given.proving import rotated

FOLDER = ROOT / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS = 60
"""What one takes at most on a machine that does nothing else."""


@pytest.mark.parametrize("path", rotated(NOTEBOOKS), ids=lambda path: path.stem)
def test_a_notebook_runs_without_an_error_or_a_warning(path, monkeypatch):
    bin_folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    book = nbformat.read(path, as_version=4)
    # Of a machine that does more than this, so that CI does not fail of its load.
    client = nbclient.NotebookClient(
        book, timeout=5 * SECONDS, resources={"metadata": {"path": str(FOLDER)}}
    )

    client.execute()

    outputs = [out for cell in book.cells for out in cell.get("outputs", [])]
    assert not [out["text"] for out in outputs if out.get("name") == "stderr"]
    shown = [kind for out in outputs for kind in out.get("data", {})]
    assert "text/html" in shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]

    assert code
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in code)


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == [
        "my_community",
        "my_model_and_my_prompt",
        "my_pipeline_on_a_cluster",
    ]
