"""States: sorted rows are known as such, and are not added up a second time."""

import pyarrow as pa
import pytest

from affectflow.batches import states


def state(*rows) -> pa.Table:
    names, places, counts = zip(*rows, strict=True)
    return pa.table({"name": names, "place": places, "n": counts})


SORTED = state(
    ("a", 1.0, 1), ("a", 2.0, 1), ("b", 1.0, 1), ("b", None, 1), (None, 0.0, 1)
)


def test_a_summed_state_is_returned_as_it_is():
    assert states.summed(SORTED, ["name", "place"]) is SORTED


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([("b", 1.0, 1), ("a", 1.0, 1)], id="falls"),
        pytest.param([("a", 2.0, 1), ("a", 1.0, 1)], id="falls in the second key"),
        pytest.param([("a", 1.0, 1), ("a", 1.0, 1)], id="twice"),
        pytest.param([(None, 1.0, 1), (None, 1.0, 1), ("a", 1.0, 1)], id="null first"),
    ],
)
def test_what_is_not_summed_is_added_up_and_sorted(rows):
    summed = states.summed(state(*rows), ["name", "place"])

    keys = list(zip(*(summed[n].to_pylist() for n in ("name", "place")), strict=True))
    assert not states.is_summed(state(*rows), ["name", "place"])
    assert keys == sorted(
        {row[:2] for row in rows}, key=lambda each: (each[0] is None, each)
    )
    assert sum(summed["n"].to_pylist()) == len(rows)


def test_neighbours_in_two_blocks_are_compared():
    places = [*range(states._BLOCK), states._BLOCK - 1]
    table = pa.table({"place": places, "n": [1] * len(places)})

    assert not states.is_summed(table, ["place"])
    assert states.summed(table, ["place"]).num_rows == states._BLOCK


@pytest.mark.parametrize("wanted", [[False, True, True], [True, False, True]])
def test_wanted_rows_are_kept_neighbours_or_not(wanted):
    table = pa.table({"n": [1, 2, 3]})

    kept = states.only(table, pa.chunked_array([wanted]))["n"].to_pylist()

    assert kept == [n for n, want in zip([1, 2, 3], wanted, strict=True) if want]
