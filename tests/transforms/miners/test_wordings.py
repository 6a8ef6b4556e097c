"""RuleMiner: which words it takes for the cause of which emotion."""

import pytest

from tests.given.mined_turns import SENTENCES, only_cause


@pytest.mark.parametrize(
    ("text", "label", "expected"), SENTENCES.values(), ids=SENTENCES.keys()
)
def test_each_wording_gives_its_cause(text: str, label: str, expected: str) -> None:
    cause = only_cause(text, label)
    assert (cause["status"], cause["cause_text"]) == ("ok", expected)
    assert text[cause["start"] : cause["end"]] == expected
    assert cause["cause_type"] == "no_context"


SILENT = {
    "empty": "",
    "one_word": "Ugh!!!",
    "stop_words": "It is what it is.",
    "one_content_word": "This is horrible.",
    "only_code": "`raise ValueError(bad)`",
    "only_a_link": "https://example.org/wrong/broken",
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT.keys())
def test_words_without_content_give_none_found_and_no_span(text: str) -> None:
    cause = only_cause(text, "anger", segments=None)
    assert cause["status"] == "none_found"
    spans = ("cause_utterance_id", "start", "end", "cause_text", "summary", "score")
    assert [cause[name] for name in spans] == [None] * 6
