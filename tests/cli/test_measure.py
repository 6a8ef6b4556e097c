"""`affectflow measure`: what it prints, where, and its exit codes."""

import csv
import io
import json

import pytest

from tests.given.command_line import affectflow


@pytest.fixture
def spans(tmp_path) -> str:
    path = tmp_path / "spans.csv"
    path.write_text("text,gold,kind\nthe build,the build,issue\nslow,,issue\nno,x,\n")
    return str(path)


MAP = ("--map", "candidate=text,reference=gold")


def test_values_go_to_stdout_and_what_was_left_out_to_stderr(spans):
    done = affectflow("measure", "text-overlap", spans, *MAP, "--format", "csv")

    rows = {row["label"]: row for row in csv.DictReader(io.StringIO(done.out))}
    assert done.code == 0
    assert (rows["f1"]["value"], rows["f1"]["n"]) == ("0.5", "2")
    assert "1 left out: no reference" in done.err


def test_options_and_groups_reach_the_measure(spans):
    done = affectflow(
        *("measure", "TextOverlap", spans, *MAP, "--set", "order=1"),
        *("--by", "kind", "--format", "json"),
    )

    rows = [json.loads(line) for line in done.out.splitlines()]
    assert {row["group"] for row in rows} == {"(all)", "issue", "(unknown)"}
    assert "bleu_2" not in {row["label"] for row in rows}


def test_where_nothing_has_a_value_one_line_says_why(tmp_path):
    path = tmp_path / "spans.csv"
    path.write_text("text,gold\na,\nb,\n")

    done = affectflow("measure", "text-overlap", str(path), *MAP)

    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "no value: 2 left out: no reference" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("TextOverlp", "SPANS"), "did you mean 'TextOverlap'"),
        (("TextOverlap", "SPANS", "--set", "ordr=2"), "did you mean `order`?"),
        (("TextOverlap", "SPANS", "--set", "order=x"), "a whole number, got 'x'"),
        (("TextOverlap", "none.csv"), "no lake and no file at 'none.csv'"),
        (("TextOverlap", "none"), "no lake at 'none'"),
        (("TextOverlap", "SPANS"), "'candidate': type --map candidate=COLUMN"),
        (
            ("TextOverlap", "SPANS", "--map", "candidate=txt"),
            "no column 'txt'; correct --map",
        ),
        (("TextOverlap", "SPANS", "--map", "x=text"), "reads no column 'x', but"),
        (
            ("TextOverlap", "SPANS", *MAP, "--by", "knd"),
            "no column 'knd'; correct --by",
        ),
        (
            ("TextOverlap", "SPANS", *MAP, "--draws", "3"),
            "or 0 for no intervals, got 3",
        ),
        (("TextOverlap", "SPANS", *MAP, "--to", "none"), "no lake at 'none'"),
    ],
)
def test_a_mistake_is_answered_in_one_line(spans, arguments, message):
    done = affectflow("measure", *(spans if a == "SPANS" else a for a in arguments))

    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_the_card_of_a_measure_says_how_to_use_it_and_how_it_misleads():
    (card,) = affectflow("plugins", "TextOverlap", "--format", "json").rows

    assert card["answers"]
    assert card["misleads"]
    assert card["example"].startswith("affectflow measure TextOverlap ")
    assert card["options"]["tokens"] == "word"
    assert card["reads"] == ["candidate", "reference", "annotator_id", "unit"]


def test_a_cell_of_another_type_is_named_with_its_column(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("model,baseline,preference\na,b,oops\n")

    done = affectflow("measure", "BradleyTerry", str(path))

    assert done.code == 2
    assert "column 'preference' has 'oops', which is not a number" in done.err


def test_too_few_units_for_intervals_are_said(spans):
    done = affectflow("measure", "TextOverlap", spans, *MAP, "--draws", "20")

    assert done.err.count("no interval: fewer than 10 units") == 1
