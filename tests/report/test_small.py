"""Which cells are hidden: the small ones, and those that would give them away."""

import pytest

from affectflow.report.asked import Asked
from affectflow.report.small import Size, hidden_cells, hidden_parts

BIG = Size(100, 30)


@pytest.mark.parametrize(
    ("parts", "hidden"),
    [
        pytest.param({"a": BIG, "b": BIG}, set(), id="all large"),
        pytest.param(
            {"a": BIG, "b": Size(40, 9), "c": Size(3, 3)}, {"b", "c"}, id="one"
        ),
        pytest.param(
            {"a": BIG, "b": Size(15, 6), "c": Size(15, 5)},
            {"b", "c"},
            id="two are enough",
        ),
        pytest.param({"a": BIG, "b": Size(50, 4)}, {"a", "b"}, id="few people"),
        pytest.param({"a": BIG, "b": Size(0, 0)}, set(), id="nothing to hide"),
    ],
)
def test_what_a_subtraction_would_tell_is_hidden_too(parts, hidden):
    assert hidden_parts(parts, Asked()) == hidden


def test_at_work_a_cell_has_ten_people():
    parts = {"a": BIG, "b": BIG, "c": Size(100, 9)}

    assert hidden_parts(parts, Asked()) == set()
    assert hidden_parts(parts, Asked(context="workplace")) == {"c", "a"}


def test_rows_and_columns_of_a_table_hide_one_another():
    cells = {(r, c): BIG for r in "xyz" for c in "123"}
    cells["x", "1"] = Size(3, 3)

    hidden = hidden_cells(cells, Asked())

    # In its row and its column one more, and for the sake of those a fourth.
    assert ("x", "1") in hidden
    for line in ("x", "1"):
        own = [cells[cell] for cell in hidden if line in cell]
        assert sum(size.messages for size in own) >= 20


def test_the_owner_sees_everything():
    assert hidden_parts({"a": BIG, "b": Size(1, 1)}, Asked(reader="owner")) == set()
