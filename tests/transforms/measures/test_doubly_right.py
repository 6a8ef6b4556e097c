"""Row 2 of the literature: answers and their reasons, each right or wrong."""

import pyarrow as pa
import pytest

from affectflow.stages.measure import measure_lake
from affectflow_transforms.measures.doubly_right import DoublyRight
from tests.given.factories import utterances
from tests.given.people import add_rows, people_say
from tests.given.stage_runs import store

# By hand: two RR, one RW, one WR, two WW.
SIX = (
    ("joy", "joy", "joy"),
    ("Empathic Pain", "empathic pain.", "empathic-pain"),
    ("fear", "fear", "sadness"),
    ("anger", "disgust", "anger"),
    ("awe", "joy", "fear"),
    ("awe", "awesome", "joy"),
)
SHARES = {"RR": 2 / 6, "RW": 1 / 6, "WR": 1 / 6, "WW": 2 / 6}


def observed(rows=SIX, **columns):
    names = ("gold", "label", "judged")
    given = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return pa.record_batch(given | columns)


def fitted(batch, **options):
    measure = DoublyRight(**options)
    state = measure.add(measure.create(), batch)
    return measure, state, measure.extract(state).to_pylist()


def test_six_rows_counted_by_hand():
    _, _, found = fitted(observed())

    assert {row["label"]: row["value"] for row in found} == pytest.approx(SHARES)
    assert {row["n"] for row in found} == {6}


def test_a_reason_that_names_the_emotion_is_left_out_and_counted():
    reasons = ["full of Joy!", "it hurts to see", "[EMOTION]", None, "awesome", "awe"]

    measure, state, found = fitted(observed(reason=reasons))

    assert measure.left_out(state) == {"the reason names the emotion": 2}
    assert {row["label"]: row["value"] for row in found if row["unit_type"]} == (
        pytest.approx({"RR": 1 / 4, "RW": 1 / 4, "WR": 1 / 4, "WW": 1 / 4})
    )


def test_annotators_are_told_apart():
    _, _, found = fitted(observed(annotator_id=["a"] * 3 + ["b"] * 3))

    by = {(row["unit_id"], row["label"]): row["value"] for row in found}
    assert by["a", "RR"] == pytest.approx(2 / 3)
    assert by["b", "WW"] == pytest.approx(2 / 3)


@pytest.mark.rotated
def test_in_a_lake_reasons_are_replies_that_say_whose_they_are(
    tmp_path, own_configuration
):
    uri = str(tmp_path / "lake")
    store(uri, utterances("one", "two"))
    ids = utterances("one", "two").column("utterance_id").to_pylist()
    reasons = utterances("hidden tears", "hidden laughter")
    columns = {
        "utterance_id": ["test:reason-0", "test:reason-1"],
        "reply_to": ids,
        "attrs": [[("explains", "model@1")]] * 2,
    }
    for name, values in columns.items():
        place = reasons.schema.get_field_index(name)
        field = reasons.schema.field(place)
        reasons = reasons.set_column(place, field, pa.array(values, field.type))
    store(uri, reasons)
    people_say(uri, [{"utterance_id": i, "label": "grief"} for i in ids])
    said = [(ids[0], "model@1", "grief"), (ids[1], "model@1", "joy")]
    said += [("test:reason-0", "judge@1", "grief"), ("test:reason-1", "judge@1", "joy")]
    add_rows(uri, "annotations", [
        {"utterance_id": u, "annotator_id": a, "label": label, "task": "emotion",
         "chosen": True, "rank": 1, "status": "ok"} for u, a, label in said
    ])  # fmt: skip

    add_rows(uri, "annotators", [{"annotator_id": "judge@1", "kind": "prompt"}])

    found = measure_lake(uri, "DoublyRight", options={"judge": "judge@"})

    values = {row["label"]: row["value"] for row in found.rows}
    assert values == {"RR": 0.5, "RW": 0.0, "WR": 0.0, "WW": 0.5}
