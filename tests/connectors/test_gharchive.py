import gzip
import json
from collections import Counter

import pytest

from affectflow.kinds.source import Split
from affectflow.testing import run
from affectflow_connectors.github.archive import ReadGharchive


def rows(source, *splits):
    return [r for s in splits for b in source.read(s) for r in b.to_pylist()]


@pytest.fixture
def events(shared_data):
    return shared_data / "raw_gharchive" / "events.json.gz"


def test_an_hour_gives_every_message_and_counts_the_rest(events):
    source = ReadGharchive(paths=str(events))
    source.check()

    found = rows(source, *source.splits(str(events)))

    assert Counter(r["kind"] for r in found if not r["errors"]) == {
        "pull_request": 32,
        "issue": 25,
        "comment": 23,
        "review_comment": 7,
        "review": 2,
        "release": 1,
        "commit_comment": 1,
    }
    assert Counter(r["errors"][0]["error_type"] for r in found if r["errors"]) == {
        "not_an_utterance": 30
    }


def test_ids_are_those_of_the_rest_interface(events):
    source = ReadGharchive(paths=str(events))

    found = rows(source, *source.splits(str(events)))

    comment = next(r for r in found if r["kind"] == "comment")
    assert comment["utterance_id"] == (
        "github:user-f8359b92/client-java#235/issuecomment-883913999"
    )
    assert comment["conversation_id"] == "github:user-f8359b92/client-java#235"
    assert comment["source"] == "github"


def test_byte_ranges_give_the_rows_of_the_stream(events, tmp_path):
    plain = tmp_path / "events.json"
    plain.write_bytes(gzip.decompress(events.read_bytes()))
    size = plain.stat().st_size
    source = ReadGharchive(paths=str(plain))
    bounds = [*range(0, size, 50_000), size]
    pieces = [
        Split(str(plain), start, min(start + 50_000, size), size)
        for start in bounds[:-1]
    ]

    streamed = ReadGharchive(paths=str(events))
    expected = rows(streamed, *streamed.splits(str(events)))

    found = rows(source, *pieces)
    assert [r["utterance_id"] for r in found] == [r["utterance_id"] for r in expected]
    assert [r["origin"].split("#")[1] for r in found] == [
        r["origin"].split("#")[1] for r in expected
    ]


@pytest.mark.parametrize(
    ("event", "error_type"),
    [
        pytest.param({"type": "PushEvent"}, "not_an_utterance", id="a push"),
        pytest.param(
            {"type": "PullRequestEvent", "payload": {"pull_request": {"number": 1}}},
            "not_an_utterance",
            id="a pull request without its words",
        ),
        pytest.param(
            {"type": "IssuesEvent", "payload": {"issue": {"number": 1, "title": "a"}}},
            "missing_field",
            id="no repository",
        ),
    ],
)
def test_an_event_without_a_message_is_one_dead_row(tmp_path, event, error_type):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(event) + "\n{damaged\n")
    source = ReadGharchive(paths=str(path))

    found = rows(source, *source.splits(str(path)))

    assert [r["errors"][0]["error_type"] for r in found] == [error_type, "invalid_json"]


def test_an_hour_is_read_in_a_pipeline(events):
    assert run(ReadGharchive(paths=str(events))).num_rows == 121
