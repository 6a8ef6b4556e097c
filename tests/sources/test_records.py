"""What JsonSource makes of records: lists apart, other values and shapes refused."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from affectflow.errors import UsageError
from affectflow.sources.json_source import JsonSource
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError
from tests.given.reading import error_types, rows_of, rows_of_text, written


@dataclass(kw_only=True)
class ReadToots(JsonSource):
    site: ClassVar[str] = "toots"

    def rows(self, record, where):
        if "toots" in record:
            for each in record["toots"]:
                yield attempt(self.row, each)
        else:
            yield self.row(record)

    def row(self, record):
        if record.get("stop"):
            raise UsageError("give the other option")
        if record.get("gone"):
            raise RefusedError("a toot that is gone", "gone")
        id_ = f"toots:{record['id'] + 1}"
        return {
            **{"utterance_id": id_, "conversation_id": id_, "source": "toots"},
            "text": record["text"].strip(),
        }


GOOD = {"id": 1, "text": " hi "}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(GOOD, [""], id="object"),
        pytest.param([GOOD, [[GOOD]]], ["", ""], id="lists are taken apart"),
        pytest.param([GOOD, 7, GOOD], ["", "unknown_shape", ""], id="a number in one"),
        pytest.param(["hi"], ["unknown_shape"], id="text"),
        pytest.param({"gone": True}, ["gone"], id="refused"),
        pytest.param({"toots": [{"gone": 1}, GOOD]}, ["gone", ""], id="one of several"),
        pytest.param({"id": 1}, ["unknown_shape"], id="a field is missing"),
        pytest.param({"id": "1", "text": ""}, ["unknown_shape"], id="another type"),
        pytest.param({"id": 1, "text": []}, ["unknown_shape"], id="no such method"),
        pytest.param({"toots": [{}, GOOD]}, ["unknown_shape", ""], id="a missing part"),
    ],
)
@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_a_record_is_rows_or_dead_rows(tmp_path, name, record, expected):
    said = [record] if name == "a.ndjson" else record

    assert error_types(rows_of_text(ReadToots, tmp_path, said, name)) == expected


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7, "a JSON number where an object was expected"),
        ("a", "a JSON string where an object was expected"),
        (None, "a JSON null where an object was expected"),
        ({"id": 1}, "a record of an unknown shape: KeyError: 'text'"),
    ],
)
def test_a_refusal_is_said_in_plain_words(tmp_path, value, said):
    (row,) = rows_of_text(ReadToots, tmp_path, [value], "a.ndjson")

    assert row["errors"][0]["message"] == said


def test_a_mistake_of_the_caller_is_not_a_dead_row(tmp_path):
    path = written(tmp_path, [{"id": 1, "stop": True}], "a.ndjson")

    with pytest.raises(UsageError, match="other option"):
        rows_of(ReadToots, path)
