"""The page about vectors: its commands work on a lake whose vectors came with it."""

import contextlib
import runpy

import numpy as np
import pyarrow as pa
import pytest

from affectflow.batches.batch import with_column
from affectflow.batches.nesting import nest
from affectflow.schemas import VECTORS, VECTORS_COLUMN
from tests.given.docs_tables import ROOT
from tests.given.factories import utterances
from tests.given.stage_runs import ask, store
from tests.project.test_docs import commands, snippets, typed

PAGE = (ROOT / "docs" / "vectors.md").read_text(encoding="utf-8")
VECTORS_OF = "SELECT vector FROM vectors WHERE annotator_id LIKE '{}@%' ORDER BY ALL"


def with_voices(*texts):
    """Returns utterances with vectors by `voice@1`, eight wide."""
    batch = utterances(*texts)
    ids = batch.column("utterance_id")
    vectors = np.random.default_rng(1).normal(size=(len(texts), 8))
    rows = [
        {
            "utterance_id": each.as_py(),
            "annotator_id": "voice@1",
            "modality": "voice",
            "vector": vector.tolist(),
        }
        for each, vector in zip(ids, vectors, strict=True)
    ]
    found = nest(pa.Table.from_pylist(rows, VECTORS), "vectors", ids)
    return with_column(batch, VECTORS_COLUMN, found)


@pytest.mark.proof
def test_the_commands_of_the_page_work_in_their_order(tmp_path):
    (python,) = snippets("python", PAGE)
    (tmp_path / "fit.py").write_text(python)
    with contextlib.chdir(tmp_path):
        runpy.run_path("fit.py")
    (tmp_path / "key.txt").write_text("0123456789abcdef" * 2)
    store(str(tmp_path / "lake"), with_voices("fine", "well", "oh no", "thanks"))

    for command in commands(PAGE):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"

    lake = str(tmp_path / "lake")
    turned = np.array(ask(lake, VECTORS_OF.format("AnonymizeVector")))[:, 0]
    assert turned.shape == (8, 8)
    moved = np.array(ask(lake, VECTORS_OF.format("ShiftAlong")))
    assert moved.shape == (4, 1, 8)
    names = "SELECT over, touches FROM annotators WHERE over IS NOT NULL"
    assert ask(lake, names) == [("voice@1", [])] * 3
