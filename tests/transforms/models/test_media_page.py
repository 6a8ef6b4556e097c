"""What docs/media.md shows works: its commands, in their order."""

import numpy as np
import pytest

from affectflow.vocabularies import get
from tests.given.docs_tables import ROOT
from tests.given.tiny_listeners import save_dimensional, tones, write_wav
from tests.given.tiny_lookers import save_vit, write_pictures
from tests.given.videos import wall, write_video
from tests.project.test_docs import commands, snippets, typed

PAGE = (ROOT / "docs" / "media.md").read_text(encoding="utf-8")


# The dear part are five commands; that they exist is tried in tests/project.
@pytest.mark.proof
@pytest.mark.torch
@pytest.mark.vision
@pytest.mark.audio
def test_every_command_about_media_works_in_its_order(tmp_path, own_configuration):
    write_pictures(tmp_path / "files", 1)
    write_wav(tmp_path / "files" / "call.wav", [*tones(200), *np.zeros(16_000)])
    (tmp_path / "posts.csv").write_text(
        "id,body,file,start,end\n1,look!,files/0.png,,\n2,well,files/call.wav,0,1\n"
        "3,,files/call.wav,1.2,1.8\n4,never mind,,,\n5,,files/walk.mp4,,\n"
    )
    write_video(tmp_path / "files" / "walk.mp4", wall([0] * 20 + [12] * 20))
    (tmp_path / "motion.csv").write_text(snippets("csv", PAGE)[0])
    (tmp_path / "judged.csv").write_text("gold,label,judged\njoy,joy,joy\n")
    save_vit(tmp_path / "looker", get("mikels").labels)
    save_dimensional(tmp_path / "listener", planted=[0.1, 0.2, 0.3])

    said = []
    for command in commands(PAGE):
        done = typed(command, tmp_path)
        said.append(done.out)
        assert done.code == 0, f"{command}: {done.err}"

    rows = said[3]
    assert all(f"csv:{number}" in rows for number in (1, 2, 3, 4, 5))
    assert all(word in rows for word in ("arousal", "abstained"))
    assert "csv:5" in said[5]
    assert "RR" in said[6]
