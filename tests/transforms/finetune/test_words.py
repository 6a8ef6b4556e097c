"""Words beside an encoder: lexica and word vectors, from their files to numbers."""

import numpy as np
import pytest

from affectflow.errors import UsageError
from affectflow_transforms.finetune.words import beside_of, read_lexica, read_vectors
from affectflow_transforms.models.pretrained.words import Beside


@pytest.fixture
def three_words(tmp_path):
    """Valence, arousal and dominance of three words."""
    file = tmp_path / "vad.tsv"
    file.write_text(
        "word\tvalence\tarousal\tdominance\n"
        "calm\t0.6\t-0.8\t0.2\nfury\t-0.7\t0.9\t0.4\ngrief\t-0.8\t0.1\t-0.6\n"
    )
    return file


def test_a_text_has_the_mean_of_its_words(three_words):
    lexicon = read_lexica([three_words])

    found = lexicon.means(["Fury and grief, then: calm calm!"])

    # (-.7 - .8 + .6 + .6) / 4 and so on.
    assert found == pytest.approx(np.array([[-0.075, -0.15, 0.05]]))


def test_words_outside_a_lexicon_leave_the_mean_as_it_is(three_words):
    lexicon = read_lexica([three_words])

    alone, among = lexicon.means(["fury calm", "zzz fury qqq calm xyz"])

    assert (alone == among).all()


def test_coverage_is_the_share_of_words_that_a_lexicon_has(three_words):
    lexicon = read_lexica([three_words])

    found = lexicon.coverage(["fury or calm tea", "nothing known", ""])

    assert found[:, 0] == pytest.approx([0.5, 0, 0])


def test_a_text_without_a_known_word_has_no_mean_and_counts_as_the_average(
    three_words,
):
    beside, _ = beside_of([str(three_words)], "", 8, ["fury", "calm x", "?"], [0, 1])

    assert np.isnan(beside.lexicon.means(["?"])).all()
    assert (beside.arrays(["?"])["lexica"][0, :3] == 0).all()


def test_lexica_are_read_side_by_side(three_words, tmp_path):
    other = tmp_path / "stars.csv"
    other.write_text('calm,3\n"tea",5\ngood luck,4\n')

    lexicon = read_lexica([three_words, other])

    assert lexicon.sizes == (3, 1)
    assert lexicon.means(["calm tea"])[0] == pytest.approx([0.6, -0.8, 0.2, 4])
    assert lexicon.coverage(["calm tea"])[0] == pytest.approx([0.5, 1])


def test_columns_that_hold_more_than_numbers_are_left_out(tmp_path):
    # As VADER writes its lexicon: rating, deviation, and a list of ratings.
    file = tmp_path / "vader.txt"
    file.write_text(":)\t2.0\t1.1\t[2, 2]\nsad\t-2.1\t0.9\t[-2, -2]\n")

    lexicon = read_lexica([file])

    assert lexicon.means(["Sad :)"])[0] == pytest.approx([-0.05, 1.0])


def test_what_a_folder_holds_reads_as_it_was(three_words, tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("calm 1 0\nfury 0 1\n")
    texts = ["calm fury unknown", "grief", "fury calm"]
    beside, _ = beside_of([str(three_words)], str(vectors), 2, texts, [0, 1, 2])

    beside.save(tmp_path)
    again = Beside.load(tmp_path, beside.settings)

    before, after = beside.arrays(texts), again.arrays(texts)
    assert (before["lexica"] == after["lexica"]).all()
    assert after["words"].tolist() == [[1, 2], [0, 0], [2, 1]]
    assert again.known("x calm ... fury") == [(2, 6), (11, 15)]


def test_vectors_have_a_row_of_padding_in_front(tmp_path):
    file = tmp_path / "vectors.txt"
    file.write_text("2 3\nGood 1 2 3\nbad -1 -2 -3\n")

    words, vectors = read_vectors(file)

    assert words == ["Good", "bad"]
    assert vectors.tolist() == [[0, 0, 0], [1, 2, 3], [-1, -2, -3]]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("good 1 2\nbad 1\n", "line 2 of .* has 1 numbers, but the first word has 2"),
        ("good 1 2\nbad 1 x\n", "line 2 of .* is not a word with numbers"),
        ("", "has no word vectors"),
    ],
)
def test_damaged_vectors_are_refused_in_one_line(tmp_path, written, message):
    file = tmp_path / "vectors.txt"
    file.write_text(written)

    with pytest.raises(UsageError, match=message) as refused:
        read_vectors(file)

    assert "\n" not in str(refused.value)


def test_a_lexicon_without_numbers_is_refused(tmp_path):
    file = tmp_path / "words.tsv"
    file.write_text("good\tjoy\nbad\tsadness\n")

    with pytest.raises(UsageError, match="has no column of numbers behind its words"):
        read_lexica([file])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read .*none\.tsv.*No such file"):
        read_lexica([tmp_path / "none.tsv"])


def test_a_lexicon_of_another_language_is_refused(three_words):
    with pytest.raises(UsageError, match="has no word of the texts"):
        beside_of([str(three_words)], "", 8, ["ruhig", "Wut"], [0, 1])
