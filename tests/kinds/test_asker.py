"""Askers, with a scripted model: it proves routing only."""

import json
import pickle

import pyarrow as pa
import pytest

from affectflow.batches.batch import is_dead, with_column
from affectflow.errors import UsageError
from affectflow.kinds.account import open_account
from affectflow.kinds.asker import Completion
from tests.given.moods import MOOD, WHY, asked, said
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


def test_a_text_is_asked_and_its_answer_is_a_row(tmp_path):
    script = lambda question, request: "bad" if "broke" in question else "good"  # noqa: E731

    _, rows, model = asked(
        tmp_path, MOOD, script, utterances("it broke", "thanks"), decode="text"
    )

    assert said(rows, "task", "vocabulary", "label", "chosen", "status", "raw") == [
        [("mood", "asked.mood", "bad", True, "ok", "bad")],
        [("mood", "asked.mood", "good", True, "ok", "good")],
    ]
    question = model.questions[0]
    assert marked(question) == "it broke"
    assert question.startswith("How is it? [text ")
    assert question.endswith("] Say good, bad.")


def test_a_closed_question_is_answered_by_likelihood(tmp_path):
    script = lambda question, request: {"good": 0.25, "bad": 0.75}  # noqa: E731

    _, rows, model = asked(tmp_path, MOOD, script, utterances("it broke"))

    assert model.calls[0][0].choices == ("good", "bad")
    assert said(rows, "label", "score", "rank", "chosen", "raw") == [
        [("bad", 0.75, 1, True, None), ("good", 0.25, 2, False, None)]
    ]


def test_steps_go_out_together_and_a_later_one_only_where_it_is_wanted(tmp_path):
    def script(question, request):
        if question.startswith("How"):
            return "bad" if "broke" in question else "good"
        return "because"

    _, rows, model = asked(
        tmp_path,
        MOOD + WHY,
        script,
        utterances("it broke", "thanks", "broke again"),
        decode="text",
    )

    assert [len(call) for call in model.calls] == [3, 2]
    assert model.questions[3].startswith("It is bad. Why? [text ")
    assert said(rows, "label", "raw") == [
        [("bad", "bad"), ("why", "because")],
        [("good", "good")],
        [("bad", "bad"), ("why", "because")],
    ]


@pytest.mark.parametrize(("answer", "asked_of"), [("because", 2), ("", 1)])
def test_a_step_can_wait_for_a_text(tmp_path, answer, asked_of):
    text = 'task = "mood"' + WHY.replace('when = "mood=bad"', "").replace("{mood}", "")
    later = '[[steps]]\nname = "next"\ntext = "{why}"\nparser = "whole"\nwhen = "why"\n'

    _, _, model = asked(tmp_path, text + later, lambda q, r: answer, utterances("hi"))

    assert len(model.questions) == asked_of


def test_equal_requests_are_asked_once(tmp_path):
    _, rows, model = asked(
        tmp_path, MOOD, lambda q, r: {"good": 1}, utterances("+1", "no", "+1", "+1")
    )

    assert len(model.questions) == 2
    assert said(rows, "label") == [[("good",)]] * 4


def test_a_request_that_fails_is_alone_in_failing(tmp_path):
    def script(question, request):
        return ValueError("refused") if "poison" in question else "good"

    result, rows, model = asked(
        tmp_path, MOOD, script, utterances("a", "poison", "b"), decode="text"
    )

    assert is_dead(result).to_pylist() == [False, True, False]
    assert result["errors"][1].as_py()[0]["message"] == "refused"
    assert said(rows, "label") == [[("good",)], [], [("good",)]]
    assert len(model.calls) == 1


def test_a_call_that_fails_as_a_whole_is_halved_to_the_one_at_fault(tmp_path):
    def script(question, request):
        if "poison" in question:
            raise ValueError("down")
        return "good"

    result, rows, _ = asked(
        tmp_path, MOOD, script, utterances("a", "poison", "b", "c"), decode="text"
    )

    assert is_dead(result).to_pylist() == [False, True, False, False]
    assert said(rows, "label") == [[("good",)], [], [("good",)], [("good",)]]


def test_silence_is_asked_of_no_model(tmp_path):
    _, rows, model = asked(
        tmp_path, MOOD, lambda q, r: {"good": 1}, utterances("", None, " ", "hi")
    )

    assert len(model.questions) == 1
    assert said(rows, "status")[:3] == [[("no_author_text",)]] * 3
    assert rows[0][0]["label"] is None


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param("good", "ok", id="a label"),
        pytest.param("superb", "out_of_vocabulary", id="no label"),
        pytest.param("", "unparsed", id="nothing"),
    ],
)
def test_an_answer_that_does_not_fit_is_a_status_and_stays_raw(
    tmp_path, answer, status
):
    text = MOOD.replace("one_label", "any_label")

    _, rows, _ = asked(tmp_path, text, lambda q, r: answer, utterances("hi"))

    assert said(rows, "status", "raw") == [[(status, answer)]]
    assert rows[0][0]["label"] == ("good" if status == "ok" else None)
    assert rows[0][0]["chosen"] is (status == "ok")


def test_a_cut_question_is_answered_and_said_to_be_cut(tmp_path):
    script = lambda q, r: Completion(text="bad", truncated=True)  # noqa: E731

    _, rows, _ = asked(tmp_path, MOOD, script, utterances("hi"), decode="text")

    assert said(rows, "label", "status") == [[("bad", "truncated")]]


def test_quoted_words_stand_at_their_place_in_the_text(tmp_path):
    text = MOOD.replace("one_label", "quote").replace('labels = ["good", "bad"]', "")
    text = text.replace(" Say {labels}.", "")
    batch = utterances("run `make` and it broke")
    code = [{"type": "code", "start": 4, "end": 10}]
    field = batch.schema.field("segments")
    batch = with_column(batch, field, pa.array([code], field.type))

    _, rows, model = asked(tmp_path, text, lambda q, r: "it broke", batch)

    assert marked(model.questions[0]) == "run [CODE] and it broke"
    assert said(rows, "label", "start", "end", "raw") == [
        [("mood", 15, 23, "it broke")]
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            MOOD.replace('labels = ["good", "bad"]', "").replace("{labels}", ""),
            "step 'mood' of prompt 'asked' cannot be asked with decode=choice: it has "
            "no labels; use decode=auto",
            id="no labels",
        ),
        pytest.param(
            MOOD.replace("one_label", "any_label"),
            "its parser 'any_label' does not take exactly one label; use decode=auto",
            id="several labels",
        ),
        pytest.param(
            MOOD.replace("one_label", "one_lable"),
            "no plugin in affectflow.parsers is named 'one_lable'; did you mean "
            "'one_label'",
            id="no parser",
        ),
    ],
)
def test_what_cannot_be_asked_by_choice_is_refused(tmp_path, text, line):
    path = prompt_file(tmp_path, text)

    with pytest.raises(UsageError) as refused:
        scripted(path, str, decode="choice")

    assert line in str(refused.value)


def test_the_id_follows_the_prompt_and_not_where_it_lies(tmp_path):
    (tmp_path / "copy").mkdir()
    first = scripted(prompt_file(tmp_path, MOOD), str)
    copy = scripted(prompt_file(tmp_path / "copy", MOOD), str)
    other = scripted(prompt_file(tmp_path, MOOD.replace("How", "Now"), "asked"), str)

    assert first.annotator() == copy.annotator()
    assert first.annotator()["annotator_id"] != other.annotator()["annotator_id"]
    assert first.annotator()["prompt_hash"] == first.asked.digest
    assert first.annotator()["kind"] == "prompt"


def test_a_model_that_answers_too_few_is_told_so(tmp_path):
    handler = scripted(prompt_file(tmp_path, MOOD), str)
    type(handler).complete = lambda self, requests, model: []

    with pytest.raises(UsageError, match="returned 0 completions for 1 request;"):
        handler.apply(utterances("hi"), handler.load_model())


def test_it_survives_the_way_to_a_worker(tmp_path):
    handler = scripted(prompt_file(tmp_path, MOOD), lambda q, r: {"good": 1})
    again = pickle.loads(pickle.dumps(handler.asked))

    assert again == handler.asked


def test_a_stimulus_makes_another_annotator(tmp_path):
    pack = tmp_path / "pack.toml"
    pack.write_text('[texts]\nA = "Try hard."\n')
    path = prompt_file(tmp_path, MOOD)
    plain, wrapped = scripted(path, str), scripted(path, str, stimulus=f"{pack}:A")

    assert wrapped.asked.steps[0].text.endswith("Say {labels}. Try hard.")
    assert plain.annotator()["annotator_id"] != wrapped.annotator()["annotator_id"]
    said, bare = (
        json.loads(each.annotator()["parameters"]) for each in (wrapped, plain)
    )
    assert (said["stimulus"], said["unstimulated"]) == ("pack:A", bare["prompt"])
    assert "unstimulated" not in bare


def test_a_preview_cannot_be_asked(tmp_path):
    with pytest.raises(UsageError, match="`preview` only shows"):
        scripted(prompt_file(tmp_path, MOOD), str, preview=3)


def test_first_requests_are_filled_and_nothing_is_asked(tmp_path):
    handler = scripted(prompt_file(tmp_path, MOOD), str)

    requests = handler.first_requests(utterances("", "hi"))

    assert list(requests) == [1]
    assert marked(requests[1].messages[-1].content) == "hi"


def test_a_later_step_waits_for_the_answer_not_for_what_has_a_score(tmp_path):
    text = MOOD + WHY.replace("mood=bad", "mood=good")

    _, rows, model = asked(
        tmp_path, text, lambda q, r: {"good": 0.1, "bad": 0.9}, utterances("hi")
    )

    assert len(model.questions) == 1
    assert said(rows, "label") == [[("bad",), ("good",)]]


def test_each_step_of_a_prompt_is_its_share_of_a_part(tmp_path):
    reached: list[float] = []
    with open_account() as opened:
        opened.watcher = reached.append
        batch = utterances("a", "b")
        asked(tmp_path, MOOD + WHY, lambda q, r: "bad", batch, decode="text")

    assert reached == [0.25, 0.5, 0.75, 1.0]
