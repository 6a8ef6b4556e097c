import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.schemas import CUES_COLUMN
from affectflow.steps import textualize as module
from affectflow.steps.textualize import Textualize, textualize
from affectflow_transforms.cues.emoji import RenderEmoji
from affectflow_transforms.cues.emoticons import RenderEmoticons
from affectflow_transforms.cues.typography import RenderTypography
from affectflow_transforms.text.normalize import NormalizeText
from tests.given.loudness import RenderLoudness

RENDERERS = {r.__name__: r for r in (RenderEmoji, RenderEmoticons, RenderTypography)}


def cues_of(*texts: str) -> list[list[tuple[str, str]]]:
    batch = NormalizeText().apply(pa.record_batch({"text": pa.array(texts)}))
    out = textualize(batch, [renderer() for renderer in RENDERERS.values()])
    assert out.schema.field("cues").type == CUES_COLUMN.type
    return [
        [(cue["cue"], text[cue["start"] : cue["end"]]) for cue in cues]
        for text, cues in zip(
            out["text"].to_pylist(), out["cues"].to_pylist(), strict=True
        )
    ]


def test_cues_stay_with_their_row_and_plain_rows_have_none():
    assert cues_of("plain", "ok 😂 :)", "", "STOP THIS NOW") == [
        [],
        [("emoji", "😂"), ("emoticon", ":)")],
        [],
        [("shouting", "STOP THIS NOW")],
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("> WHY OH WHY 😂\nok", id="quote"),
        pytest.param("```\nx :) NOT FUNNY\n```", id="fence"),
        pytest.param("`:)`", id="inline code"),
        pytest.param("http://a.b/:joy:/:)/x", id="link"),
        pytest.param("-- \nANN BEE :)", id="signature"),
        pytest.param("<!-- PLEASE READ THIS -->", id="template"),
    ],
)
def test_cues_within_segments_are_not_the_authors(text):
    assert cues_of(text) == [[]]


def test_plugins_are_looked_up_by_name(monkeypatch):
    module.load_renderers.cache_clear()
    monkeypatch.setattr(module.registry, "load", lambda kind, name: RENDERERS[name])
    batch = NormalizeText().apply(pa.record_batch({"text": ["ok 😂 :)"]}))

    out = Textualize(renderers=("RenderEmoticons",)).apply(batch)

    module.load_renderers.cache_clear()
    assert [cue["renderer_id"] for cue in out["cues"][0].as_py()] == ["emoticons@2"]


def test_a_renderer_that_does_not_read_text_is_one_line(monkeypatch):
    module.load_renderers.cache_clear()
    monkeypatch.setattr(module.registry, "load", lambda kind, name: RenderLoudness)

    with pytest.raises(UsageError, match="'RenderLoudness' does not render text"):
        module.load_renderers(("RenderLoudness",))


def test_cues_of_others_stay_and_own_ones_are_not_doubled():
    batch = NormalizeText().apply(pa.record_batch({"text": ["plain", "ok 😂"]}))
    sigh = {"modality": "voice", "cue": "sigh", "renderer_id": "voice@1"}
    batch = batch.append_column(CUES_COLUMN, pa.array([[sigh], []], CUES_COLUMN.type))

    once = textualize(batch, [RenderEmoji()])
    twice = textualize(once, [RenderEmoji()])

    assert [[c["cue"] for c in row] for row in once["cues"].to_pylist()] == [
        ["sigh"],
        ["emoji"],
    ]
    assert twice.equals(once)


def test_slices_are_read_at_their_own_rows():
    batch = NormalizeText().apply(pa.record_batch({"text": ["`a` 😂", "b", "`c` 🎉"]}))

    out = textualize(batch.slice(2), [RenderEmoji()])

    assert [cue["phrase"] for cue in out["cues"][0].as_py()] == ["celebrating, excited"]
