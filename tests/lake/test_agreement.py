"""How far the labels of two runs agree, worked out by hand."""

from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.lake.agreement import NONE, Move, label_changes
from affectflow.schemas import ANNOTATIONS


def rows(annotator: str, labels: dict[str, list[str]], **more: Any) -> pa.Table:
    """Returns annotations: for each utterance its chosen labels, first first."""
    told = [
        {
            "utterance_id": utterance,
            "annotator_id": annotator,
            "task": "emotion",
            "vocabulary": "v",
            "label": label,
            "rank": rank,
            "chosen": True,
            "status": "ok",
            **more,
        }
        for utterance, chosen in labels.items()
        for rank, label in enumerate(chosen or [None], 1)
    ]
    return pa.Table.from_pylist(told, schema=ANNOTATIONS)


def compare(a: pa.Table, b: pa.Table) -> Any:
    with duckdb.connect() as connection:
        connection.register("annotations_a", a)
        connection.register("annotations_b", b)
        return label_changes(connection, "x", "y")


def test_agreement_and_kappa_are_as_worked_out_by_hand():
    # joy: both 20, only a 5, only b 10, neither 15: po = 0.7, pe = 0.5, kappa = 0.4.
    sides = [("joy", "joy")] * 20 + [("joy", "fear")] * 5
    sides += [("fear", "joy")] * 10 + [("fear", "fear")] * 15
    a = {f"u{n:02d}": [pair[0]] for n, pair in enumerate(sides)}
    b = {f"u{n:02d}": [pair[1]] for n, pair in enumerate(sides)}

    found = compare(rows("x", a), rows("y", b))

    assert (found.n, found.same) == (50, 35)
    assert found.agreement == pytest.approx(0.7)
    joy = next(each for each in found.labels if each.label == "joy")
    assert joy[2:6] == (50, 20, 5, 10)
    assert joy.kappa == pytest.approx(0.4)
    assert found.moves[0] == Move(
        "emotion", "fear", "joy", 10, [f"u{n}" for n in range(25, 30)]
    )


def test_several_labels_agree_in_whatever_order_they_are_ranked():
    found = compare(
        rows("x", {"u": ["joy", "fear"]}), rows("y", {"u": ["fear", "joy"]})
    )

    assert (found.n, found.same) == (1, 1)
    assert found.moves == [Move("emotion", "joy", "fear", 1, ["u"])]


def test_an_answer_without_a_label_is_an_answer():
    found = compare(rows("x", {"u": []}), rows("y", {"u": ["joy"]}))

    assert (found.n, found.same) == (1, 0)
    assert found.moves == [Move("emotion", NONE, "joy", 1, ["u"])]


def test_a_refusal_is_no_answer():
    refused = rows("x", {"u": []}, status="no_author_text", chosen=None)

    found = compare(refused, rows("y", {"u": ["joy"]}))

    assert (found.n, found.only_a, found.only_b) == (0, 0, 1)
    assert found.agreement is None


def test_kappa_is_unknown_where_chance_alone_agrees():
    found = compare(rows("x", {"u": ["joy"]}), rows("y", {"u": ["joy"]}))

    assert [each.kappa for each in found.labels] == [None]


def test_annotators_of_two_vocabularies_are_set_side_by_side():
    found = compare(
        rows("x", {"u": ["annoyance"]}),
        rows("y", {"u": ["anger"]}, vocabulary="other"),
    )

    assert found.moves == [Move("emotion", "annoyance", "anger", 1, ["u"])]


def test_where_a_vocabulary_is_shared_only_answers_in_it_are_compared():
    both = pa.concat_tables(
        [rows("y", {"u": ["joy"]}), rows("y", {"u": ["anger"]}, vocabulary="other")]
    )

    found = compare(rows("x", {"u": ["joy"]}), both)

    assert (found.n, found.same, found.moves) == (1, 1, [])


_LABELS = st.lists(st.sampled_from(["joy", "fear", "anger"]), unique=True, max_size=3)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(_LABELS, _LABELS)))
@pytest.mark.rotated
def test_agreement_counts_each_utterance_once(sides):
    found = compare(
        rows("x", {u: a for u, (a, _) in sides.items()}),
        rows("y", {u: b for u, (_, b) in sides.items()}),
    )

    assert found.n == len(sides)
    assert found.same == sum(set(a) == set(b) for a, b in sides.values())
    first = [(a or [NONE])[0] != (b or [NONE])[0] for a, b in sides.values()]
    assert sum(move.n for move in found.moves) == sum(first)
    assert all(-1 <= each.kappa <= 1 for each in found.labels if each.kappa is not None)
