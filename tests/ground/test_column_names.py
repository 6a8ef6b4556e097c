"""Names of columns in messages: short, on one line, the nearest first."""

from affectflow.column_names import listed, no_column, shown


def test_a_huge_name_is_cut_in_its_middle():
    assert shown("a" * 5_000 + "b") == "a" * 30 + "…" + "a" * 28 + "b"


def test_very_many_names_are_counted():
    names = [f"c{n}" for n in range(14)]

    assert listed(names).endswith("c11 and 2 more")


def test_the_message_names_what_to_type_and_the_nearest_first():
    said = no_column("a.csv", "txt", ["id", "text"], "type --set text=COLUMN")

    assert said == (
        "'a.csv' has no column 'txt'; type --set text=COLUMN; its columns: text, id"
    )


def test_no_name_is_not_quoted():
    said = no_column("a.csv", "", ["id"], "type --set label=COLUMN")

    assert said.startswith("'a.csv' has columns, but none is named; type --set label")
