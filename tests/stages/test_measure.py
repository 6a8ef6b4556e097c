"""The stage measure: values in the lake, a row of runs, and what is refused."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affectflow.errors import LakeError, UsageError
from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.files import write_file
from affectflow.schemas import TABLES
from affectflow.stages import measure_file, measure_lake
from tests.given.stage_runs import ask

KINDS = {"u1": "issue", "u2": "comment", "u3": None}
TEXTS = {
    "ann": {"u1": "the build breaks", "u2": "it is so slow", "u3": "crash"},
    "llm": {"u1": "the build", "u2": "it is so slow", "u3": " "},
}
HALF = {"order": 1, "distinct": 0}


def causes():
    for who, texts in TEXTS.items():
        for utterance_id, text in texts.items():
            yield {
                "cause_id": f"{who}{utterance_id}",
                "utterance_id": utterance_id,
                "label": "anger",
                "cause_utterance_id": utterance_id,
                "cause_text": text,
                "status": "ok",
                "annotator_id": who,
            }


TABLES_OF_LAKE = {
    "utterances": [
        {
            "utterance_id": name,
            "conversation_id": f"c{name}",
            "kind": kind,
            "attrs": [("team", "red")] if kind else None,
        }
        for name, kind in KINDS.items()
    ],
    "annotators": [
        {"annotator_id": "ann", "kind": "person"},
        {"annotator_id": "llm", "kind": "model"},
    ],
    "causes": list(causes()),
}


def made(folder: Path, *tables: str) -> str:
    lake = Lake.create(str(folder / "lake"))
    for name in tables:
        table = pa.Table.from_pylist(TABLES_OF_LAKE[name], schema=TABLES[name])
        path = "b00000-0000000000000000.parquet"
        commit(lake.storage, name, [write_file(lake.storage, name, path, table)])
    return lake.uri


@pytest.fixture
def lake(tmp_path) -> str:
    """A lake where a person and a model named causes of the same emotions."""
    return made(tmp_path, *TABLES_OF_LAKE)


def said(lake: str, what: str = "label, value") -> list[tuple]:
    query = f"SELECT {what} FROM measures WHERE kind = 'text-overlap' ORDER BY ALL"
    return ask(lake, query)


def test_values_go_to_measures_and_what_was_done_to_runs(lake):
    found = measure_lake(lake, "TextOverlap", options=HALF)

    # Two of three words; all four; nothing.
    values = dict(said(lake))
    assert values["recall"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert values["precision"] == pytest.approx(2 / 3)
    assert said(lake, "unit_type, unit_id, n") == [("annotator", "llm", 3)] * 6
    ((stage, state, config, counters),) = ask(
        lake, "SELECT stage, state, config, counters FROM runs"
    )
    assert (stage, state) == ("measure", "done")
    assert json.loads(config)["options"] == {"tokens": "word", "against": "", **HALF}
    assert dict(counters) == {"observations": 3, "values": 6}
    assert found.run is not None
    assert len(found.rows) == 6


@pytest.mark.rotated
def test_the_same_settings_replace_their_values_others_stand_beside_them(lake):
    measure_lake(lake, "TextOverlap", options=HALF)
    first = said(lake, "measure_id, value")
    measure_lake(lake, "text-overlap", options=HALF)
    again = said(lake, "measure_id, value")
    measure_lake(lake, "text-overlap", options={**HALF, "tokens": "char"})

    assert again == first
    assert len(said(lake)) == 2 * len(first)
    assert len(set(said(lake, "measure_id"))) == 2 * len(first)


def test_another_annotator_may_be_the_reference_and_blanks_are_counted(lake):
    found = measure_lake(lake, "TextOverlap", options={**HALF, "against": "ll"})

    assert {row["unit_id"] for row in found.rows} == {"ann"}
    assert found.left_out == {"blank reference": 1}
    ((counters,),) = ask(lake, "SELECT counters FROM runs")
    assert dict(counters)["blank reference"] == 1


def test_a_column_of_utterances_groups(lake):
    found = measure_lake(lake, "TextOverlap", options=HALF, by="kind")

    recall = {r["group"]: r["value"] for r in found.rows if r["label"] == "recall"}
    assert recall == {
        "(all)": pytest.approx(5 / 9),
        "issue": pytest.approx(2 / 3),
        "comment": 1,
        "(unknown)": 0,
    }


def test_an_attribute_groups_too(lake):
    found = measure_lake(lake, "TextOverlap", options=HALF, by="attrs.team")

    recall = {r["group"]: r["value"] for r in found.rows if r["label"] == "recall"}
    assert recall["red"] == pytest.approx((2 / 3 + 1) / 2)
    assert recall["(unknown)"] == 0


@pytest.mark.parametrize(
    ("options", "by", "message"),
    [
        (
            {"against": "nobody"},
            "",
            "no annotator 'nobody' in this lake; known: 'llm'",
        ),
        ({}, "knd", "no column 'knd' in utterances; --by is length or one of"),
        ({}, "attrs.tea", "no such attribute; known: attrs.team"),
        ({}, "speaker_id", "would show individuals"),
        ({"order": 0}, "", "`order` must be at least 1"),
    ],
)
def test_what_a_lake_cannot_answer_is_said_in_one_line(lake, options, by, message):
    with pytest.raises(UsageError) as caught:
        measure_lake(lake, "TextOverlap", options=options, by=by)

    assert "\n" not in str(caught.value)
    assert message in str(caught.value)
    assert not said(lake)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ((), "has no utterances, which text-overlap reads: .* `affectflow ingest`"),
        (
            ("utterances",),
            "has no causes, which text-overlap reads: .* `affectflow mine`",
        ),
    ],
)
def test_a_lake_without_what_is_read_says_which_command_makes_it(
    tmp_path, tables, message
):
    uri = made(tmp_path, *tables)

    with pytest.raises(LakeError, match=message):
        measure_lake(uri, "TextOverlap")


PAIRS = {"id": [1, 2], "text": ["the build", None], "gold": ["the build", "so slow"]}
MAPPED = {"candidate": "text", "reference": "gold"}


@pytest.fixture(params=["parquet", "csv", "jsonl"])
def file(request, tmp_path) -> str:
    path: Path = tmp_path / f"pairs.{request.param}"
    if request.param == "parquet":
        pq.write_table(pa.table(PAIRS), path)
    elif request.param == "csv":
        path.write_text("id,text,gold\n1,the build,the build\n2,,so slow\n")
    else:
        rows = pa.table(PAIRS).to_pylist()
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_a_file_of_each_kind_says_the_same(file):
    found = measure_file(file, "TextOverlap", options=HALF, mapping=MAPPED)

    assert {row["label"]: row["value"] for row in found.rows}["f1"] == 1
    assert (found.observations, found.left_out) == (1, {"no candidate": 1})
    assert found.run is None


def test_values_of_a_file_go_to_a_lake_that_is_named(tmp_path, lake):
    path = tmp_path / "pairs.csv"
    path.write_text("candidate,reference,group\na,a,x\nb,c,y\n")

    measure_file(str(path), "TextOverlap", options=HALF, by="group", to=lake)

    assert len(said(lake)) == 3 * 6
    assert len(set(said(lake, "measure_id"))) == 3 * 6


def test_a_parquet_file_that_is_damaged_inside_is_refused(tmp_path):
    path = tmp_path / "numbers.parquet"
    texts = [f"the build {number}" for number in range(9_000)]
    pq.write_table(pa.table({"candidate": texts, "reference": texts}), path)
    whole = bytearray(path.read_bytes())
    whole[20:2_000] = bytes(1_980)
    path.write_bytes(whole)

    with pytest.raises(UsageError, match="is not a whole Parquet file"):
        measure_file(str(path), "TextOverlap")
