"""A face behind a text counts: for the models in the package, on the side it is on."""

import numpy as np
import pytest

from affectflow.batches.readings import read
from affectflow_transforms.models.valence.model import RatedWords
from tests.quality import cues, embedded


def test_an_angry_or_tired_face_frustrates_no_less_than_none():
    scores = cues.frustration((*cues.ANGRY, *cues.TIRED))

    # `:/` is a face of doubt as well, and takes up to 0.05 away.
    assert np.all(scores[1:] >= scores[0] - 0.05)


@pytest.mark.parametrize("text", cues.TEXTS)
def test_an_angry_face_is_angrier_and_no_better_than_none(text):
    angry = [face for face in cues.ANGRY if face != "-_-"]
    texts = read(cues.ingested([text, *(f"{text} {face}" for face in angry)])).texts
    model = embedded.model()
    emotions, _ = model.scores(texts.to_pylist())
    labels = model.emotions.labels
    both = emotions[:, [labels.index(name) for name in ("anger", "annoyance")]]
    valence = RatedWords.load().values(texts.to_pylist())[:, 0]

    assert np.all(both.max(axis=1)[1:] > both.max(axis=1)[0])
    assert np.all(valence[1:] <= valence[0])


@pytest.mark.parametrize("face", ["😀", "😂", "❤️", "🎉", "😍", ":)", ":D"])
def test_a_glad_face_does_not_frustrate(face):
    alone, with_face = cues.frustration([face])

    assert np.all(with_face <= alone + 0.06)
