"""The German weights: their scores, their figures, and what they take for German."""

import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load

from affectflow.errors import UsageError
from affectflow.vocabularies import get
from affectflow_transforms.models.german import model as german_model
from affectflow_transforms.models.german import train
from affectflow_transforms.models.german.model import GermanModel
from tests.given.training_data import write_xed

WEIGHTS = Path(train.__file__).parent / "weights"
CARD = (WEIGHTS / "MODEL_CARD.md").read_text(encoding="utf-8")
# Written for this test; none of them is from a data set.
ELSEWHERE = {
    "Dutch": "Ik heb vandaag helaas geen tijd voor je",
    "Dutch, near German": "Hij was hier gisteren in de stad",
    "Afrikaans": "Dit is nie my skuld nie",
    "Danish": "Hvad er der sket med dig?",
    "Swedish": "Det var en mycket bra film",
    "Norwegian": "Jeg er så lei av denne feilen",
    "Luxembourgish": "Ech hunn haut leider keng Zäit",
    "French": "Je n'ai pas le temps aujourd'hui",
    "Spanish": "No me gusta nada esta película tan aburrida",
    "Polish": "Nie mam dziś dla ciebie czasu",
    "Turkish": "Bugün sana vaktim yok",
    "Russian": "Мне очень грустно сегодня",
    "Japanese": "今日はとても悲しいです",
    "English": "Still not fixed after two years, this is so annoying",
    "English with German words": "The war in die hard was so good",
}


@pytest.fixture(scope="module")
def model():
    return GermanModel.load(WEIGHTS)


def held_out(shared_data, name=train.DATA):
    texts, y = train.read_lines(shared_data / "xed" / name)
    kept = train.is_held_out(texts)
    return [t for t, held in zip(texts, kept, strict=True) if held], y[kept]


# -- scores ------------------------------------------------------------------------


def test_labels_are_plutchiks_eight_and_scores_probabilities(model):
    scores = model.scores(["Ich liebe dich", "", "😂"])

    assert model.emotions.labels == get("plutchik").labels
    assert scores.shape == (3, 8)
    assert ((scores > 0) & (scores < 1)).all()


def test_scores_do_not_depend_on_the_batch(model):
    texts = ["Ich habe solche Angst", "", "Danke, das ist wunderbar!", "ok", "日本語"]

    together = model.scores(texts * 1_500)

    alone = np.concatenate([model.scores([text]) for text in texts])
    assert np.array_equal(together, np.tile(alone, (1_500, 1)))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Du Idiot, lass mich in Ruhe!", "anger"),
        ("Ich liebe dich so sehr", "joy"),
        ("Was für eine Überraschung!", "surprise"),
        ("Danke, das ist wunderbar", "trust"),
    ],
)
def test_plain_texts_get_their_label(model, text, label):
    (scores,) = model.scores([text])

    chosen = np.flatnonzero(scores >= model.emotions.thresholds)
    assert label in {model.emotions.labels[i] for i in chosen}


def test_a_text_without_evidence_gets_no_label(model):
    (scores,) = model.scores([""])

    assert (scores < model.emotions.thresholds).all()


# -- language ----------------------------------------------------------------------


@pytest.mark.parametrize("text", ELSEWHERE.values(), ids=ELSEWHERE)
def test_other_languages_are_not_taken_for_german(model, text):
    assert model.looks_german([text]).tolist() == [False]


@pytest.mark.parametrize(
    ("text", "german", "surely_not"),
    [
        pytest.param("Danke", True, False, id="one word"),
        pytest.param("Das geht so nicht weiter mit dir", True, False, id="German"),
        pytest.param("super", False, False, id="a word of both"),
        pytest.param("", False, False, id="empty"),
        pytest.param("😂😂", False, False, id="emoji only"),
        pytest.param("src/main.py:42 TypeError", False, False, id="code only"),
        pytest.param("This is the end of the day", False, True, id="English"),
        pytest.param("Мне грустно", False, True, id="two words in another script"),
        pytest.param("That is it", False, False, id="three words may be a quote"),
    ],
)
def test_german_is_told_by_its_words(model, text, german, surely_not):
    assert model.looks_german([text]).tolist() == [german]
    assert model.looks_unsupported([text]).tolist() == [surely_not]


def test_shares_of_words_are_compared_as_one_counts_by_hand():
    def language(words, german, english, foreign):
        counts = ([words], [german], [english], [foreign])
        return german_model._Language(*(np.array(c) for c in counts))

    # 9 of 20 known words are 0.45, 8 are fewer; of as many English ones neither.
    assert language(20, 9, 8, 0).is_german.tolist() == [True]
    assert language(20, 8, 7, 0).is_german.tolist() == [False]
    assert language(20, 9, 9, 0).is_german.tolist() == [False]
    # 3 of 10 are 0.3.
    assert language(10, 3, 3, 0).is_foreign.tolist() == [False]
    assert language(10, 2, 0, 0).is_foreign.tolist() == [True]
    assert language(3, 0, 3, 0).is_foreign.tolist() == [False]
    assert language(3, 0, 0, 2).is_foreign.tolist() == [True]


def test_languages_are_told_apart_as_the_card_says(model, shared_data):
    kept, _ = held_out(shared_data)
    english, _ = held_out(shared_data, train.ENGLISH)
    dev = (shared_data / "goemotions" / "dev.tsv").read_text("utf-8").splitlines()

    refused = 1 - model.looks_german(kept).mean()
    accepted = model.looks_german(english).mean()
    in_dev = model.looks_german([line.split("\t")[0] for line in dev]).mean()

    assert f"held out (925), refused | {refused:.1%} |".replace("%", " %") in CARD
    assert f"held out (3,012), accepted | {accepted:.2%} |".replace("%", " %") in CARD
    assert f"set (5,426), accepted | {in_dev:.2%} |".replace("%", " %") in CARD


# -- figures and training ----------------------------------------------------------


def test_figures_are_those_of_the_card(shared_data):
    texts, y = held_out(shared_data)
    (file,) = WEIGHTS.glob("*.safetensors")

    figures = list(train.measure(file.read_bytes(), texts, y))

    shown = {
        line.split(" | ")[0][2:]: line for line in CARD.splitlines() if "|" in line
    }
    names = ("precision", "recall", "auc", "brier_skill", "f1 of the best thresholds")
    checked = [f for f in figures if f.name in names and f.value is not None]
    assert len(checked) >= 45
    for figure in checked:
        said = re.findall(r"-?\d\.\d{3}", shown[figure.label])
        for value in (figure.value, figure.low, figure.high):
            assert any(abs(float(each) - value) <= 0.0021 for each in said), figure


@pytest.mark.rotated
def test_the_weights_are_those_that_training_gives(shared_data, tmp_path):
    (file,) = WEIGHTS.glob("*.safetensors")

    trained = train.German().train(shared_data / "xed")

    assert trained.held_out == "925 of 4,653 lines, by a hash of the line"
    again, shipped = load(trained.weights), load(file.read_bytes())
    assert again.keys() == shipped.keys()
    # Other versions of the libraries may round another way.
    changed = np.abs(again["weights"].astype(int) - shipped["weights"].astype(int))
    assert again["weights"].shape == shipped["weights"].shape
    assert (changed <= 1).mean() > 0.99


def test_weights_fit_into_two_megabytes():
    assert sum(file.stat().st_size for file in WEIGHTS.iterdir()) < 2_000_000


def test_training_twice_gives_the_same_bytes(tmp_path):
    data = write_xed(tmp_path)

    first, second = train.German().train(data), train.German().train(data)

    assert first.weights == second.weights
    assert first.figures == second.figures


def test_nothing_is_fitted_to_lines_that_are_held_out(tmp_path):
    source = write_xed(tmp_path) / train.DATA
    before = train.German().train(tmp_path).weights
    lines = source.read_text("utf-8").splitlines(keepends=True)
    texts = [line.split("\t")[0] for line in lines]
    held = train.is_held_out(texts)
    turned = [
        f"{text}\t1,2,3,4,5,6,7,8\n" if kept else line
        for text, line, kept in zip(texts, lines, held, strict=True)
    ]
    source.write_text("".join(turned), "utf-8")

    after = train.German().train(tmp_path).weights

    assert 0.1 < held.mean() < 0.3
    for name, array in load(before).items():
        assert np.array_equal(array, load(after)[name]), name


@pytest.mark.parametrize(
    ("precision", "expected"),
    [
        # By falling score: right, right, wrong, right, wrong, wrong.
        pytest.param(1.0, 0.8, id="two of two"),
        pytest.param(0.75, 0.6, id="three of four, past a worse place"),
        pytest.param(0.5, 0.4, id="three of six"),
        pytest.param(0.0, 0.4, id="all"),
    ],
)
def test_the_threshold_is_the_lowest_that_is_precise_enough(precision, expected):
    scores = np.array([[0.9, 0.8], [0.7, 0.6], [0.5, 0.4]])
    y = np.array([[True, True], [False, True], [False, False]])

    assert train.precise_threshold(scores, y, precision) == expected


def test_a_precision_that_is_never_reached_leaves_all_labels_out():
    threshold = train.precise_threshold(np.ones((2, 1)), np.zeros((2, 1), bool), 0.5)

    assert threshold > 1


def test_lines_that_are_not_a_text_and_numbers_are_left_out(tmp_path):
    source = tmp_path / "lines.tsv"
    odd = 'a\tb\tc\n"no tab\nninth\t9\n\t1\nlast\t1, 8\n'
    source.write_text("gut\t5\n" * 100 + odd, encoding="utf-8")

    texts, y = train.read_lines(source)

    assert texts == ["gut"] * 100 + ["last"]
    assert np.flatnonzero(y[-1]).tolist() == [0, 7]


def test_a_file_of_something_else_is_refused_in_one_line(tmp_path):
    source = tmp_path / "de-projections.tsv"
    source.write_text("text,label\n", encoding="utf-8")

    with pytest.raises(UsageError, match="has 0 lines of a text, a tab and numbers"):
        train.read_lines(source)
