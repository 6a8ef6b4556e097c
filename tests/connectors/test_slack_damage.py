"""Records and archives of Slack that are damaged, or of another shape."""

import json

import pytest

from affectflow_connectors.slack.export import ReadSlack
from tests.given.reading import (
    living,
    rows_of,
    why_dead,
    write_zip,
)
from tests.given.slack_exports import (
    DAY_ONE,
    DAY_TWO,
    EXPORT,
    GENERAL,
    IDS,
    LONE,
    page,
    said,
)


@pytest.mark.parametrize(
    ("record", "error"),
    [
        pytest.param(
            {"type": "message", "text": "no time"}, "missing_field", id="no ts"
        ),
        pytest.param(said("soon"), "missing_field", id="a ts that is no number"),
        pytest.param(
            {"type": "reaction_added", "ts": LONE}, "not_an_utterance", id="reaction"
        ),
        pytest.param(
            {"ok": False, "error": "ratelimited"}, "unknown_shape", id="error"
        ),
        pytest.param(7, "unknown_shape", id="number"),
        pytest.param({"messages": 7}, "unknown_shape", id="messages are no list"),
    ],
)
def test_what_is_no_message_is_dead_with_a_reason(tmp_path, record, error):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps([record, said(LONE)]))

    rows = rows_of(ReadSlack, path)

    assert why_dead(rows) == [error]
    assert len(living(rows)) == 1


VALUES = [{}, [], 7, None, True, "\ud800", {"a": [{}]}, [[[]]]]
FIELDS = (
    "text user thread_ts subtype edited reactions files blocks attachments channel "
    "bot_id comment file permalink type"
)


@pytest.mark.parametrize("field", FIELDS.split())
def test_fields_of_another_type_end_nothing(tmp_path, field):
    odd = [said(LONE) | {field: value} for value in VALUES]

    rows = rows_of(ReadSlack, page(tmp_path, *odd, *DAY_ONE))

    assert len(rows) == len(odd) + 2
    assert len(living(rows)) >= 2


def test_a_damaged_member_ends_no_other(tmp_path):
    files = EXPORT | {"general/2020-01-01.json": b'[{"type": "message", "ts'}
    rows = rows_of(
        ReadSlack, write_zip(tmp_path / "e.zip", files), include_private=False
    )

    assert [row["text"] for row in living(rows)] == [DAY_TWO[0]["text"]]
    assert "truncated_file" in why_dead(rows)


def test_an_archive_that_ends_too_early_is_said_in_one_row(tmp_path):
    path = write_zip(tmp_path / "e.zip", EXPORT)
    path.write_bytes(path.read_bytes()[:-100])

    (row,) = rows_of(ReadSlack, path)

    assert why_dead([row]) == ["damaged_file"]
    assert "damaged zip archive" in row["errors"][0]["message"]


def test_names_that_lead_out_and_bombs_are_refused(tmp_path):
    files = EXPORT | {
        "../general/2020-01-03.json": [said("1578000000.000000", "out")],
        "general/2020-01-04.json": b" " * (64 << 20) + b"[]",
    }
    rows = rows_of(
        ReadSlack, write_zip(tmp_path / "e.zip", files), include_private=False
    )

    messages = [r["errors"][0]["message"] for r in rows if r["errors"]]
    assert len([m for m in messages if "points outside" in m]) == 1
    assert len([m for m in messages if "would grow" in m]) == 1
    assert sorted(row["utterance_id"] for row in living(rows)) == IDS


def test_lines_are_the_same_however_they_are_cut(tmp_path, monkeypatch):
    lines = [json.dumps(said(f"157787280{n}.000000", "x" * n)) for n in range(9)]
    path = tmp_path / f"{GENERAL}.jsonl"
    path.write_text("\n".join(lines))
    whole = rows_of(ReadSlack, path)

    for size in (1, 7, 50, 333):
        source = ReadSlack(paths=str(path))
        ranges = [(n, min(n + size, path.stat().st_size))
                  for n in range(0, path.stat().st_size, size)]  # fmt: skip
        (first,) = source.splits(str(path))
        cut = [
            row
            for start, end in ranges
            for batch in source.read(first._replace(start=start, end=end))
            for row in batch.to_pylist()
        ]
        assert cut == whole
