"""Overlap of texts: values of NLTK, sacrebleu and the papers."""

import csv

import pyarrow as pa
import pytest

from affectflow_transforms.measures.text_overlap import TextOverlap

PAIRS = [
    ("the build breaks on windows", "the build breaks on windows again"),
    ("because the tests are slow", "the tests are so slow"),
    ("I cannot reproduce it", "i cannot reproduce this crash"),
    ("no", "no documentation"),
    ("merge conflicts", "rebase and merge conflicts"),
    ("crash crash crash", "crash"),
]
# NLTK 3.10.4, mean of sentence_bleu([reference], candidate, weights=[1 / n] * n).
NLTK = {
    "word": [
        0.5453205926762923,
        0.3949601735310473,
        0.3033695763566924,
        0.136455125513,
    ],
    "char": [0.4993299325475858, 0.4818444732103902, 0.471867194781885, 0.4611731115],
}
# sacrebleu 2.6.0, BLEU(tokenize="none", smooth_method="none", lowercase=True,
# max_ngram_order=n).corpus_score(candidates, [references]).score / 100.
SACREBLEU = [
    0.6885663811400461,
    0.61724567862332535,
    0.5668913273391818,
    0.5004420730472,
]


def figures(pairs, **options) -> dict[str, float]:
    measure = TextOverlap(**options)
    columns = zip(*pairs, strict=True)
    batch = pa.record_batch(dict(zip(("candidate", "reference"), columns, strict=True)))
    rows = measure.extract(measure.add(measure.create(), batch)).to_pylist()
    return {row["label"]: row["value"] for row in rows}


@pytest.mark.parametrize("tokens", ["word", "char"])
def test_bleu_of_pairs_is_that_of_nltk(tokens):
    found = figures(PAIRS, tokens=tokens)

    assert [found[f"bleu_{n}"] for n in range(1, 5)] == pytest.approx(
        NLTK[tokens], abs=1e-9
    )


def test_bleu_of_all_together_is_that_of_sacrebleu():
    found = figures(PAIRS)

    assert [found[f"corpus_bleu_{n}"] for n in range(1, 5)] == pytest.approx(
        SACREBLEU, abs=1e-9
    )


def test_distinct_bigrams_of_paper_42():
    assert figures([("a b a b", "x"), ("a b", "x")])["distinct_2"] == 0.5


@pytest.mark.parametrize(
    ("candidate", "reference", "expected"),
    [
        ("so slow!", "it is so slow", (2 / 3, 2 / 4, 4 / 7, 0)),
        ("Slow slow slow", "slow", (1 / 3, 1, 1 / 2, 0)),
        ("So  SLOW", "so slow", (1, 1, 1, 1)),
        ("", "so slow", (0, 0, 0, 0)),
        ("größer", "Größer", (1, 1, 1, 1)),
    ],
    ids=["mark", "clipped", "case and blanks", "nothing said", "not ASCII"],
)
def test_tokens_count_as_often_as_both_have_them(candidate, reference, expected):
    found = figures([(candidate, reference)])

    names = ("precision", "recall", "f1", "exact")
    assert tuple(found[name] for name in names) == pytest.approx(expected)


def test_causes_in_developer_communication_as_language_models_marked_them(shared_data):
    """Paper 11's answers of GPT-4 and ChatGPT, on the 275 spans that are shared."""
    path = shared_data / "se_emotion_cause" / "causes.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["cause_span"].strip()]
    assert len(rows) == 275

    found = {
        who: figures([(row[f"llm_{who}"], row["cause_span"]) for row in rows])
        for who in ("gpt4", "chatgpt")
    }

    rounded = {
        who: (round(f["f1"], 3), round(f["bleu_2"], 3)) for who, f in found.items()
    }
    assert rounded == {"gpt4": (0.610, 0.492), "chatgpt": (0.516, 0.404)}
