"""Row 4 of the literature: a small model's shortlist first, the rest only then."""

import random

import pyarrow as pa
import pytest

from affectflow import vocabularies
from affectflow.kinds import questions
from affectflow.schemas import ANNOTATIONS_COLUMN
from tests.given.proving import in_proof
from tests.given.scripted import scripted, utterances

LABELS = vocabularies.get("goemotions").labels
SMALL = "EmbeddedEmotions@0"
SHORTLISTS = [
    {"joy": 0.9, "love": 0.5, "pride": 0.3, "relief": 0.2},
    {"anger": 0.6, "annoyance": 0.5, "disgust": 0.1},
    {"neutral": 0.9},
    {"fear": 0.4, "sadness": 0.3, "grief": 0.2},
]
"""Of four texts, the scores of a small model."""
TRUTH = ("pride", "relief", "neutral", "joy")
TEXTS = ("one", "two", "three", "four")


@pytest.fixture(autouse=True)
def no_words(monkeypatch):
    """The words of the small model are tried in tests/kinds/test_asker_over.py."""
    monkeypatch.setattr(questions, "words_of", lambda readings, over, n: [("w",)] * 4)


def asked(script):
    lists = [
        [
            {"annotator_id": SMALL, "label": label, "score": score, "chosen": True}
            for label, score in row.items()
        ]
        for row in SHORTLISTS
    ]
    column = pa.array(lists, ANNOTATIONS_COLUMN.type)
    batch = utterances(*TEXTS).append_column(ANNOTATIONS_COLUMN, column)
    handler = scripted("hef", script, decode="text", over="EmbeddedEmotions@")
    model = handler.load_model()
    rows = handler.apply(batch, model)["annotations"].to_pylist()
    own = [[r for r in row if r["annotator_id"] != SMALL] for row in rows]
    return own, model


def offered(question):
    """Returns the labels that a question offers."""
    return question.split("feel most: ")[1].split("? Answer")[0].split(", ")


def oracle(question, request):
    (truth,) = [
        truth
        for text, truth in zip(TEXTS, TRUTH, strict=True)
        if f"\n{text}\n" in question
    ]
    return truth if truth in offered(question) else "none of these"


def test_the_label_sets_of_the_two_steps_are_apart_and_together_all():
    _, model = asked(lambda question, request: "none of these")

    first, rest = model.questions[:4], model.questions[4:]
    for one, other in zip(first, rest, strict=True):
        shortlist = set(offered(one)) - {"none of these"}
        assert not shortlist & set(offered(other))
        assert shortlist | set(offered(other)) == set(LABELS)
        assert len(shortlist) <= 3


def test_an_oracle_reaches_the_recall_of_the_shortlist_in_one_step_and_all_in_two():
    rows, model = asked(oracle)

    in_three = [
        truth in sorted(row, key=lambda label: -row[label])[:3]
        for row, truth in zip(SHORTLISTS, TRUTH, strict=True)
    ]
    assert in_three == [True, False, True, False]
    assert len(model.questions) == 4 + in_three.count(False)
    assert [[r["label"] for r in row if r["chosen"]] for row in rows] == [
        [truth] for truth in TRUTH
    ]


@pytest.mark.parametrize("seed", range(in_proof(100, 4)))
def test_the_second_step_is_asked_exactly_where_the_first_says_none(seed):
    words = ["none of these", "joy", "anger", "fear", "x"]
    said = {}

    def script(question, request):
        said[question] = random.Random(f"{seed} {question}").choice(words)
        return said[question]

    rows, model = asked(script)

    none = [said[question] == "none of these" for question in model.questions[:4]]
    assert len(model.questions) == 4 + none.count(True) <= 8
    assert all(r["label"] in LABELS for row in rows for r in row if r["chosen"])
