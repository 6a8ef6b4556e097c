"""Answers written as their parser reads them: what a model is to learn to say."""

import pytest

from affectflow.errors import RowError, UsageError
from affectflow.kinds.prompt import Answer, Step
from affectflow.kinds.teaching import check_writers, written
from affectflow.schemas import Status

READING = 'It said "no space left" again'
NOTHING = Answer(status=Status.ABSTAINED)


def step(parser, **more):
    return Step(name="it", text="{text}", parser=parser, **more)


MOODS = ("joy", "anger", "fear")
PARTS = {"parts": ["why", "sad", "sum"], "texts": ["why"], "total": "sum", "high": 3}


@pytest.mark.parametrize(
    ("asked", "answers", "words"),
    [
        (step("label", labels=MOODS), [Answer("anger")], "anger"),
        (step("label_set", labels=MOODS), [Answer("fear"), Answer("joy")], "joy, fear"),
        (step("label_set", labels=MOODS), [NOTHING], "none"),
        (step("open_set"), [Answer("calm"), Answer("proud")], "[calm, proud]"),
        (step("open_set"), [NOTHING], "[]"),
        (step("score"), [Answer("it", value=0.8961)], "0.896"),
        (step("score", options={"low": -1}), [Answer("it", value=-0.5)], "-0.5"),
        (step("ordinal", options={"low": -3, "high": 3}), [Answer("it", value=-3.0)],
         "-3"),
        (step("quoted"), [Answer("it", text="no space left")], '"no space left"'),
        (step("quoted"), [NOTHING], "none"),
        (step("text"), [Answer("it", text="So sorry.")], "So sorry."),
        (step("sections", options={"parts": ["Signs", "Sum"]}),
         [Answer("Signs", text="he\nsighs"), Answer("Sum", text="sad")],
         "Signs: he\nsighs\n\nSum: sad"),
        (step("reasoned", labels=("yes", "no")),
         [Answer("yes"), Answer("explanation", text="It is bad.")],
         "yes. Reasoning: It is bad."),
        (step("fields", options=PARTS),
         [Answer("sad", value=2.0), Answer("sum", value=2.0),
          Answer("why", text="alone")],
         '{"why": "alone", "sad": 2}'),
    ],
    ids=lambda each: each.parser if isinstance(each, Step) else None,
)  # fmt: skip
def test_what_is_written_is_what_is_read(asked, answers, words):
    assert written(asked, answers, READING)[0] == words


@pytest.mark.parametrize(
    ("asked", "known", "reason"),
    [
        (step("label", labels=MOODS), "grief", "that is out_of_vocabulary"),
        (step("score"), "1.7", "that is out_of_range"),
        (step("quoted"), [Answer("it", text="no disk")], "'quoted' does not read back"),
        (step("ordinal", options={"high": 3}), [Answer("it", value=1.5)],
         "'ordinal' does not read back"),
        (step("label", labels=MOODS), [Answer("joy"), Answer("fear")],
         "'label' does not read back"),
    ],
)  # fmt: skip
def test_what_is_not_read_back_is_refused_with_its_reason(asked, known, reason):
    with pytest.raises(RowError, match=reason):
        written(asked, known, READING)


def test_words_of_a_file_are_read_before_they_are_written():
    target, answers = written(step("label", labels=MOODS), " JOY.", READING)

    assert (target, answers) == ("joy", [Answer("joy")])


def test_a_parser_that_cannot_write_is_named():
    check_writers([step("label", labels=MOODS)])

    with pytest.raises(UsageError, match="read by the parser 'steps', which"):
        check_writers([step("steps")])
