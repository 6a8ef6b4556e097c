"""Themes over the vectors of a lake: whose they are, and what to run without any."""

from typing import Any

import pyarrow as pa
import pytest

from affectflow.batches.batch import with_column
from affectflow.batches.nesting import nest
from affectflow.errors import LakeError, UsageError
from affectflow.lake import Lake
from affectflow.schemas import ANNOTATIONS_COLUMN, VECTORS, VECTORS_COLUMN
from affectflow.stages import cluster_themes, mine_lake
from affectflow.steps.themes import ClusterThemes
from tests.given.factories import utterances
from tests.given.mined_turns import emotion
from tests.given.moved_lakes import moved
from tests.given.stage_runs import ask, store

pytestmark = pytest.mark.rotated

TEXTS = ["the lift halts", "no elevator", "lift and stairs", "a dull talk"] * 4


def with_vectors(annotators: list[str]) -> pa.RecordBatch:
    """Returns causes of which three in four are said alike, by their vectors."""
    batch = moved(TEXTS)
    ids = batch.column("utterance_id").to_pylist()
    rows = [
        {"utterance_id": each, "annotator_id": name, "modality": "text", "vector": said}
        for name in annotators
        for each, said in zip(ids, [[1, 0], [1, 0.1], [1, 0.2], None] * 4, strict=True)
        if said
    ]
    found = nest(pa.Table.from_pylist(rows, VECTORS), "vectors", batch["utterance_id"])
    return with_column(batch, VECTORS_COLUMN, found)


def cluster(uri: str, **options: Any) -> dict[str, Any]:
    step = ClusterThemes(clusterer="VectorClusterer", clusterer_options=options)
    return cluster_themes(Lake.open(uri), "", (), step)


def test_causes_whose_utterances_have_like_vectors_are_one_theme(tmp_path):
    uri = str(tmp_path / "lake")
    store(uri, with_vectors(["encoder@1"]))

    row = cluster(uri, style="paper-11")

    sizes = "SELECT split_part(clustering_id, '-', 1), title, size FROM themes"
    assert ask(uri, f"{sizes} ORDER BY 1") == [
        ("anger", "lift halts", 12),
        ("irritation", "lift halts", 12),
    ]
    # Each is counted once, whether of anger or of irritation.
    assert dict(row["counters"])["in_no_theme"] == 4
    left = "SELECT DISTINCT cause_text FROM causes_in_no_theme"
    assert ask(uri, left) == [("a dull talk",)]
    assert cluster(uri, style="paper-11")["rows_unchanged"] == 32


def test_without_vectors_it_is_said_what_to_run_and_nothing_is_mined(tmp_path):
    uri = str(tmp_path / "lake")
    store(uri, moved(TEXTS))

    with pytest.raises(LakeError, match=r"first run `affectflow annotate .* Embedder"):
        mine_lake(uri, clusterer="VectorClusterer")


def test_of_several_vectors_those_are_read_that_were_named(tmp_path):
    uri = str(tmp_path / "lake")
    store(uri, with_vectors(["encoder@1", "voice@2"]))

    with pytest.raises(UsageError, match="set --set vectors= to one of"):
        cluster(uri)
    with pytest.raises(UsageError, match="no annotator 'face' gave vectors"):
        cluster(uri, vectors="face")

    assert dict(cluster(uri, vectors="voice")["counters"])["themes"] == 2


def test_a_label_that_nobody_gives_is_not_mined(tmp_path):
    uri = str(tmp_path / "lake")
    store(uri, labelled("anger", "the lift halts"))
    miner = {"miner": "ConnectiveMiner", "annotator_id": "all"}

    with pytest.raises(UsageError, match=r"no label 'nosuch' .* labels here: .*anger"):
        mine_lake(uri, options={"labels": "anger,nosuch"}, **miner)

    # Of a known vocabulary, though no message has it.
    assert mine_lake(uri, options={"labels": "joy"}, **miner)[0]["state"] == "done"


def labelled(label: str, *texts: str) -> pa.RecordBatch:
    labels = pa.array([[emotion(label)]] * len(texts), ANNOTATIONS_COLUMN.type)
    batch = utterances(*texts, segments=[[]] * len(texts))
    return with_column(batch, ANNOTATIONS_COLUMN, labels)
