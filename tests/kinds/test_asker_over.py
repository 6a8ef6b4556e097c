"""Askers that read another annotator: its labels, its words."""

import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.schemas import ANNOTATIONS_COLUMN
from tests.given.moods import MOOD, asked, said
from tests.given.scripted import (
    install_scripted,
    marked,
    prompt_file,
    scripted,
    utterances,
)


@pytest.fixture(autouse=True)
def parsers(tmp_path_factory, monkeypatch):
    install_scripted(tmp_path_factory.mktemp("site"), monkeypatch)


SHORTLIST = """
task = "mood"
over = "labels:2"
[[steps]]
name = "first"
text = "{text} {labels}; {evidence}"
parser = "one_label"
vocabulary = "ekman"
among = "over"
otherwise = "none of these"
[[steps]]
name = "rest"
text = "{text} {labels}"
parser = "one_label"
vocabulary = "ekman"
among = "rest"
when = "first=none of these"
"""


def labelled(batch, *rows, by="small@1"):
    """Returns a batch with labels of another annotator."""
    lists = [
        [
            {"annotator_id": by, "label": label, "score": score, "chosen": True}
            for label, score in row.items()
        ]
        for row in rows
    ]
    return batch.append_column(
        ANNOTATIONS_COLUMN, pa.array(lists, ANNOTATIONS_COLUMN.type)
    )


@pytest.mark.parametrize("decode", ["auto", "text"])
@pytest.mark.parametrize(
    ("truth", "calls"), [("joy", 1), ("fear", 1), ("anger", 2), ("surprise", 2)]
)
def test_the_shortlist_is_asked_first_and_the_rest_only_then(
    tmp_path, truth, calls, decode
):
    batch = labelled(utterances("hi"), {"joy": 0.5, "fear": 0.4, "anger": 0.1})

    def oracle(question, request):
        options = question.split("] ")[-1].split(";")[0].split(", ")
        said = truth if truth in options else "none of these"
        return {said: 1.0} if request.choices else said

    _, rows, model = asked(
        tmp_path, SHORTLIST, oracle, batch, decode=decode, over="small"
    )

    shown = [each.split("] ")[-1] for each in model.questions]
    assert shown[0] == "fear, joy, none of these; joy, fear"
    assert shown[1:] == ["anger, disgust, sadness, surprise"][: calls - 1]
    own = [each for each in rows[0] if each["annotator_id"] != "small@1"]
    assert [(each["label"], each["status"], each["vocabulary"]) for each in own] == [
        (truth, "ok", "ekman")
    ]


def test_without_a_shortlist_only_the_rest_is_asked(tmp_path):
    batch = labelled(utterances("hi"), {})

    _, rows, model = asked(
        tmp_path, SHORTLIST, lambda q, r: {"joy": 1}, batch, over="small"
    )

    assert [len(call) for call in model.calls] == [1]
    assert said(rows, "label") == [[("joy",)]]


def test_that_nothing_fits_is_an_answer(tmp_path):
    text = SHORTLIST.split('[[steps]]\nname = "rest"')[0]
    batch = labelled(utterances("hi"), {"joy": 1.0})
    script = lambda q, r: {"none of these": 0.75, "joy": 0.25}  # noqa: E731

    _, rows, _ = asked(tmp_path, text, script, batch, over="small")

    own = [each for each in rows[0] if each["annotator_id"] != "small@1"]
    assert [(e["label"], e["status"], e["chosen"], e["score"]) for e in own] == [
        (None, "abstained", False, None),
        ("joy", "ok", False, 0.25),
    ]


def test_the_words_that_a_model_goes_by_come_from_its_weights(tmp_path):
    text = MOOD.replace("[[steps]]", 'over = "words:2"\n[[steps]]')
    text = text.replace("How is it?", "{words}")

    texts = ("I love this so much", "The build is annoying, really annoying")
    batch = labelled(utterances(*texts), {}, {})
    _, _, model = asked(
        tmp_path, text, lambda q, r: {"good": 1}, batch, over="EmbeddedEmotions@"
    )

    found = [marked(each).split(", ") for each in model.questions]
    assert found[0][0] == "love"
    assert found[1][0] == "annoying"
    assert all(len(words) <= 2 for words in found)


@pytest.mark.parametrize("over", ["small@1", "EmbeddedEmotions@0"])
def test_words_of_what_is_no_installed_model_are_refused(tmp_path, over):
    text = MOOD.replace("[[steps]]", 'over = "words:2"\n[[steps]]')

    with pytest.raises(UsageError, match=r"the words that .* relies on are unknown"):
        scripted(prompt_file(tmp_path, text), str, over=over)
