"""The view `similar_utterances`: posts like this one."""

import pytest

from affectflow.lake.views import connect
from tests.given.view_lakes import FolderLake, rows, utterance

SIMILAR = (
    "SELECT similar_id, similarity, text FROM similar_utterances "
    "WHERE utterance_id = 'a' ORDER BY similarity DESC, similar_id"
)


def vector(name, *numbers, by="m"):
    return {
        "utterance_id": name,
        "annotator_id": by,
        "modality": "text",
        "vector": numbers,
    }


def test_the_nearest_come_first_and_only_those_of_one_model(tmp_path):
    lake = FolderLake(tmp_path).write(
        utterances=[utterance(name, text=f"text of {name}") for name in "abcd"],
        vectors=[
            vector("a", 3.0, 4.0),
            vector("b", 6.0, 8.0),
            vector("c", 4.0, 3.0),
            vector("d", 3.0, 4.0, by="another"),
            # Its utterance was erased.
            vector("e", 3.0, 4.0),
        ],
    )

    with connect(lake) as connection:
        found = rows(connection, SIMILAR)

    # The cosine of (3, 4) and (4, 3) is 24 / 25.
    assert [row["similar_id"] for row in found] == ["b", "c"]
    assert [row["similarity"] for row in found] == pytest.approx([1.0, 0.96])
    assert found[0]["text"] == "text of b"


def test_a_lake_without_vectors_has_no_pairs(tmp_path):
    with connect(FolderLake(tmp_path).write(utterances=[utterance("a")])) as connection:
        assert rows(connection, SIMILAR) == []
