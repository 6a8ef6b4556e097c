"""Tallies of parts add up, in whatever order and however they are put together."""

import random
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.kinds.clusterer import TERMS as TERM_ROWS
from affectflow.kinds.clusterer import Group, Term
from affectflow.steps.tallies import (
    EXEMPLARS,
    UNIT,
    Tally,
    add_up,
    exemplars_of,
    groups_of,
    tally,
)

TERMS = 5
Row = tuple[int, str, float, tuple[float, ...]]
"""A cause: its group, its conversation, its similarity, the weights of its terms."""

rows_of_causes = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["", "a", "b", "c", "d", "e", "f"]),
        st.sampled_from([0.3, 0.5, 0.5 + 1e-12, 0.9]),
        st.tuples(*[st.sampled_from([0.0, 0.0, 0.25, 1 / 3, 1.0])] * TERMS),
    ),
    max_size=30,
)


def counted(rows: list[tuple[int, Row]]) -> Tally:
    """The tally of numbered rows."""
    causes = pa.table(
        {
            "cause_id": pa.array([f"k{n:03d}" for n, _ in rows], pa.string()),
            "conversation_id": pa.array([r[1] or None for _, r in rows], pa.string()),
        }
    )
    weights = np.asarray([r[3] for _, r in rows]).reshape(-1, TERMS)
    row, term = np.nonzero(weights)
    terms = pa.table([row, term, weights[row, term]], schema=TERM_ROWS)
    groups = np.asarray([r[0] for _, r in rows], dtype=np.int64)
    similarity = np.asarray([r[2] for _, r in rows], dtype=float)
    return tally(groups, similarity, causes, terms)


def put_together(tallies: list[Tally], chance: random.Random) -> Tally:
    """Adds tallies up a few at a time, in an order made by chance."""
    waiting = list(tallies)
    while len(waiting) > 1:
        chance.shuffle(waiting)
        some = chance.randint(2, len(waiting))
        waiting = [*waiting[some:], add_up(waiting[:some])]
    return waiting[0]


@settings(max_examples=60, deadline=None)
@given(rows_of_causes, st.integers(1, 6), st.integers(0, 1000))
def test_the_order_of_parts_and_of_merges_does_not_matter(
    rows: list[Row], parts: int, seed: int
) -> None:
    chance = random.Random(seed)
    numbered = list(enumerate(rows))
    pieces: list[list[tuple[int, Row]]] = [[] for _ in range(parts)]
    for row in numbered:
        chance.choice(pieces).append(row)
    for piece in pieces:
        chance.shuffle(piece)

    merged = put_together([counted(piece) for piece in pieces], chance)

    assert merged.to_bytes() == add_up([counted(numbered)]).to_bytes()


@settings(max_examples=40, deadline=None)
@given(rows_of_causes)
def test_exemplars_are_those_of_a_sort_of_all_rows(rows: list[Row]) -> None:
    merged = add_up([counted([each]) for each in enumerate(rows)] or [counted([])])

    assert exemplars_of(merged) == {
        group: by_sorting(rows, group) for group in {r[0] for r in rows}
    }


def by_sorting(rows: list[Row], group: int) -> list[str]:
    """The definition: the nearest first, each conversation once before any again."""
    own = [(n, row) for n, row in enumerate(rows) if row[0] == group]
    own.sort(key=lambda each: (-round(each[1][2], 9), each[0]))
    first: list[int] = []
    again: list[int] = []
    seen: set[str] = set()
    for number, row in own:
        (again if row[1] and row[1] in seen else first).append(number)
        seen.add(row[1])
    return [f"k{number:03d}" for number in [*first, *again][:EXEMPLARS]]


def test_a_tally_counts_terms_members_and_conversations() -> None:
    rows: list[tuple[int, Row]] = [
        (0, (0, "b", 0.5, (1.0, 0.5, 0.0, 0.0, 0.0))),
        (1, (0, "a", 0.5, (0.0, 0.5, 0.0, 0.0, 0.0))),
        (2, (2, "", 0.5, (0.0, 0.0, 0.0, 0.0, 0.0))),
        (3, (-1, "c", 0.5, (0.0, 0.0, 0.0, 0.0, 1.0))),  # in no group
    ]

    found = counted(rows)

    ends = [
        (g["size"], g["first_conversation"], g["last_conversation"])
        for g in found.groups.to_pylist()
    ]
    assert ends == [(2, "a", "b"), (1, "", "")]
    terms: list[dict[str, Any]] = found.terms.to_pylist()
    assert terms == [
        {"group": 0, "term": 0, "weight": UNIT, "having": 1},
        {"group": 0, "term": 1, "weight": UNIT, "having": 2},
    ]


def test_a_group_of_one_conversation_is_not_asked_for_a_name() -> None:
    rows: list[tuple[int, Row]] = [
        *((n, (0, "a", 0.5, (1.0, 0.0, 0.0, 0.0, 0.0))) for n in range(2)),
        *((n, (1, "ab"[n % 2], 0.5, (1.0, 0.5, 0.0, 0.0, 0.0))) for n in range(2, 4)),
        (4, (2, "", 0.5, (0.0, 0.0, 0.0, 0.0, 0.0))),  # nobody knows of which
    ]

    groups = groups_of(counted(rows), min_size=1, min_people=1)

    assert groups == {
        1: Group(2, {0: Term(2.0, 2), 1: Term(1.0, 2)}),
        2: Group(1, {}),
    }


def test_ids_are_summed_so_that_other_members_give_other_sums() -> None:
    row: Row = (0, "a", 0.5, (1.0, 0.0, 0.0, 0.0, 0.0))

    def sums(*numbers: int) -> list[int]:
        (group,) = counted([(number, row) for number in numbers]).groups.to_pylist()
        return [group[f"sum{n}"] for n in range(4)]

    assert sums(1, 2) == sums(2, 1)
    assert sums(1, 2) != sums(1, 3)
    assert [a + b for a, b in zip(sums(1), sums(2), strict=True)] == sums(1, 2)
