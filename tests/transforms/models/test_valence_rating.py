"""Ratings of words, put together as one does it by hand; and VADER's as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow_transforms.models.valence import make_lexicon, rating
from affectflow_transforms.models.valence.rating import Lexicon, label_ratings

# good 1.9, great 3.1, bad -2.5, fed up -1.8, can't stand -2.0, :( -1.9 of 4.
GOOD, GREAT, BAD = 1.9 / 4, 3.1 / 4, -2.5 / 4
WORDS = st.sampled_from(["good", "bad", "not", "very", ".", "table", "great", ":(", ""])


@pytest.fixture(scope="module")
def lexicon():
    return Lexicon.load()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("good", GOOD / 2, id="one word, and a neutral one"),
        pytest.param("good good", 2 * GOOD / 3, id="two words"),
        pytest.param("Good, GREAT!", (GOOD + GREAT) / 3, id="case and signs"),
        pytest.param("good and bad", (GOOD + BAD) / 3, id="both ways"),
        pytest.param("the table", 0, id="nobody rated it"),
        pytest.param("", 0, id="empty"),
        pytest.param("not good", -0.5 * GOOD / 2, id="negated"),
        pytest.param("don\u2019t be good", -0.5 * GOOD / 2, id="curly apostrophe"),
        pytest.param("not at all good", -0.5 * GOOD / 2, id="three words before"),
        pytest.param("not in the least good", GOOD / 2, id="four words before"),
        pytest.param("no, good", GOOD / 2, id="another clause"),
        pytest.param("never not good", GOOD / 2, id="negated twice"),
        pytest.param("very good", 1.3 * GOOD / 2, id="stronger"),
        pytest.param("slightly bad", 0.7 * BAD / 2, id="weaker"),
        pytest.param("not very good", -0.5 * 1.3 * GOOD / 2, id="both"),
        pytest.param("very. good", GOOD / 2, id="stronger in another clause"),
        pytest.param("fed up", -1.8 / 4 / 2, id="two words are one entry"),
        pytest.param(
            "I can't stand it", -2.0 / 4 / 2, id="no negation within an entry"
        ),
        pytest.param("so sad :(", (1.3 * -2.1 - 1.9) / 4 / 3, id="a face"),
        pytest.param("goooood", GOOD / 2, id="stretched"),
        pytest.param("no", 0, id="no only turns"),
        pytest.param("a <5 b, 8) c", 0, id="digits are no faces"),
    ],
)
def test_a_text_is_rated_by_its_words(lexicon, text, expected):
    assert lexicon.rate([text]).tolist() == pytest.approx([expected])


def test_words_do_not_reach_into_the_next_text(lexicon):
    assert lexicon.rate(["not", "good", "fed", "up"]).tolist() == pytest.approx(
        [0, GOOD / 2, 0, 0]
    )


@given(st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=8))
def test_a_rating_does_not_depend_on_the_batch(lexicon, texts):
    together = lexicon.rate(texts)

    assert together.tolist() == [lexicon.rate([text])[0] for text in texts]
    assert (abs(together) <= 1.3).all()


def test_names_of_emotions_have_the_ratings_of_their_words(lexicon):
    names = ["joy", "grief", "neutral", "curiosity"]

    # joy 2.8, grief -2.2, curious 1.3.
    assert label_ratings(lexicon, names).tolist() == pytest.approx(
        [0.7, -0.55, 0, 0.325]
    )


def test_the_lexicon_is_made_of_vaders_as_it_is(shared_data):
    vader = (shared_data / "lex_vader" / make_lexicon.SOURCE).read_text("utf-8")

    made = "".join(make_lexicon.ratings(vader))

    assert made == rating.FILE.read_text("utf-8")
    assert (
        "Copyright (c) 2016 C.J. Hutto" in (rating.FILE.parent / "LICENSE").read_text()
    )


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        pytest.param("good\t1.9\t0.9\t[1]", ["good\t1.9\n"], id="word"),
        pytest.param("fed up\t-1.8\t1\t[1]", ["fed up\t-1.8\n"], id="two words"),
        pytest.param(":-)\t1.3\t1\t[1]", [":-)\t1.3\n"], id="a face"),
        pytest.param("w00t\t2.2\t1\t[1]", [], id="digits"),
        pytest.param(":/\t-1.4\t1\t[1]", [], id="as in addresses"),
        pytest.param("no\t-1.2\t1\t[1]", [], id="a negator"),
        pytest.param("", [], id="empty line"),
    ],
)
def test_entries_that_are_not_safe_are_left_out(line, kept):
    assert list(make_lexicon.ratings(line)) == kept
