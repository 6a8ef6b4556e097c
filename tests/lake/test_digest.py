import datetime as dt

import pyarrow as pa
import pytest

from affectflow.errors import LakeError
from affectflow.lake.commits import commit
from affectflow.lake.digest import digest
from affectflow.lake.files import write_file
from affectflow.lake.layout import Lake
from affectflow.schemas import TABLES

NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
ROWS = {
    "utterances": [
        {
            "utterance_id": f"u{n}",
            "conversation_id": "c",
            "text": f"text {n}",
            "timestamp": NOON,
            "origin": f"a.jsonl:{n}",
            "speaker_id": "s",
            "segments": [{"type": "code", "start": 0, "end": 2}],
        }
        for n in range(4)
    ],
    "annotations": [
        {
            "utterance_id": f"u{n}",
            "annotator_id": "model",
            "label": "joy",
            "score": 0.9,
            "chosen": n < 3,
            "rank": 1,
            "start": 0,
            "end": 4,
            "status": "ok",
        }
        for n in range(4)
    ],
    "causes": [{"cause_id": "x", "cause_text": "text", "status": "ok", "score": 0.5}],
    "dead_letters": [
        {"step": "ReadJsonl", "run_id": "r1", "at": NOON, "origin": "a:1"}
    ],
    "runs": [{"run_id": "r1", "stage": "ingest"}],
}


def lake(folder, change=None, *, files=1, backwards=False):
    """Returns the URI of a lake with `ROWS`, changed, spread over files."""
    made = Lake.create(str(folder / "lake"))
    for table, rows in ROWS.items():
        rows = [dict(row) for row in (reversed(rows) if backwards else rows)]
        if change and change[0] == table:
            rows[-1][change[1]] = change[2]
        for number in range(files):
            write(made, table, f"b0-{number}.parquet", rows[number::files])
    return made.uri


def write(made, name, path, rows):
    table = pa.Table.from_pylist(rows, schema=TABLES[name])
    commit(made.storage, name, [write_file(made.storage, name, path, table)])


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    return digest(lake(tmp_path_factory.mktemp("before")))


def test_the_same_rows_in_other_files_and_another_order_are_the_same(tmp_path, before):
    assert digest(lake(tmp_path, files=3, backwards=True)) == before


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("utterances", "text", "text 3!"),
        ("utterances", "text", None),
        ("utterances", "utterance_id", "u9"),
        ("utterances", "timestamp", NOON + dt.timedelta(microseconds=1)),
        ("utterances", "segments", [{"type": "code", "start": 0, "end": 3}]),
        ("annotations", "chosen", True),
        ("annotations", "label", None),
        ("causes", "cause_text", "ext"),
        ("causes", "start", 1),
        ("causes", "status", "latent"),
        ("dead_letters", "step", "NormalizeText"),
    ],
)
def test_a_digest_changes_with_what_a_row_says(tmp_path, before, table, column, value):
    after = digest(lake(tmp_path, (table, column, value)))

    changed = {name for name in before if before[name] != after[name]}
    assert changed == {table, "lake"}


@pytest.mark.parametrize(
    ("column", "value"), [("label", "fear"), ("start", 1), ("status", "truncated")]
)
def test_a_digest_changes_with_what_an_annotator_chose(tmp_path, before, column, value):
    # The last row of `annotations` backwards is the first one: a chosen one.
    after = digest(lake(tmp_path, ("annotations", column, value), backwards=True))

    assert after["annotations"] != before["annotations"]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("utterances", "origin", "b.jsonl:7"),
        ("utterances", "speaker_id", "another lake's pseudonym"),
        ("utterances", "bucket", 3),
        ("annotations", "score", 0.90001),
        ("annotations", "label", "fear"),
        ("causes", "score", 0.4),
        ("dead_letters", "run_id", "r2"),
        ("dead_letters", "at", NOON + dt.timedelta(days=1)),
        ("dead_letters", "origin", "b:1"),
        ("runs", "run_id", "r2"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_digest_leaves_out_scores_runs_and_places(
    tmp_path, before, table, column, value
):
    assert digest(lake(tmp_path, (table, column, value))) == before


def test_a_row_that_is_there_twice_counts_twice(tmp_path, before):
    uri = lake(tmp_path)
    for number in (7, 8):
        write(Lake.open(uri), "causes", f"b0-{number}.parquet", ROWS["causes"])

    assert digest(uri)["causes"] != before["causes"]


def test_there_is_no_digest_of_no_lake(tmp_path):
    with pytest.raises(LakeError, match="no lake at"):
        digest(str(tmp_path / "x"))
