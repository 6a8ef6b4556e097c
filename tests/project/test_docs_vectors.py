"""The pages about vectors: their commands work, from calls to vectors that are turned.

The network has random weights: what is proved is how vectors go from one step to the
next, and their shapes, not that they say anything of a voice.
"""

import contextlib
import runpy

import numpy as np
import pytest

from tests.given.docs_tables import ROOT
from tests.given.read_texts import save_masking_base
from tests.given.stage_runs import ask
from tests.given.tiny_listeners import save_encoder, tones, write_wav
from tests.project.test_docs import commands, snippets, typed

PAGE = (ROOT / "docs" / "vectors.md").read_text(encoding="utf-8")
FUSE = (ROOT / "docs" / "fuse.md").read_text(encoding="utf-8")
VECTORS_OF = "SELECT vector FROM vectors WHERE annotator_id LIKE '{}@%' ORDER BY ALL"
CALLS = """\
id,words,who,file,start,end,acted
1,fine,ann,call.wav,0,1,angry
2,well,bob,call.wav,1,2,sad
3,oh no,ann,call.wav,2,3,angry
4,thanks,bob,call.wav,3,4,sad
"""


def run(page, folder):
    """Runs the commands of a part of the page, in their order."""
    for command in commands(page):
        done = typed(command, folder)
        assert done.code == 0, f"{command}: {done.err}"


@pytest.mark.proof
@pytest.mark.torch
@pytest.mark.audio
def test_the_commands_of_the_page_work_in_their_order(tmp_path, own_configuration):
    before, _, after = PAGE.partition("```python")
    (python,) = snippets("python", PAGE)
    (tmp_path / "fit.py").write_text(python)
    (tmp_path / "key.txt").write_text("0123456789abcdef" * 2)
    (tmp_path / "calls.csv").write_text(CALLS)
    write_wav(tmp_path / "call.wav", tones(200, 300, 500, 800))
    save_encoder(tmp_path / "listener")

    run(before, tmp_path)
    with contextlib.chdir(tmp_path):
        runpy.run_path("fit.py")
    run(after, tmp_path)

    lake = str(tmp_path / "lake")
    heard = ask(lake, VECTORS_OF.format("listener"))
    assert np.array(heard).shape == (4, 1, 32)
    turned = ask(lake, VECTORS_OF.format("AnonymizeVector"))
    assert np.array(turned).shape == (8, 1, 32)
    moved = ask(lake, VECTORS_OF.format("ShiftAlong"))
    assert np.array(moved).shape == (4, 1, 32)
    ((voices,),) = ask(lake, "SELECT annotator_id FROM annotators WHERE over IS NULL")
    assert voices.startswith("listener@")
    names = "SELECT over FROM annotators WHERE over IS NOT NULL"
    assert ask(lake, names) == [(voices,)] * 3
    assert ask(lake, "SELECT DISTINCT modality FROM vectors") == [("voice",)]

    save_masking_base(tmp_path / "reader", head=False)
    run(FUSE.partition("When people have labelled")[0], tmp_path)
    modalities = ask(lake, "SELECT DISTINCT modality FROM vectors ORDER BY ALL")
    assert modalities == [("text",), ("voice",)]
