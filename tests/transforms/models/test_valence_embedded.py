import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load

from affectflow import schemas
from affectflow.errors import UsageError
from affectflow_transforms.models import trained
from affectflow_transforms.models.valence import train
from affectflow_transforms.models.valence.embedded import EmbeddedValence
from affectflow_transforms.models.valence.model import RatedWords, Regression
from tests.given.training_data import write_emobank
from tests.given.utterance_batches import batch_of

CARD = (Path(train.__file__).parent / "MODEL_CARD.md").read_text(encoding="utf-8")
TEXTS = ["Thanks, this is lovely!", "", "I hate this terrible bug", "the table", "ok"]


@pytest.fixture(scope="module")
def handler():
    return EmbeddedValence()


@pytest.fixture(scope="module")
def model(handler):
    return handler.load_model()


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder as `affectflow train valence` writes it."""
    folder = tmp_path_factory.mktemp("own")
    found = train.Valence().train(write_emobank(folder / "data"), licence="CC0-1.0")
    (folder / "weights").mkdir()
    (folder / "weights" / train.FILE).write_bytes(found.weights)
    return str(folder / "weights")


def values(out):
    return [row[0]["value"] for row in out["annotations"].to_pylist()]


# -- what comes with the package ---------------------------------------------------


def test_pleasant_texts_are_above_the_middle_and_unpleasant_ones_below(handler, model):
    out = handler.apply(batch_of(["What a lovely day", "I hate this", "noon"]), model)

    good, bad, calm = values(out)
    assert 0 <= bad < 0.4 < 0.45 < calm < 0.55 < 0.6 < good <= 1


def test_an_annotation_has_a_value_and_no_score(handler, model):
    out = handler.apply(batch_of(["What a lovely day"]), model)

    (each,) = out["annotations"][0].as_py()
    assert (each["task"], each["vocabulary"], each["label"]) == (
        "valence",
        "vad",
        "valence",
    )
    assert each["score"] is None
    assert (each["rank"], each["chosen"], each["status"]) == (1, True, "ok")
    assert each["perspective"] == "reader"
    assert each["annotator_id"] == handler.annotator()["annotator_id"]


@pytest.mark.parametrize(
    ("text", "lang", "status"),
    [
        pytest.param("lovely", None, "ok", id="nobody says the language"),
        pytest.param("lovely", "en-GB", "ok", id="British English"),
        pytest.param("lovely", "de", "unsupported_language", id="German"),
        pytest.param(
            "Ich habe heute leider keine Zeit für dich",
            None,
            "unsupported_language",
            id="German, and nobody says so",
        ),
        pytest.param("", None, "no_author_text", id="empty"),
        pytest.param("good " * 3_000, None, "truncated", id="too long"),
    ],
)
def test_what_is_not_english_gets_no_value(handler, model, text, lang, status):
    out = handler.apply(batch_of([text], [lang]), model)

    (each,) = out["annotations"][0].as_py()
    answered = status in ("ok", "truncated")
    assert each["status"] == status
    assert (each["value"] is not None) == (each["label"] is not None) == answered


def test_the_value_is_put_together_as_the_card_says(model):
    (emotions,) = model.by_emotions(["good"])
    (scores,) = model.english.scores(["good"]).astype(float)

    assert emotions == pytest.approx((scores @ model.ratings) / scores.sum())
    # good is 1.9 of 4, and half of it for one rated word.
    expected = 0.5 + (1.9 / 4 / 2 + emotions) / 4
    assert model.values(["good"])[0, 0] == pytest.approx(expected, abs=1e-6)


def test_a_text_has_the_same_value_in_every_batch_and_place(handler, model):
    alone = [handler.apply(batch_of([text]), model) for text in TEXTS]

    together = handler.apply(batch_of(TEXTS * 500), model)

    expected = [out["annotations"][0].as_py() for out in alone]
    assert together["annotations"].to_pylist() == expected * 500


def test_a_second_annotator_leaves_the_firsts_labels(handler, model, own):
    once = handler.apply(batch_of(["lovely"]), model)
    other = EmbeddedValence(weights=own)

    twice = other.apply(once, other.load_model())

    first, both = once["annotations"][0].as_py(), twice["annotations"][0].as_py()
    assert both[:1] == first
    assert [each["task"] for each in both[1:]] == ["valence", "arousal", "dominance"]


def test_an_empty_batch_is_annotated(handler, model):
    out = handler.apply(batch_of([]), model)

    assert out.num_rows == 0
    assert out.schema.field("annotations").type == schemas.ANNOTATIONS_COLUMN.type


def test_the_annotator_is_a_row_of_its_table(handler):
    row = handler.annotator()

    assert set(row) <= set(schemas.ANNOTATORS.names)
    assert row["annotator_id"].startswith(f"EmbeddedValence@{row['revision'][:8]}+")
    assert "MIT" in row["licence"]
    assert "CC BY 4.0" in row["licence"]


def test_a_handler_survives_the_way_to_a_worker(handler):
    again = pickle.loads(pickle.dumps(handler))

    assert again == handler
    assert again.annotator() == handler.annotator()


def test_another_word_for_cues_is_refused():
    with pytest.raises(UsageError, match=r"`cues` must be one of .*'in_text'"):
        EmbeddedValence(cues="no")


def test_figures_are_those_of_the_card(model, shared_data):
    texts, ratings = train.read_split(shared_data / "emobank" / train.DATA, "dev")
    parts = {
        "EmbeddedValence": model.values(texts)[:, 0],
        "words alone": 0.5 + model.lexicon.rate(texts) / 2,
        "emotions alone": 0.5 + model.by_emotions(texts) / 2,
    }

    for name, found in parts.items():
        said = next(
            line for line in CARD.splitlines() if line.startswith(f"| {name} |")
        )
        shown = [float(each) for each in re.findall(r"\d\.\d{3}", said)]
        figures = trained.value_figures(["valence"], found[:, None], ratings[:, :1])
        measured = [each for f in figures for each in (f.value, f.low, f.high)]
        assert measured == pytest.approx(shown, abs=0.0021), name


# -- weights of one's own ----------------------------------------------------------


def test_own_weights_answer_three_tasks(own):
    mine = EmbeddedValence(weights=own)

    out = mine.apply(
        batch_of(["it was a lovely day", "it was a terrible day"]), mine.load_model()
    )

    good, bad = out["annotations"].to_pylist()
    assert [each["task"] for each in good] == ["valence", "arousal", "dominance"]
    assert good[0]["value"] > 0.6 > 0.4 > bad[0]["value"]
    assert all(0 <= each["value"] <= 1 and each["score"] is None for each in good)


def test_the_licence_of_the_data_is_passed_on(own, tmp_path):
    assert EmbeddedValence(weights=own).annotator()["licence"] == "CC0-1.0"

    found = train.Valence().train(write_emobank(tmp_path / "data"))
    (tmp_path / train.FILE).write_bytes(found.weights)

    row = EmbeddedValence(weights=str(tmp_path)).annotator()
    assert (row["licence"], row["commercial_use"]) == ("not stated", None)


def test_values_are_the_linear_sums_that_were_fitted(tmp_path):
    source = write_emobank(tmp_path) / train.DATA
    texts, ratings = train.read_split(source, "train")
    arrays = load(train.fit_weights(source, ""))

    found = Regression.unpacked(arrays, ("valence", "arousal", "dominance"))

    # A shrunken fit to what it was fitted to: nearly it, and never beyond.
    residual = found.values(texts) - ratings
    assert np.abs(residual).mean() < 0.5 * np.abs(ratings - ratings.mean(axis=0)).mean()
    assert np.array_equal(
        found.values(texts[:20]),
        np.concatenate([found.values([t]) for t in texts[:20]]),
    )


def test_training_twice_gives_the_same_bytes(tmp_path):
    data = write_emobank(tmp_path)

    first, second = train.Valence().train(data), train.Valence().train(data)

    assert first.weights == second.weights
    assert first.figures == second.figures
    assert first.held_out == "the split dev of emobank.csv, 120 texts"


@pytest.mark.slow
@pytest.mark.rotated
def test_emobank_is_known_and_its_figures_are_those_of_the_card(shared_data):
    found = train.Valence().train(shared_data / "emobank")

    assert "CC BY-SA 4.0" in found.card
    lines = CARD.split("trained on the 8,062")[1].splitlines()
    for label in ("valence", "arousal", "dominance"):
        said = next(line for line in lines if line.startswith(f"| {label} |"))
        shown = [float(each) for each in re.findall(r"\d\.\d{3}", said)]
        mine = [f for f in found.figures if f.label == label]
        measured = [each for f in mine for each in (f.value, f.low, f.high)]
        assert measured == pytest.approx(shown, abs=0.0051), label


def test_no_weights_of_emobank_come_with_the_package():
    assert not list(Path(train.__file__).parent.rglob("*.safetensors"))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        pytest.param(
            {"V": "6"}, "has the rating 6: V, A and D must be from 1 to 5", id="6"
        ),
        pytest.param({"A": "high"}, "a rating that isn.t a number", id="a word"),
        pytest.param({"D": "nan"}, "has the rating nan", id="not a number"),
    ],
)
def test_ratings_off_the_scale_are_refused(tmp_path, columns, message):
    with pytest.raises(UsageError, match=message):
        train.Valence().train(write_emobank(tmp_path, **columns))


def test_a_split_that_lacks_is_named(tmp_path):
    with pytest.raises(UsageError, match="has 20 rows with the split 'train', but 50"):
        train.Valence().train(write_emobank(tmp_path, n=40))


def test_a_column_that_lacks_is_named(tmp_path):
    (tmp_path / train.DATA).write_text("text,V\na,1\n")

    with pytest.raises(UsageError, match="has no column 'split', 'A', 'D'"):
        train.Valence().train(tmp_path)


def test_ratings_that_never_differ_are_refused(tmp_path):
    source = write_emobank(tmp_path) / train.DATA
    flat = re.sub(r",[\d.]+,(it|\")", r",3.0,\1", source.read_text())
    source.write_text(flat)

    with pytest.raises(UsageError, match="correlates with the column 'D'"):
        train.Valence().train(tmp_path)


def test_the_shipped_model_answers_valence_alone():
    assert RatedWords.load().labels == ("valence",)
