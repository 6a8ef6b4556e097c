import pickle
from pathlib import Path

import numpy as np
import pytest

from affectflow import schemas
from affectflow.errors import UsageError
from affectflow.vocabularies import get
from affectflow_transforms.models.german import train
from affectflow_transforms.models.german.embedded import EmbeddedGerman
from affectflow_transforms.models.valence.train import Valence
from tests.given.training_data import write_emobank, write_xed
from tests.given.utterance_batches import batch_of


@pytest.fixture(scope="module")
def handler():
    return EmbeddedGerman()


@pytest.fixture(scope="module")
def model(handler):
    return handler.load_model()


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder as `affectflow train german` writes it."""
    folder = tmp_path_factory.mktemp("own")
    found = train.German().train(write_xed(folder / "data"), licence="CC0-1.0")
    (folder / "weights").mkdir()
    (folder / "weights" / train.FILE).write_bytes(found.weights)
    return str(folder / "weights")


@pytest.mark.parametrize(
    ("text", "lang", "status"),
    [
        pytest.param("Ich liebe dich so sehr", None, "ok", id="by its words"),
        pytest.param("Ich liebe dich so sehr", "und", "ok", id="undetermined"),
        pytest.param("Ich liebe dich so sehr", "de", "ok", id="German"),
        pytest.param("Ich liebe dich so sehr", "de-AT", "ok", id="Austrian"),
        pytest.param("Ich liebe dich so sehr", "DEU", "ok", id="three letters"),
        pytest.param("super", "de", "ok", id="a word of both, said to be German"),
        pytest.param("super", None, "unsupported_language", id="a word of both"),
        pytest.param("😂", None, "unsupported_language", id="an emoji"),
        pytest.param("Ich liebe dich", "nl", "unsupported_language", id="said Dutch"),
        pytest.param("Danke", "den", "unsupported_language", id="Slavey, not German"),
        pytest.param(
            "this is so annoying, why?", None, "unsupported_language", id="English"
        ),
        pytest.param(
            "this is so annoying, why?", "de", "unsupported_language", id="wrongly de"
        ),
        pytest.param("", "de", "no_author_text", id="empty"),
        pytest.param(None, "nl", "no_author_text", id="null"),
        pytest.param("ich liebe dich " * 900, None, "truncated", id="too long"),
    ],
)
def test_what_is_not_german_is_never_calm(handler, model, text, lang, status):
    out = handler.apply(batch_of([text], [lang]), model)

    (row,) = out["annotations"].to_pylist()
    assert {each["status"] for each in row} == {status}
    answered = status in ("ok", "truncated")
    assert len(row) == (len(row) if answered else 1) > 0
    assert all((each["label"] is None) != answered for each in row)
    assert all((each["score"] is None) != answered for each in row)


def test_annotations_are_of_plutchiks_vocabulary(handler, model):
    out = handler.apply(batch_of(["Ich liebe dich so sehr"]), model)

    first, *rest = out["annotations"][0].as_py()
    assert (first["label"], first["chosen"], first["rank"]) == ("joy", True, 1)
    for each in (first, *rest):
        assert (each["task"], each["vocabulary"]) == ("emotion", "plutchik")
        assert each["label"] in get("plutchik").labels
        assert each["annotator_id"] == handler.annotator()["annotator_id"]


def test_a_text_has_the_same_labels_in_every_batch_and_place(handler, model):
    texts = ["Danke", "", "Ich hasse das", "Danke", "why?", "super", "Das ist ja toll"]
    langs = [None, "de", "de", None, None, "de", "en"]
    alone = [
        handler.apply(batch_of([text], [lang]), model)
        for text, lang in zip(texts, langs, strict=True)
    ]

    together = handler.apply(batch_of(texts, langs), model)

    expected = [out["annotations"][0].as_py() for out in alone]
    assert together["annotations"].to_pylist() == expected


def test_one_text_may_be_german_here_and_not_there(handler, model):
    out = handler.apply(batch_of(["super", "super"], ["de", None]), model)

    said, unsaid = out["annotations"].to_pylist()
    assert {each["status"] for each in said} == {"ok"}
    assert [each["status"] for each in unsaid] == ["unsupported_language"]


def test_texts_that_are_not_german_are_not_scored(handler, model):
    class Counted:
        emotions = model.emotions
        looks_german, looks_unsupported = model.looks_german, model.looks_unsupported

        def scores(self, texts):
            self.seen = texts
            return model.scores(texts)

    counted = Counted()

    handler.apply(batch_of(["why is it?", "Danke", "this is it", "Danke"]), counted)

    assert counted.seen == ["Danke"]


def test_an_empty_batch_is_annotated(handler, model):
    out = handler.apply(batch_of([]), model)

    assert out.num_rows == 0
    assert out.schema.field("annotations").type == schemas.ANNOTATIONS_COLUMN.type


def test_the_annotator_is_a_row_of_its_table(handler):
    row = handler.annotator()

    assert set(row) <= set(schemas.ANNOTATORS.names)
    assert row["annotator_id"].startswith(f"EmbeddedGerman@{row['revision'][:8]}+")
    assert "CC BY 4.0" in row["licence"]
    assert row["commercial_use"] is True


def test_a_handler_survives_the_way_to_a_worker(handler):
    again = pickle.loads(pickle.dumps(handler))

    assert again == handler
    assert again.annotator() == handler.annotator()


def test_own_weights_answer_under_an_id_and_a_licence_of_their_own(handler, own):
    mine = EmbeddedGerman(weights=own)

    out = mine.apply(batch_of(["du bist ekelhaft und widerlich"]), mine.load_model())

    row = mine.annotator()
    assert row["licence"] == "CC0-1.0"
    assert row["commercial_use"] is None
    assert row["annotator_id"] != handler.annotator()["annotator_id"]
    first = out["annotations"][0].as_py()[0]
    assert (first["label"], first["chosen"]) == ("disgust", True)
    assert first["annotator_id"] == row["annotator_id"]


def test_where_weights_lie_is_no_part_of_the_id(own, tmp_path):
    (tmp_path / "copy.safetensors").write_bytes(
        next(Path(own).glob("*.safetensors")).read_bytes()
    )

    here, there = EmbeddedGerman(weights=own), EmbeddedGerman(weights=str(tmp_path))

    assert here.annotator() == there.annotator()


def test_a_folder_without_weights_is_refused_at_once(tmp_path):
    with pytest.raises(UsageError, match=r"expected one `\*\.safetensors`.*found 0"):
        EmbeddedGerman(weights=str(tmp_path))


def test_weights_of_another_model_are_refused(tmp_path):
    found = Valence().train(write_emobank(tmp_path / "data"))
    (tmp_path / Valence.file).write_bytes(found.weights)

    with pytest.raises(UsageError, match="are for EmbeddedValence, not for Embedded"):
        EmbeddedGerman(weights=str(tmp_path))


def test_another_word_for_cues_is_refused():
    with pytest.raises(UsageError, match=r"`cues` must be one of .*'in_text'"):
        EmbeddedGerman(cues="no")


def test_scores_of_rows_that_are_not_read_do_not_leak(handler, model):
    out = handler.apply(batch_of(["Ich liebe dich", "I love you so much"]), model)

    second = out["annotations"][1].as_py()
    assert [each["score"] for each in second] == [None]
    assert np.isfinite([each["score"] for each in out["annotations"][0].as_py()]).all()


def test_a_copy_of_the_packages_weights_is_the_package(handler, tmp_path):
    (shipped,) = (Path(train.__file__).parent / "weights").glob("*.safetensors")
    (tmp_path / shipped.name).write_bytes(shipped.read_bytes())

    assert EmbeddedGerman(weights=str(tmp_path)).annotator() == handler.annotator()
