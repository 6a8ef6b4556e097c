"""The page about small models: its commands, in their order."""

import pytest

from affectflow.cli import training
from tests.given.docs_tables import ROOT
from tests.given.read_texts import save_masking_base, told_rows
from tests.given.stage_runs import ask
from tests.given.taught_lakes import TEACHER, tone_lake
from tests.given.toy_training import rows_of, write_rows
from tests.project.test_docs import commands, typed

PAGE = (ROOT / "docs" / "train_small.md").read_text(encoding="utf-8")
SECTIONS = PAGE.split("\n## ")[1:]


def run(section, folder):
    for command in commands(section):
        done = typed(command, folder)
        assert done.code == 0, f"{command}: {done.err}"
    return done


@pytest.mark.torch
@pytest.mark.proof
def test_an_encoder_reads_on_and_is_fitted(tmp_path):
    save_masking_base(tmp_path / "encoder", head=False)
    write_rows(tmp_path / "texts", told_rows(120))
    write_rows(tmp_path / "labelled", rows_of("one", 120))

    run(SECTIONS[0], tmp_path)

    card = (tmp_path / "mine" / "MODEL_CARD.md").read_text("utf-8")
    assert "base_model: read" in card


@pytest.mark.torch
@pytest.mark.rotated
def test_a_student_passes_its_teachers_licence_on_to_its_labels(tmp_path):
    """Ingested, annotated by the teacher, distilled, annotated by the student."""
    save_masking_base(tmp_path / "encoder", head=False)
    rows = rows_of("one", 200)
    data = write_rows(tmp_path / "data", rows)
    settings = [f"base={tmp_path / 'encoder'}", "head=one", "vocabulary=three",
                "rate=3e-3", "epochs=3", "batch=8", "device=cpu"]  # fmt: skip
    training.train("finetune", data=data, out=tmp_path / "large",
                   licence="CC BY-NC 4.0", settings=settings)  # fmt: skip
    posts = [f"{n},{row['text']},{row['speaker_id']}\n" for n, row in enumerate(rows)]
    (tmp_path / "posts.csv").write_text("id,body,who\n" + "".join(posts))

    done = run(SECTIONS[1], tmp_path)

    assert "cc-by-nc-4.0" in done.out
    found = ask(str(tmp_path / "talk"), "SELECT annotator_id, licence, commercial_use "
                "FROM annotators ORDER BY annotator_id")  # fmt: skip
    assert [name.split("@")[0] for name, *_ in found] == ["large", "small"]
    assert {(licence, allowed) for _, licence, allowed in found} == {
        ("cc-by-nc-4.0", False)
    }
    query = "SELECT count(DISTINCT utterance_id) FROM annotations"
    own = f"{query} WHERE annotator_id LIKE 'small@%'"
    assert ask(str(tmp_path / "talk"), own) == [(200,)]


@pytest.mark.torch
@pytest.mark.audio
@pytest.mark.rotated
def test_a_tiny_network_learns_to_hear(tmp_path):
    lake = tone_lake(tmp_path / "tones", 60, 0.2)
    (tmp_path / "calls").symlink_to(lake)
    section = SECTIONS[2].replace("SpeechAffect@", TEACHER)

    run(section, tmp_path)

    # The lake was written by hand and has no parts: what is heard, test_tiny.py says.
    card = (tmp_path / "tiny" / "MODEL_CARD.md").read_text("utf-8")
    assert f"# A student of {TEACHER}" in card
    assert "| touches of people | biometric |" in card
