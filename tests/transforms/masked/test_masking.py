"""Which words are masked: whole ones, at their rates or within a budget."""

from types import SimpleNamespace

import numpy as np
import pytest
import tokenizers
from scipy import stats
from tokenizers import models, normalizers, pre_tokenizers, processors

from affectflow.errors import UsageError
from affectflow_transforms.masked.lexicon import Lexicon, lexicon_of
from affectflow_transforms.masked.masking import (
    by_budget,
    by_rates,
    corrupted,
    masked_words,
)
from affectflow_transforms.masked.words import words_of

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnop'"]


@pytest.fixture(scope="module")
def letters():
    """A tokenizer that makes a token of each letter, and a word of each word."""
    pieces = PIECES + [f"##{each}" for each in PIECES[5:]]
    known = {piece: n for n, piece in enumerate(pieces)}
    made = tokenizers.Tokenizer(models.WordPiece(known, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return made


def read(letters, *texts, terms=(), max_tokens=64, segments=()):
    lexicon = Lexicon.of(list(terms))
    return words_of(letters, list(texts), lexicon, max_tokens, list(segments))


def shown(words):
    """Returns the word of each token of each row, special ones as a dot."""
    return [
        "".join("." if w < 0 else str(w) for w in words.word[start:end])
        for start, end in zip(
            words.tokens.starts, words.tokens.starts[1:], strict=False
        )
    ]


# -- words -----------------------------------------------------------------------------


def test_the_tokens_of_a_word_are_one_word_and_special_ones_are_none(letters):
    words = read(letters, "abc de", "f")

    assert shown(words) == [".00011.", ".2."]
    assert words.sizes.tolist() == [3, 2, 1]


def test_a_term_of_the_lexicon_is_one_word_in_any_case(letters):
    words = read(letters, "a Don't b do", terms=["don't", "do"])

    assert shown(words) == [".01111123" + "3."]
    assert words.in_lexicon.tolist() == [False, True, False, True]


def test_the_longest_term_counts(letters):
    words = read(letters, "no one", terms=["no", "no one"])

    assert words.sizes.tolist() == [5]


def test_a_term_with_a_star_is_the_beginning_of_a_word(letters):
    words = read(letters, "habit had a", terms=["ha*"])

    assert words.in_lexicon.tolist() == [True, True, False]


def test_words_that_are_given_are_taken(letters):
    words = read(letters, "abcd ef", segments=[["ab", "cd", "ef"]])

    assert shown(words) == [".001122."]


def test_what_no_given_word_has_stays_a_word_of_the_tokenizer(letters):
    words = read(letters, "ab cd", segments=[["cd"]])

    assert shown(words) == [".0011."]


def test_a_given_word_that_is_not_in_the_text_is_refused(letters):
    with pytest.raises(UsageError, match="row 1 has the word 'xy', which is not in"):
        read(letters, "ab cd", segments=[["ab", "xy"]])


def test_a_text_that_is_too_long_is_read_in_pieces(letters):
    words = read(letters, "a b c d e", "f", terms=["d"], max_tokens=5)

    assert shown(words) == [".012.", ".34.", ".5."]
    assert words.texts.tolist() == [0, 0, 1]
    assert words.in_lexicon.tolist() == [False] * 3 + [True] + [False] * 2
    assert words.rows_of(np.array([0])).tolist() == [0, 1]


# -- rates -----------------------------------------------------------------------------


def inside(hits, n, p):
    low, high = stats.binom.interval(0.999, n, p)
    return low <= hits <= high


def test_words_are_masked_at_their_rates_and_nothing_else_is(letters):
    words = read(letters, *["abc ha de fgh"] * 3_000, terms=["ha"])
    options = SimpleNamespace(order="", p_lexicon=0.5, p_other=0.1)

    masked = masked_words(words, np.arange(2_000), options, np.random.default_rng(0))

    ours, others = masked[words.in_lexicon], masked[~words.in_lexicon]
    assert inside(ours[:2_000].sum(), 2_000, 0.5)
    assert inside(others[:6_000].sum(), 6_000, 0.1)
    assert not ours[2_000:].any()
    assert not others[6_000:].any()


def test_without_a_lexicon_all_words_are_masked_alike():
    masked = by_rates(np.zeros(20_000, np.bool_), 0.9, 0.2, np.random.default_rng(0))

    assert inside(masked.sum(), 20_000, 0.2)


# -- budgets ---------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["lexicon_first", "shuffled"])
def test_the_lexicon_is_masked_first_as_far_as_the_budget_goes(order):
    random = np.random.default_rng(0)
    for _ in range(200):
        sizes = random.integers(1, 6, random.integers(1, 20))
        ours = random.random(len(sizes)) < 0.3
        share = random.choice([0.1, 0.2, 0.5])
        budget = max(1, round(share * sizes.sum()))

        masked = by_budget(sizes, ours, share, order, random)

        used, used_by_ours = sizes[masked].sum(), sizes[masked & ours].sum()
        assert used <= budget
        assert (sizes[ours & ~masked] > budget - used_by_ours).all()
        assert (sizes[~ours & ~masked] > budget - used).all()


def test_words_of_the_lexicon_go_as_they_stand_or_at_random():
    sizes, ours = np.ones(4, np.int64), np.array([False, True, True, True])

    first = [
        by_budget(sizes, ours, 0.25, order, np.random.default_rng(n)).argmax()
        for order in ("lexicon_first", "shuffled")
        for n in range(20)
    ]

    assert set(first[:20]) == {1}
    assert set(first[20:]) == {1, 2, 3}


@pytest.mark.parametrize("order", ["lexicon_first", "shuffled"])
def test_without_a_lexicon_a_budget_masks_all_words_alike(order):
    sizes, none = np.ones(10, np.int64), np.zeros(10, np.bool_)

    counts = sum(
        by_budget(sizes, none, 0.2, order, np.random.default_rng(n)).astype(int)
        for n in range(1_000)
    )

    assert counts.sum() == 2_000
    assert stats.chisquare(counts).pvalue > 0.001


def test_what_is_masked_is_mostly_the_mask():
    ids, random = np.full(20_000, 7), np.random.default_rng(0)

    shown = corrupted(ids, ids == 7, 4, np.array([5, 6]), random)

    for token, share in ((4, 0.8), (5, 0.05), (6, 0.05), (7, 0.1)):
        assert inside((shown == token).sum(), 20_000, share)
    assert (corrupted(ids, ids == 0, 4, np.array([5]), random) == ids).all()


# -- lexica ----------------------------------------------------------------------------


def test_vaders_words_come_with_the_package():
    lexicon = lexicon_of("vader")

    assert "awful" in lexicon
    assert "Thanks" in lexicon
    assert "the" not in lexicon


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "# words of moods\nglad\t1.8\nnot bad\n\n"),
        ("a.csv", "id,word\n1,glad\n2,not bad\n"),
        ("a.tsv", "glad words\tof\nglad\t3\nnot bad\t4\n"),
    ],
)
def test_a_lexicon_is_a_file_of_words(tmp_path, name, text):
    (tmp_path / name).write_text(text)

    lexicon = lexicon_of(str(tmp_path / name))

    assert lexicon.terms == {"glad", "not bad"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no lexicon of that name; did you mean 'vader'"),
        (b"", "has no word: write one a line"),
        ("männlich".encode("latin-1"), "write it again, in UTF-8"),
    ],
)
def test_a_lexicon_that_cannot_be_read_is_refused(tmp_path, content, message):
    file = tmp_path / "words.txt"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(UsageError, match=message) as refused:
        lexicon_of("vadr" if content is None else str(file))

    assert "\n" not in str(refused.value)
