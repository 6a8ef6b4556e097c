import pyarrow as pa
import pytest

from affectflow import registry
from affectflow.batches.frames import HEAD
from affectflow.errors import UnknownPluginError
from affectflow.kinds.style import frame_of, section
from affectflow.schemas import CUES_COLUMN, UTTERANCES


def test_no_style_has_cues_at_the_head():
    assert frame_of("") is HEAD
    assert frame_of("plain") is HEAD


def test_a_section_that_a_style_lacks_is_that_of_plain():
    assert section("kaomoji", "plain")["ಠ_ಠ"] == "look of disapproval"


def test_a_style_that_nobody_brings_is_the_callers_mistake():
    with pytest.raises(UnknownPluginError, match="'plane'; did you mean 'plain'"):
        registry.make("models", "EmbeddedEmotions", {"style": "plane"})


def test_a_style_is_in_the_id_of_an_annotator_where_it_is_set():
    bare, plain = (
        registry.make("models", "EmbeddedEmotions", options).annotator()
        for options in ({}, {"style": "plain"})
    )

    assert bare["annotator_id"] != plain["annotator_id"]
    assert '"style"' not in bare["parameters"]


def test_a_model_reads_what_a_voice_says():
    model = registry.make("models", "EmbeddedEmotions", {"cues": "words"})
    angry = {"modality": "voice", "cue": "loudness", "phrase": "shouting angrily"}
    cues = pa.array([[], [angry]], CUES_COLUMN.type)
    segments = pa.array([[], []], UTTERANCES.field("segments").type)
    batch = pa.record_batch({"text": ["it broke"] * 2, "segments": segments})
    batch = batch.append_column(CUES_COLUMN, cues)

    quiet, loud = model.predict(batch, model.load_model())["annotations"].to_pylist()

    def anger(found):
        return sum(a["score"] for a in found if a["label"] == "anger")

    assert anger(loud) > anger(quiet) + 0.1
