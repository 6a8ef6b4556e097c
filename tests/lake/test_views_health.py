"""What may reveal a person's health: in the tables, and in no view and no report."""

import pyarrow as pa
import pytest

from affectflow.batches.labelling import signed
from affectflow.lake import views
from affectflow.report import render
from affectflow.schemas import UTTERANCES, fields
from affectflow.steps.mine import MineCauses
from tests.given.view_lakes import (
    FolderLake,
    cause,
    fold,
    label,
    rows,
    theme,
    utterance,
)

DOOM = "doom@1"
HEALTH = {"annotator_id": DOOM, "kind": "prompt", "touches": ["health"]}
OVER = {"annotator_id": "after@1", "kind": "model", "touches": [], "over": DOOM}
PLAIN = {"annotator_id": "m1", "kind": "model", "touches": []}
OF_HEALTH = ("annotations", "annotators", "rollups", "causes", "health_annotators")
"""Tables, and the view that says whom the others leave out."""


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    labels = [("s:1", "doomed", "emotion"), ("s:1", "frustration", "frustration")]
    doomed = [label(u, name, task=task) for u, name, task in labels]
    told = {"annotator_id": DOOM, "vocabulary": "goemotions"}
    after = [row | told | {"annotator_id": "after@1"} for row in doomed]
    themes, members = theme("t", ["k1"])
    rollup = {"day": None, "n": 1, "chosen": 1, "score_sum": 0.5, "label": "doomed"}
    lake = FolderLake(tmp_path_factory.mktemp("lake")).write(
        utterances=[utterance("s:1"), utterance("s:2")],
        annotations=[*(row | told for row in doomed), *after, label("s:2", "joy")],
        rollups=[rollup | {"annotator_id": DOOM, "task": "emotion"}],
        annotators=[HEALTH, PLAIN, OVER],
        causes=[cause("k1", "s:1", label="doomed", emotion_annotator_id=DOOM)],
        themes=[themes],
        theme_members=members,
        folds=[fold("doomed")],
    )
    return views.connect(lake)


@pytest.mark.parametrize("name", views.shipped_views())
def test_no_view_shows_it(connection, name):
    said = repr(rows(connection, f"SELECT * FROM {name}"))

    assert (DOOM in said) == ("after@1" in said) == (name in OF_HEALTH)
    if name not in OF_HEALTH:
        assert "doomed" not in said
        assert "too slow'" not in said.replace("'too slow, sorry'", "")


def test_what_it_says_counts_as_no_answer(connection):
    counted = "SELECT annotated, unannotated FROM coverage"

    assert rows(connection, counted) == [{"annotated": 1, "unannotated": 1}]


def test_no_report_rests_on_it_nor_shows_its_labels(connection):
    page = render(connection, lake="lake", title="Ours")

    assert "rest on one annotator, <code>m1</code>" in page
    assert "doomed" not in page


def test_nobody_mines_its_labels_in_a_pipeline():
    read = fields(UTTERANCES, *MineCauses.requires.names[:-2])
    given = {name: utterance("s:1").get(name) for name in read.names}
    batch = pa.RecordBatch.from_pylist([given], schema=read)
    labels = [[label("s:1", "anger", annotator_id=DOOM)]]
    field = MineCauses.requires.field("annotations")
    batch = batch.append_column(field, pa.array(labels, field.type))
    batch = batch.append_column(
        UTTERANCES.field("timestamp"), pa.nulls(1, UTTERANCES.field("timestamp").type)
    )

    def causes(*annotators):
        rows = batch
        for each in annotators:
            rows = signed(rows, "annotate", each)
        done = MineCauses().process_conversations(rows)
        return [cause["label"] for cause in done.column("causes").to_pylist()[0]]

    reads = HEALTH | {"touches": [], "over": "first@1"}
    assert causes(HEALTH) == []
    assert causes(HEALTH | {"annotator_id": "first@1"}, reads) == []
    assert causes(PLAIN | {"annotator_id": "first@1"}, reads) == ["anger"]
