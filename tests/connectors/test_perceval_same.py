"""ReadPerceval: what other sources read has their ids."""

import pytest

from affectflow import registry
from affectflow_connectors.perceval.source import ReadPerceval
from tests.given import commits
from tests.given.perceval_items import SAME, item, living
from tests.given.reading import rows_of, rows_of_ranges, written

KEYS = (
    *("utterance_id", "conversation_id", "reply_to", "text", "timestamp"),
    *("speaker_id", "kind", "source", "visibility"),
)


@pytest.mark.parametrize("backend", SAME)
def test_a_message_is_the_same_as_its_own_source_reads_it(tmp_path, backend):
    name, data, own, options = SAME[backend]
    path = written(tmp_path, own, "own")

    found = living(tmp_path, item(backend, data))

    source = registry.load("connectors", name)
    expected = [row for row in rows_of(source, path, **options) if not row["errors"]]
    assert found
    assert sorted([row[key] for key in KEYS] for row in found) == sorted(
        [row[key] for key in KEYS] for row in expected
    )


def test_a_repository_or_a_list_is_named_by_the_origin(tmp_path):
    origin = "https://bot:s3cret@x.example/door/hinge.git"

    rows = living(tmp_path, item("Git", commits.PERCEVAL, origin=origin))

    assert rows[0]["container"] == "hinge"
    assert "s3cret" not in str(rows)


def test_any_cut_into_byte_ranges_gives_the_same_rows(tmp_path):
    items = [item(name, data) for name, (_, data, _, _) in SAME.items()]
    path = written(tmp_path, items, "a.ndjson")
    cuts = list(range(0, path.stat().st_size, 997))

    whole = rows_of(ReadPerceval, path, include_private=False)
    assert rows_of_ranges(ReadPerceval, path, cuts) == whole
