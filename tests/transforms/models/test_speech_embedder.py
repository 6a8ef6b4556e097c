"""SpeechEmbedder: turns of recordings in, vectors of how they sound out.

The networks have random weights: what is proved is how they are loaded, fed and routed,
and the shape of what comes out, not that a vector says anything of a voice.
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from affectflow import people
from affectflow.errors import UsageError
from affectflow.steps.annotate import handler_for
from affectflow.testing import check_model
from affectflow_transforms.models.media import MediaModel
from affectflow_transforms.models.speech_embedder import SpeechEmbedder
from tests.given.tiny_listeners import (
    RATE,
    save_dimensional,
    save_encoder,
    tones,
    write_wav,
)

pytestmark = [pytest.mark.torch, pytest.mark.audio]


@pytest.fixture(autouse=True)
def said():
    with people.using(
        purpose="tests of what is heard", context="research", allow_person_level=True
    ):
        yield


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """A recording of four seconds: three tones, and silence at the end."""
    path = tmp_path_factory.mktemp("audio") / "call.wav"
    return write_wav(path, [*tones(200, 400, 800), *np.zeros(RATE)])


def embeds(folder, **options):
    return SpeechEmbedder(
        model=folder, **{"device": "cpu", "dtype": "float32", **options}
    )


def rows(*given):
    """Returns utterances, each with recording, start and end."""
    columns = dict(
        zip(MediaModel.requires.names, zip(*given, strict=True), strict=True)
    )
    return pa.RecordBatch.from_pydict(columns, schema=MediaModel.requires)


def answered(handler, *given):
    return handler.apply(rows(*given), handler.load_model()).to_pylist()


def vector(row):
    (found,) = row["vectors"]
    return found["vector"]


def test_a_vector_is_the_mean_of_the_last_states(tiny, call):
    import torch
    import transformers

    handler = embeds(tiny)

    (row,) = answered(handler, (call, 0.0, 1.0))

    sound = tones(200).astype(np.float32)
    given = torch.from_numpy((sound - sound.mean()) / np.sqrt(sound.var() + 1e-7))
    network = transformers.AutoModel.from_pretrained(tiny).eval()
    with torch.inference_mode():
        states = network(given[None]).last_hidden_state[0]
    assert vector(row) == pytest.approx(states.mean(0).tolist(), abs=1e-3)
    (found,) = row["vectors"]
    assert found["modality"] == "voice"
    assert found["annotator_id"] == handler.annotator()["annotator_id"]


def test_a_batch_answers_as_each_turn_alone(tiny, call):
    times = [(call, 0.0, 0.3), (call, 0.5, 2.5), (call, 1.0, 1.9)]

    together = answered(embeds(tiny, max_batch_s=9.0), *times)
    alone = [answered(embeds(tiny), each)[0] for each in times]

    assert np.array(list(map(vector, together))) == pytest.approx(
        np.array(list(map(vector, alone))), abs=1e-5
    )
    assert np.ptp(np.array(list(map(vector, alone))), axis=0).max() > 1e-3


@pytest.mark.parametrize("family", ["Hubert", "WavLM"])
def test_other_families_are_chosen_by_their_config(tmp_path, call, family):
    handler = handler_for(save_encoder(tmp_path, family), options={"device": "cpu"})
    assert type(handler) is SpeechEmbedder

    (row,) = answered(handler, (call, 0.0, 1.0))

    assert len(vector(row)) == 32


def test_of_a_model_with_a_head_the_states_are_taken(tmp_path, call):
    (row,) = answered(embeds(save_dimensional(tmp_path)), (call, 0.0, 1.0))

    assert len(vector(row)) == 32


def test_where_nothing_is_heard_there_is_no_vector(tiny, call, tmp_path):
    none = str(tmp_path / "none.wav")

    *found, lost = answered(
        embeds(tiny),
        *((call, 0.0, 1.0), (call, 3.2, 3.9), (None, 0.0, 1.0), (none, 0.0, 1.0)),
    )

    assert [len(row["vectors"] or ()) for row in found] == [1, 0, 0]
    assert not any(row["errors"] for row in found)
    assert lost["errors"][0]["error_type"] == "unreadable_file"


@pytest.mark.parametrize(
    "change", [{"architectures": ["BertModel"]}, {"add_adapter": True}]
)
def test_another_model_is_refused_in_one_line(tiny, tmp_path, change):
    config = json.loads((Path(tiny) / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | change))
    (tmp_path / "model.safetensors").write_bytes(b"")

    with pytest.raises(UsageError, match="is not an encoder of speech") as raised:
        embeds(str(tmp_path))

    assert "\n" not in str(raised.value)


def test_it_owes_what_every_model_owes(tiny, call):
    check_model(embeds(tiny), rows((call, 0.0, 1.0), (call, 1.0, 2.0), (None,) * 3))


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({}, "--context"),
        ({"context": "research", "purpose": "a study"}, "--allow-person-level"),
        (
            {"context": "workplace", "purpose": "x", "allow_person_level": True},
            "workplace",
        ),
    ],
)
def test_voices_are_read_for_a_purpose_and_where_persons_may_be(
    tiny, declared, message
):
    import contextvars

    def declare():
        with people.using(**declared):
            embeds(tiny)

    with pytest.raises(UsageError, match=message):
        contextvars.Context().run(declare)
