import pyarrow as pa
import pytest

from affectflow.batches.frames import Frame, Slot
from affectflow.batches.readings import read
from affectflow.schemas import UTTERANCES
from affectflow.steps.textualize import textualize
from affectflow_transforms.cues.emoji import RenderEmoji


def batch_of(texts, attrs, langs=None):
    return pa.record_batch(
        {
            "text": pa.array(texts, pa.string()),
            "segments": pa.array([[]] * len(texts), UTTERANCES.field("segments").type),
            "attrs": pa.array(attrs, UTTERANCES.field("attrs").type),
            "lang": pa.array(langs or [None] * len(texts), pa.string()),
        }
    )


def cues_of(batch):
    return textualize(batch, [RenderEmoji()])["cues"].to_pylist()


def test_reactions_are_cues_of_their_message_without_a_place():
    given = {"reaction.+1": "3", "files": "a.png"}
    own, none = cues_of(batch_of(["ok \U0001f389", "b"], [list(given.items()), None]))

    assert none == []
    assert [(cue["cue"], cue["start"]) for cue in own] == [
        ("emoji", 3),
        ("reaction", None),
    ]
    assert own[1] == {
        "modality": "reaction",
        "cue": "reaction",
        "phrase": "reaction: thumbs up, agreed, three times",
        "value": 3.0,
        "unit": "count",
        "start_s": None,
        "end_s": None,
        "start": None,
        "end": None,
        "renderer_id": "emoji@2",
    }


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("thumbsup::skin-tone-3", "reaction: thumbs up, agreed"),
        ("\u2764", "reaction: heart"),
        ("hooray", "reaction: hooray"),
        ("pepeSad", "reaction: pepe sad"),
    ],
)
def test_reactions_are_said_as_sources_name_them(name, phrase):
    ((cue,),) = cues_of(batch_of([""], [[(f"reaction.{name}", "1")]]))

    assert cue["phrase"] == phrase


@pytest.mark.parametrize("count", ["0", "-1", "x", "", "1.5", "9" * 5000, None])
def test_what_is_no_count_is_no_cue(count):
    assert cues_of(batch_of(["a"], [[("reaction.+1", count)]])) == [[]]


def test_reactions_speak_the_language_of_the_message():
    ((cue,),) = cues_of(batch_of(["a"], [[("reaction.+1", "2")]], ["de"]))

    assert cue["phrase"] == "Reaktion: Daumen hoch, zweimal"


def test_slices_keep_their_reactions():
    batch = batch_of(["a", "b"], [[("reaction.x", "1")], [("reaction.eyes", "1")]])

    ((cue,),) = cues_of(batch.slice(1))

    assert cue["phrase"] == "reaction: eyes"


def test_what_others_gave_is_read_only_where_a_frame_asks_for_it():
    batch = textualize(
        batch_of(["it works", ""], [[("reaction.rage", "1")]] * 2), [RenderEmoji()]
    )
    asking = Frame(
        template="{text}{given}",
        slots={"given": Slot(modality="reaction", before=" (", after=")")},
    )

    plain, framed = read(batch), read(batch, frame=asking)

    assert plain.texts.to_pylist() == ["it works", ""]
    assert plain.silent.tolist() == [False, True]
    assert framed.texts[0].as_py() == "it works (reaction: enraged, annoyed)"
