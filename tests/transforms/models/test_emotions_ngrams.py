"""The embedded model: its features, its scores, and when it stays silent."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow.errors import UsageError
from affectflow_transforms.models import authored
from affectflow_transforms.models.emotions import fit, ngrams, sentences, train
from affectflow_transforms.models.emotions.model import NgramModel

WEIGHTS = Path(train.__file__).parent / "weights"
DEV_MACRO_F1 = 0.512
CHARACTERS = [
    1675995,
    86349,
    1266048,
    2908065,
    2978921,
    3938621,
    524004,
    1423953,
    2621622,
    2020732,
    2712432,
    1528232,
    2733535,
    4099605,
]
WORDS = [292609, 85783, 532294]
TEXTS = [
    "thank you so much!",
    "",
    "Sooo   good 😂😂😂",
    "I don't know?",
    "ok",
    "日本語",
]


@pytest.fixture(scope="module")
def model() -> NgramModel:
    return NgramModel.load(WEIGHTS)


def chosen(model: NgramModel, text: str) -> set[str]:
    (scores,) = model.scores([text])
    return {model.labels[i] for i in np.flatnonzero(scores >= model.thresholds)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Sooo  GOOD!!!", b" soo good!! ", id="runs and case"),
        pytest.param(" a\tb\n", b" a b ", id="white space"),
        pytest.param("I\u2019m 42", b" i'm 00 ", id="apostrophes and digits"),
        pytest.param("", b" ", id="empty"),
    ],
)
def test_texts_are_folded(text, expected):
    assert ngrams.flatten([text]).codes.tobytes() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("don't do it", 3, id="apostrophe stays inside"),
        pytest.param("wow!!", 3, id="each sign is a word"),
        pytest.param("ok😂😂", 3, id="each emoji is a word"),
        pytest.param("日本語", 3, id="each character is a word"),
        pytest.param("café", 1, id="accents stay inside"),
        pytest.param("", 0, id="empty"),
    ],
)
def test_words_are_counted(text, expected):
    words = ngrams.split_words(ngrams.flatten([text]))

    assert len(words.hashes) == expected


def test_a_text_has_the_ngrams_that_one_counts_by_hand():
    characters, words = ngrams.features(["a b", "", "ab"])

    # " a b ": 4 + 3 + 2 + 1 runs of 2 to 5 bytes; " ": none; " ab ": 3 + 2 + 1.
    assert np.diff(characters.ends).tolist() == [10, 0, 6]
    # a, b, "a b"; none; ab.
    assert np.diff(words.ends).tolist() == [3, 0, 1]


def test_hashes_stay_as_the_weights_know_them():
    characters, words = ngrams.features(["ab c"])

    assert characters.slots.tolist() == CHARACTERS
    assert words.slots.tolist() == WORDS


def test_words_do_not_pair_across_texts():
    _, apart = ngrams.features(["no", "way"])
    _, first = ngrams.features(["no"])
    _, second = ngrams.features(["way"])

    assert apart.slots.tolist() == [*first.slots, *second.slots]


def test_scores_do_not_depend_on_the_batch(model):
    together = model.scores(TEXTS * 2_000)

    alone = np.concatenate([model.scores([text]) for text in TEXTS])
    assert np.array_equal(together, np.tile(alone, (2_000, 1)))


def test_scores_are_probabilities(model):
    scores = model.scores(TEXTS)

    assert scores.dtype == np.float32
    assert scores.shape == (len(TEXTS), 28)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_no_texts_have_no_scores(model):
    assert model.scores([]).shape == (0, 28)
    assert model.looks_unsupported([]).shape == (0,)
    assert model.known_share([]).shape == (0,)


def test_white_space_reads_as_no_text(model):
    assert np.array_equal(model.scores([" \n\t "]), model.scores([" "]))


def test_long_texts_are_cut_and_reported(model):
    long = "thanks " * 150_000
    cut = long[: ngrams.MAX_CHARACTERS]

    assert model.truncated([long, cut]).tolist() == [True, False]
    assert np.array_equal(model.scores([long]), model.scores([cut]))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("thank you so much", "gratitude"),
        ("I love this, it's my favourite", "love"),
        ("that's hilarious lol", "amusement"),
        ("I'm so sorry, I apologize", "remorse"),
        ("I'm scared, this is terrifying", "fear"),
        ("Wow, what a surprise!", "surprise"),
        ("this makes me so angry", "anger"),
        ("I was so sad and cried", "sadness"),
        ("great job, well done", "admiration"),
        ("The meeting starts at noon on the second floor.", "neutral"),
    ],
)
def test_plain_texts_get_their_label(model, text, label):
    assert label in chosen(model, text)


def test_dev_f1_is_what_the_card_says(model, shared_data):
    texts, y = train.read_tsv(shared_data / "goemotions" / "dev.tsv", 28)

    scores = model.scores(authored.readings(texts))
    f1 = fit.f1(scores >= model.thresholds, y)

    assert f1.mean() >= DEV_MACRO_F1 - 0.002


def test_weights_fit_into_eight_megabytes():
    assert sum(file.stat().st_size for file in WEIGHTS.iterdir()) < 8_000_000


def test_a_folder_without_weights_is_named(tmp_path):
    with pytest.raises(UsageError, match="found 0"):
        NgramModel.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        pytest.param("Ich habe heute leider keine Zeit für dich", True, id="German"),
        pytest.param("No me gusta nada esta película tan aburrida", True, id="Spanish"),
        pytest.param("Мне очень грустно сегодня", True, id="Russian"),
        pytest.param("今日はとても悲しいです", True, id="Japanese"),
        pytest.param("I am very sad about this today", False, id="English"),
        pytest.param("Danke schön", False, id="too short to tell"),
        pytest.param("fix in src/node_modules/foo.js broke npm_run", False, id="paths"),
        pytest.param("😂😂😂😂😂", False, id="emoji only"),
        pytest.param("", False, id="empty"),
    ],
)
def test_other_languages_are_refused(model, text, refused):
    assert model.looks_unsupported([text]).tolist() == [refused]


def test_known_words_are_a_share_of_the_words_that_count(model):
    share = model.known_share(["the house qzxv /usr/bin", "the house", "", "1234 !"])

    assert share.tolist() == pytest.approx([2 / 3, 1, 0, 0])


def sentences_in(text):
    """Returns the sentences of one text, as the model reads it."""
    flat = ngrams.flatten([text])
    sentence = sentences.sentence_of(flat)
    return [
        bytes(flat.codes[sentence == number]).decode().strip()
        for number in range(sentence[-1] + 1)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "It fails. Why? Help!", ["it fails.", "why?", "help!"], id="stops"
        ),
        pytest.param("one\ntwo \n\n three", ["one", "two", "three"], id="line breaks"),
        pytest.param("one\n", ["one"], id="a break at the end"),
        pytest.param("v1.2.3 is out", ["v0.0.0 is out"], id="no space behind"),
        pytest.param("", [""], id="empty"),
    ],
)
def test_sentences_end_at_stops_and_line_breaks(text, expected):
    assert sentences_in(text) == expected


def test_texts_share_no_sentence():
    found = sentences.features_by_sentence(["one. two", "three", "", "four. five. six"])

    assert found.first.tolist() == [0, 2, 3, 4]
    assert [len(block.ends) - 1 for block in found.blocks] == [7, 7]


@given(st.lists(st.text(alphabet="ab .!\n", max_size=20), min_size=1, max_size=5))
def test_sums_of_a_text_are_exactly_those_of_its_sentences(model, texts):
    by_sentence = sentences.features_by_sentence(texts)

    parts = model.sums(by_sentence)

    for grams, rows, sentence in zip(
        ngrams.features(texts), model.rows, parts.own[:2], strict=True
    ):
        whole = ngrams.count(grams, rows, len(model.weights)) @ model.weights
        added = np.add.reduceat(sentence, by_sentence.first, axis=0)
        np.testing.assert_array_equal(added, whole)
