import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.schemas import UTTERANCES
from affectflow.steps.textualize import textualize
from affectflow_transforms.cues.emoji import RenderEmoji
from affectflow_transforms.cues.emoticons import RenderEmoticons
from affectflow_transforms.cues.tones import RenderTones
from affectflow_transforms.cues.typography import RenderTypography


@pytest.mark.parametrize(
    ("renderer", "text", "phrases"),
    [
        (RenderEmoji, "kaputt \U0001f620\U0001f620", ["verärgert und wütend, zweimal"]),
        (RenderEmoji, "\U0001f988 \U0001f1e9\U0001f1ea", ["hai", "flagge deutschland"]),
        (
            RenderEmoji,
            ":joy: \U0001f469\U0001f3fd\u200d\U0001f4bb",
            ["lacht Tränen", "it-expertin"],
        ),
        (RenderEmoticons, "kaputt :(", ["Stirnrunzeln"]),
        (RenderTypography, "waaas SO EIN MIST", ["gedehnt: was", "schreit"]),
        (
            RenderTones,
            "toll /s ~~gut~~",
            ["sarkastisch gemeint", 'durchgestrichen: "gut"'],
        ),
    ],
)
def test_cues_are_said_in_german(renderer, text, phrases):
    assert [cue.phrase for cue in renderer(language="de").render(text)] == phrases


def test_the_language_is_that_of_the_utterance_and_the_renderer_stays_the_same():
    texts, langs = ["ok \U0001f620"] * 4, ["de-AT", "en", None, "fr"]
    batch = pa.record_batch(
        {
            "text": texts,
            "segments": pa.array([[]] * 4, UTTERANCES.field("segments").type),
            "lang": langs,
        }
    )

    cues = textualize(batch, [RenderEmoji()])["cues"].to_pylist()

    said = [cue["phrase"] for (cue,) in cues]
    assert said == ["verärgert und wütend", *["angry and annoyed"] * 3]
    assert {cue["renderer_id"] for (cue,) in cues} == {"emoji@2"}


def test_a_language_that_is_asked_for_is_in_the_id_and_stays():
    german = RenderEmoji(language="de")

    assert german.id.startswith("emoji@2:plain_de+")
    assert german.speaking("en") is german


def test_another_language_is_one_line():
    with pytest.raises(UsageError, match="`language` must be"):
        RenderEmoji(language="fr")
