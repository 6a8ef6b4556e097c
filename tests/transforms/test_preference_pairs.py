"""The view `preference_pairs`: best and worst of the rated replies to a message."""

import duckdb
import pyarrow as pa

from affectflow import data
from affectflow.schemas import ANNOTATIONS, UTTERANCES


def pairs(utterances, annotations):
    connection = duckdb.connect()
    for name, schema, rows in (
        ("utterances", UTTERANCES, utterances),
        ("annotations", ANNOTATIONS, annotations),
    ):
        connection.register(name, pa.Table.from_pylist(rows, schema=schema))
    sql = data.find("views", "preference_pairs").text()
    return connection.execute(f"SELECT * FROM ({sql}) ORDER BY prompt_id").fetchall()


def said(id_, text, reply_to=None):
    return {
        "utterance_id": id_, "conversation_id": "c", "text": text, "reply_to": reply_to
    }  # fmt: skip


def rated(id_, value, label="reward", by="m"):
    return {
        "utterance_id": id_, "annotator_id": by, "task": "follow_up_reward",
        "label": label, "value": value,
    }  # fmt: skip


def test_the_best_and_the_worst_reply_to_a_message_are_a_pair():
    utterances = [
        said("q", "How?"),
        said("a", "So.", "q"),
        said("b", "Go away.", "q"),
        said("c", "Perhaps so.", "q"),
        said("r", "Why?"),
        said("d", "Because.", "r"),
        said("s", "Who?"),
        said("e", "You.", "s"),
        said("f", "Me.", "s"),
    ]
    annotations = [
        *(rated("a", 0.5), rated("b", -0.25), rated("c", 0.0), rated("d", 1.0)),
        *(rated("e", 0.5), rated("f", 0.5), rated("b", 9.0, label="relevance")),
    ]

    assert pairs(utterances, annotations) == [
        ("m", "c", "q", "How?", "a", "So.", "b", "Go away.", 0.75, 3)
    ]
