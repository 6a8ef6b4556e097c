"""Nonverbal cues by renderer, in the report and in what a paper cites."""

import json
from unittest import mock

from affectflow.lake import views
from affectflow.report import methods
from tests.given.report_lakes import FolderLake, page_of, tables, text_of

VOICE = "voice@1"


def with_cues():
    """Seven cues of a voice in three messages, and an emoji."""
    names = ["loudness"] * 4 + ["pitch"] * 2 + ["rate"]
    cues = [
        {"utterance_id": f"s:{n % 3}", "modality": "voice", "cue": cue}
        | {"phrase": "voice louder than usual", "renderer_id": VOICE}
        for n, cue in enumerate(names)
    ]
    emoji = {
        "utterance_id": "s:0",
        "modality": "text",
        "cue": "grin",
        "phrase": "grins",
    }
    config = {"renderer_id": VOICE, "options": {"style": "plain"}}
    run = {"run_id": "run-8", "stage": "textualize", "config": json.dumps(config)}
    run |= {"context": "research", "purpose": "a study"}
    told = tables()
    return told | {
        "cues": [*cues, emoji | {"renderer_id": "emoji@1"}],
        "runs": [*told["runs"], run],
    }


def test_the_report_has_a_line_for_each_renderer_with_its_cues(tmp_path):
    page = text_of(page_of(tmp_path, with_cues()))

    assert "Nonverbal cues" in page
    assert "voice@1 voice 7 3 loudness 4, pitch 2, rate 1" in page
    assert "emoji@1 text 1 1 grin 1" in page


def test_a_lake_without_cues_has_no_such_section(tmp_path):
    assert "Nonverbal cues" not in page_of(tmp_path, tables())


def test_a_paper_cites_renderers_their_settings_and_what_a_voice_was_read_for(tmp_path):
    connection = views.connect(FolderLake(tmp_path, with_cues()))
    with mock.patch.object(methods, "open_lake", return_value=connection):
        said = methods.methods("lake")

    assert "## Nonverbal cues" in said
    assert "- `emoji@1` (text): 1 cue in 1 message." in said
    assert (
        '- `voice@1` (voice): 7 cues in 3 messages; settings `{"style":"plain"}`; run '
        "for 'a study' in the context research." in said
    )
