import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow.batches.nesting import nest, rows_of, unnest
from affectflow.schemas import (
    ANNOTATIONS,
    CAUSES,
    CUES,
    FINDINGS,
    UTTERANCES,
    VECTORS,
    fields,
)

NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
COPIED = ("conversation_id", "timestamp", "source", "container", "speaker_id")
WORD = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
FINDING = {
    "cues": st.fixed_dictionaries(
        {
            "cue": WORD,
            "value": st.none() | st.floats(-9, 9),
            "start": st.none() | st.integers(0, 99),
        }
    ),
    "annotations": st.fixed_dictionaries(
        {
            "label": WORD,
            "score": st.none() | st.floats(0, 1, width=32),
            "rank": st.none() | st.integers(1, 28),
            "chosen": st.none() | st.booleans(),
        }
    ),
    "causes": st.fixed_dictionaries(
        {"cause_id": WORD, "end": st.none() | st.integers(0, 9)}
    ),
    "vectors": st.fixed_dictionaries(
        {"modality": WORD, "vector": st.none() | st.lists(st.floats(-9, 9, width=32))}
    ),
}


def utterances(name, findings):
    """Returns one utterance for each list of findings."""
    rows = [
        {
            "utterance_id": f"u{n}",
            "conversation_id": "c",
            "timestamp": NOON + dt.timedelta(minutes=n),
            "source": "jsonl",
            "container": None,
            "speaker_id": f"s{n % 2}",
            name: found,
        }
        for n, found in enumerate(findings)
    ]
    schema = pa.schema([*fields(UTTERANCES, "utterance_id", *COPIED), FINDINGS[name]])
    return pa.RecordBatch.from_pylist(rows, schema=schema)


@pytest.mark.parametrize("name", FINDINGS)
@given(data=st.data())
def test_what_is_unnested_nests_again(name, data):
    findings = data.draw(st.lists(st.lists(FINDING[name], max_size=3), max_size=6))
    batch = utterances(name, findings).slice(data.draw(st.integers(0, 3)))

    rows = pa.Table.from_batches([unnest(batch, name)])
    lists = nest(rows, name, batch["utterance_id"])

    lists.validate(full=True)
    assert lists.type == FINDINGS[name].type
    assert lists.to_pylist() == batch[name].to_pylist()


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("cues", CUES),
        ("annotations", ANNOTATIONS),
        ("vectors", VECTORS),
        ("causes", CAUSES),
    ],
)
def test_unnested_rows_have_the_schema_of_the_table(name, schema):
    rows = unnest(utterances(name, [[{}], None, []]), name)

    assert rows.schema.equals(schema, check_metadata=True)
    assert rows["utterance_id"].to_pylist() == ["u0"]


def test_rows_keep_the_order_of_utterances_and_of_lists():
    batch = utterances("cues", [[{"cue": "b"}, {"cue": "a"}], None, [{"cue": "c"}]])

    rows = unnest(batch, "cues")

    assert rows["cue"].to_pylist() == ["b", "a", "c"]
    assert rows["utterance_id"].to_pylist() == ["u0", "u0", "u2"]


def test_labels_copy_the_columns_of_their_utterance():
    batch = utterances("annotations", [[], [{"label": "joy"}, {"label": "fear"}]])

    rows = unnest(batch, "annotations").to_pylist()

    assert [row["timestamp"] for row in rows] == [NOON + dt.timedelta(minutes=1)] * 2
    assert [row["speaker_id"] for row in rows] == ["s1", "s1"]


def test_lists_are_in_the_order_of_the_utterances_asked_for():
    rows = pa.Table.from_batches(
        [
            unnest(
                utterances("cues", [[{"cue": "a"}], [{"cue": "b"}, {"cue": "c"}]]),
                "cues",
            )
        ]
    )

    lists = nest(rows, "cues", pa.array(["u1", "u9", "u0"]))

    assert [[c["cue"] for c in each] for each in lists.to_pylist()] == [
        ["b", "c"],
        [],
        ["a"],
    ]


def test_rows_of_other_utterances_are_left_out():
    rows = pa.Table.from_batches(
        [unnest(utterances("cues", [[{"cue": "a"}]] * 3), "cues")]
    )

    assert len(nest(rows, "cues", pa.array(["u1"])).flatten()) == 1


def test_rows_in_many_chunks_and_any_order_find_their_utterance():
    one = unnest(utterances("cues", [[{"cue": "a"}], [{"cue": "b"}]]), "cues")
    table = pa.Table.from_batches([one.slice(1), one.slice(0, 1), one])

    lists = nest(table, "cues", pa.array(["u0", "u1"]))

    assert [[c["cue"] for c in each] for each in lists.to_pylist()] == [
        ["a", "a"],
        ["b", "b"],
    ]


@pytest.mark.parametrize("ids", [[], ["u0"]])
def test_no_rows_are_empty_lists(ids):
    lists = nest(CUES.empty_table(), "cues", pa.array(ids, pa.string()))

    assert lists.to_pylist() == [[] for _ in ids]


def test_of_labels_with_one_key_the_first_is_written_and_nulls_are_equal():
    joy = {"annotator_id": "a", "task": "emotion", "label": "joy", "score": 0.5}
    labels = [[joy, joy | {"score": 0.9}, joy | {"start": 3}], [joy], None]
    batch = utterances("annotations", labels)

    rows = rows_of(batch, "annotations")

    said = zip(rows["utterance_id"], rows["score"], rows["start"], strict=True)
    assert [tuple(value.as_py() for value in row) for row in said] == [
        ("u0", 0.5, None),
        ("u0", 0.5, 3),
        ("u1", 0.5, None),
    ]
