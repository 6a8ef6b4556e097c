"""Logs are known by their shape, whatever tool wrote them; prose is none."""

import pyarrow as pa
import pytest

from affectflow_transforms.text.segments import find_segments, may_have_segments
from tests.given.unseen_logs import HELD_OUT, LOGS, PROSE


def logs(text):
    return [text[s.start : s.end] for s in find_segments(text) if s.type == "log"]


@pytest.mark.parametrize("said", LOGS.values(), ids=LOGS)
def test_logs_of_tools_that_no_rule_names_are_whole(said):
    text = f"I get this:\n\n{said}\n\nHelp?"

    assert [each.strip() for each in logs(text)] == [said.strip()]
    assert may_have_segments(pa.array([text])).to_pylist() == [True]


def test_of_logs_written_after_the_rules_most_are_found():
    found = [logs(f"I get this:\n\n{said}\n\nHelp?") for said in HELD_OUT.values()]

    assert sum(map(bool, found)) >= 15


def test_of_prose_that_looks_like_one_nearly_nothing_is_a_log():
    found = {text: logs(f"I get this:\n\n{text}\n\nHelp?") for text in PROSE}

    assert [text for text, taken in found.items() if taken] == [
        "[error] is all I see, and I hate it"
    ]
