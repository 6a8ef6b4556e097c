"""ImageClassifier without a head: pictures are compared with words.

The networks have random weights: what is proved is how they are loaded, fed and read,
not that an answer is right.
"""

import numpy as np
import pytest

from affectflow import people, vocabularies
from affectflow.errors import UsageError
from tests.given.looking import (
    LOOKING,
    SOME,
    answered,
    clips,
    logits,
    looks,
    rows,
    zero_shot,
)
from tests.given.tiny_lookers import save_clip, write_pictures

pytestmark = [pytest.mark.torch, pytest.mark.vision]


@pytest.fixture(autouse=True)
def said():
    with people.using(**LOOKING):
        yield


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return save_clip(tmp_path_factory.mktemp("models") / "clip")


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 5)


def test_scores_of_words_sum_to_one_whatever_the_batch(clip, seen):
    handler = zero_shot(clip, *SOME)
    together = logits(handler, seen)
    alone = np.concatenate([logits(handler, [uri]) for uri in seen])

    assert together.shape == (5, 4)
    assert np.exp(together).sum(1) == pytest.approx(np.exp(alone).sum(1), rel=1e-4)
    assert together == pytest.approx(alone, abs=1e-5)
    model = handler.load_model()
    (answer,) = handler.score(clips(seen), model).answers
    assert answer.scores.sum(1) == pytest.approx(1, abs=1e-6)


def test_permuting_the_words_permutes_their_scores(clip, seen):
    turned = (2, 0, 3, 1)
    handlers = zero_shot(clip, *SOME), zero_shot(clip, *(SOME[n] for n in turned))

    one, two = (logits(handler, seen) for handler in handlers)

    assert two == pytest.approx(one[:, turned], abs=1e-5)
    assert np.ptp(one, axis=1).min() > 1e-3


def test_siglip_tells_of_each_word_whether_it_fits(tmp_path, seen):
    import torch
    import transformers
    from PIL import Image

    folder = save_clip(tmp_path, "Siglip")
    phrases = [f"a photo of {label}" for label in SOME]
    words = transformers.AutoTokenizer.from_pretrained(folder)(
        phrases, padding="max_length", return_tensors="pt"
    )
    pixels = transformers.AutoImageProcessor.from_pretrained(folder)(
        images=[Image.open(path) for path in seen], return_tensors="pt"
    )
    network = transformers.SiglipModel.from_pretrained(folder)
    with torch.inference_mode():
        given = network(input_ids=words["input_ids"], **pixels).logits_per_image

    handler = zero_shot(folder, *SOME)
    (answer,) = handler.score(clips(seen), handler.load_model()).answers

    assert answer.scores == pytest.approx(given.sigmoid().numpy(), abs=1e-5)


def test_the_words_are_those_of_the_template(clip, seen):
    one = logits(zero_shot(clip, *SOME), seen)
    two = logits(zero_shot(clip, *SOME, template="this is not {label}"), seen)

    assert np.abs(one - two).max() > 1e-3


def test_a_vocabulary_says_which_words_are_compared(clip, seen):
    found = answered(looks(clip, vocabulary="mikels"), rows(seen[:1]))

    (row,) = found.column("annotations").to_pylist()
    assert {each["vocabulary"] for each in row} == {"mikels"}
    assert {each["label"] for each in row} <= set(vocabularies.get("mikels").labels)
    assert {each["perspective"] for each in row} == {"reader"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocabulary": ""}, "--set vocabulary=mikels or --set labels=A,B"),
        ({"labels": ("good",)}, "--set labels=A,B"),
        ({"vocabulary": "mikels", "labels": ("awe", "angst")}, "'angst' is not a"),
        ({"vocabulary": "mikels", "template": "a photo"}, "must contain {label} once"),
        ({"vocabulary": "mikels", "answer": "value"}, "cannot give answer=value"),
        ({"vocabulary": "mikels", "frames": "all"}, "events:N or uniform:N"),
        ({"vocabulary": "mikels", "perspective": "god"}, "one of reader, writer, got"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_one_line(clip, options, message):
    with pytest.raises(UsageError, match=message) as raised:
        looks(clip, **options)

    assert "\n" not in str(raised.value)


def test_the_polarity_of_eight_emotions():
    polarity = {
        "amusement": "positive", "anger": "negative", "awe": "positive",
        "contentment": "positive", "disgust": "negative", "excitement": "positive",
        "fear": "negative", "sadness": "negative",
    }  # fmt: skip

    assert set(vocabularies.get("mikels").labels) == set(polarity)
    for label, side in polarity.items():
        assert vocabularies.fold(label, "mikels", "polarity") == {side: 1.0}
