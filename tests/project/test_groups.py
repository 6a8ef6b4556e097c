"""For whom the shipped annotators err: what is compared, and its file is current."""

import json

import pytest

from affectflow_transforms.models.emotions.embedded import EmbeddedEmotions
from tests.quality.authored.reading import rows
from tests.quality.groups import comparisons
from tests.quality.groups.comparisons import Comparison
from tests.quality.groups.measured import FILE, content, gaps_of, is_apart, measured
from tests.quality.groups.section import _comparison

UPDATE = "python -m tests.quality writes the file and the page"


def compared(hits, about="the same message in a dialect"):
    """Returns ten pairs that have it: so many of each group are flagged."""
    return Comparison(
        about=about,
        rows=[
            {"label": "frustration", "part": part, "truth": True, "chosen": n < flagged,
             "pair": f"p{n}", "unit": f"p{n}"}
            for part, flagged in hits.items()
            for n in range(10)
        ],
        figures=("recall",),
    )  # fmt: skip


def test_only_gaps_of_more_than_5_points_are_told_with_both_ends():
    (wide,) = gaps_of(compared({"as it was": 9, "in a dialect": 2}))
    (even,) = gaps_of(compared({"as it was": 4, "in a dialect": 4}))

    (told,) = content([wide, even])["gaps"]

    assert told["highest"] == ["as it was", 0.9]
    assert told["lowest"] == ["in a dialect", 0.2]
    assert told["gap"][0] == 0.7
    assert told["beyond_chance"]
    assert wide.whole["flip_rate"]["value"] == pytest.approx(0.7)
    assert not is_apart(even.apart["as it was"])


def test_two_groups_stand_side_by_side_and_more_below_one_another():
    two = list(gaps_of(compared({"as it was": 9, "in a dialect": 2})))
    three = list(gaps_of(compared({"chat": 9, "issue": 5, "review": 5}, "register")))

    assert "| as it was | in a dialect | difference |" in _comparison("a", two)
    assert "| **-0.700 (" in _comparison("a", two)
    assert "- frustration: 70.0 % of 10 are not answered alike." in _comparison(
        "a", two
    )
    assert _comparison("a", three).count("\n| ") == 4  # rules, and a row each


def test_all_200_pairs_are_compared_with_both_labels():
    found = list(comparisons._minimal_pairs())

    pairs = {row["pair"] for each in found for row in each.rows if "pair" in row}
    assert pairs == {row["id"] for row in rows("pairs")}
    flagged = [row for each in found for row in each.rows if "pair" in row]
    assert len(flagged) == 200 * 2 * 2


def test_every_sentence_is_said_of_everybody_and_has_one_label():
    found = comparisons._swapped().rows

    people = {row["part"] for row in found}
    assert len(found) == 70 * len(people) * 2
    labels = {(row["pair"], row["truth"]) for row in found}
    assert len(labels) == len({pair for pair, _ in labels})


def test_what_reports_say_is_of_the_weights_in_the_package():
    told = json.loads(FILE.read_text(encoding="utf-8"))

    assert told["revision"] == EmbeddedEmotions.shipped_revision(), UPDATE


@pytest.mark.proof
def test_what_reports_say_is_what_is_measured(shared_data):
    told = json.loads(FILE.read_text(encoding="utf-8"))
    now = content(measured(shared_data))

    names = [[g["about"], g["label"], g["figure"]] for g in told["gaps"]]
    assert names == [[g["about"], g["label"], g["figure"]] for g in now["gaps"]], UPDATE
    sizes = [[gap["gap"][0] for gap in each["gaps"]] for each in (told, now)]
    assert sizes[0] == pytest.approx(sizes[1], abs=0.02), UPDATE
