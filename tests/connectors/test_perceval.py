"""ReadPerceval: fields of sites that no other source reads, and the envelope."""

import json

import pytest

from affectflow.kinds.source import recognised
from affectflow_connectors.perceval.places import path_of
from affectflow_connectors.perceval.source import ReadPerceval
from tests.given import commits
from tests.given.perceval_items import SAME, item, living
from tests.given.perceval_others import OTHERS
from tests.given.reading import error_types, rows_of, written


@pytest.mark.parametrize("backend", OTHERS)
def test_fields_of_other_sites_are_read(tmp_path, backend):
    data, expected = OTHERS[backend]

    rows = living(tmp_path, item(backend, data))

    assert [(row["utterance_id"], row["text"]) for row in rows] == expected
    assert rows[0]["timestamp"] is not None


def test_an_older_version_of_a_page_gives_way_to_the_newer(tmp_path):
    page, _ = OTHERS["Confluence"]
    first = page | {"version": {"number": 1, "when": "2024-04-01T08:00:00Z"}}

    rows = living(tmp_path, item("Confluence", first), item("Confluence", page))

    assert [row["edited_at"] is None for row in rows] == [True, False]


# -- the envelope ----------------------------------------------------------------------

ITEM = item("Git", commits.PERCEVAL)
SHAPES = {
    "lines.ndjson": [ITEM],
    "array.json": [ITEM],
    "printed.json": json.dumps(ITEM, indent=4) + "\n" + json.dumps(ITEM, indent=4),
    "dumped.ndjson": [{"_index": "git", "_id": "x", "_source": ITEM}],
    "found.json": {"took": 1, "hits": {"total": 1, "hits": [{"_source": ITEM}]}},
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_the_envelope_is_read_and_recognised(tmp_path, name):
    path = written(tmp_path, SHAPES[name], name)

    rows = rows_of(ReadPerceval, path)

    assert {row["utterance_id"] for row in rows} == {f"git:{commits.FIRST}"}
    assert recognised(name, path.read_bytes())[0] is ReadPerceval


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (item("Jenkins", {"url": "x"}), "not_an_utterance"),
        (item("GitHub", {"forks": 3}, category="repository"), "not_an_utterance"),
        (item("Git", {"message": "no id", "commit": "", "AuthorDate": ""}), "no_id"),
        (item("Redmine", {"subject": "x"}), "no_id"),
        (item("Redmine", {"id": 3}), "no_text"),
        (item("Pipermail", {"a": 1}), "unknown_shape"),
        (item("Git", None), "unknown_shape"),
        ({"a": 1}, "unknown_shape"),
        (7, "unknown_shape"),
    ],
)
def test_what_is_no_message_is_dead_with_a_reason(tmp_path, record, error):
    path = written(tmp_path, [record], "a.ndjson")

    assert error_types(rows_of(ReadPerceval, path)) == [error]


@pytest.mark.parametrize("backend", [*SAME, *OTHERS, "Bugzilla", "Gerrit"])
@pytest.mark.parametrize("value", [{"a": 1}, {"id": {}, "number": [], "ts": None}])
def test_items_of_another_shape_end_nothing(tmp_path, backend, value):
    rows = rows_of(ReadPerceval, written(tmp_path, [item(backend, value)], "a.json"))

    assert rows
    assert all(row["errors"] for row in rows)


def test_an_origin_never_brings_a_key_along():
    assert path_of("https://ann:key@x.example/a/b/") == "x.example/a/b"
