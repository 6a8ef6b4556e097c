"""Records and exports of Discord that are damaged, or of another shape."""

import json

import pytest

from tests.given.discord_exports import (
    FIRST,
    SECOND,
    export,
    read,
    said,
)
from tests.given.reading import living, why_dead

VALUES = [{}, [], 7, None, True, "\ud800", {"a": [{}]}, [[[]]]]
FIELDS = "content type timestamp author reference reactions embeds mentions poll thread"


@pytest.mark.parametrize("field", FIELDS.split())
def test_fields_of_another_type_end_nothing(tmp_path, field):
    odd = [said(FIRST) | {field: value} for value in VALUES]

    rows = read(tmp_path, export(*odd, said(SECOND)))

    assert len(rows) == len(odd) + 1
    assert not rows[-1]["errors"]


@pytest.mark.parametrize(
    ("record", "error"),
    [
        pytest.param({"content": "no id"}, "missing_field", id="no id"),
        pytest.param({"op": 0, "t": "TYPING", "d": {}}, "not_an_utterance", id="t"),
        pytest.param({"code": 50001, "message": "no"}, "unknown_shape", id="error"),
        pytest.param(7, "unknown_shape", id="number"),
    ],
)
def test_what_is_no_message_is_dead_with_a_reason(tmp_path, record, error):
    assert why_dead(read(tmp_path, [record])) == [error]


def test_an_export_that_is_cut_gives_what_came_before(tmp_path):
    text = json.dumps(export(said(FIRST), said(SECOND)))

    rows = read(tmp_path, text[: text.rindex('"author"')])

    assert [row["utterance_id"] for row in living(rows)] == [f"discord:{FIRST}"]
    assert why_dead(rows)
