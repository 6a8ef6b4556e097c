"""Row 27 of the literature: people's ratings of explanations."""

import csv
import os
from pathlib import Path

import pyarrow as pa
import pytest

from affectflow import registry
from affectflow.kinds.prompt import Prompt
from affectflow_transforms.measures.explanation_quality import (
    ASPECTS,
    ExplanationQuality,
)

UPSTREAM = os.environ.get("AFFECTFLOW_UPSTREAM", "")
# Of the files of SteveKGYang/MentalLLaMA: rows, answers that fit or do not fit the
# label, answers that cannot be read, and the means of four aspects.
FILES = {
    "chatgpt_data.csv": (121, 119, 0, 2, (2.9752, 2.5785, 2.7796, 2.5758)),
    "chatgpt_false_data.csv": (43, 0, 41, 2, (2.9690, 1.7597, 1.1860, 1.5659)),
    "gpt3_data.csv": (121, 111, 0, 10, (0.8320, 0.3967, 0.5344, 0.4215)),
}


def figures(rows) -> dict[str, float]:
    measure = ExplanationQuality()
    columns = {aspect: [row[aspect] for row in rows] for aspect in ASPECTS}
    batch = pa.record_batch(columns)
    found = measure.extract(measure.add(measure.create(), batch)).to_pylist()
    return {row["label"]: row["value"] for row in found if row["unit_type"]}


def test_means_are_over_all_ratings_of_all_explanations():
    rows = [
        dict(zip(ASPECTS, ("[3, 3, 3]", "[1, 2, 3]", "0", "[2]"), strict=True)),
        dict(zip(ASPECTS, ("[0, 3, 3]", "[3]", "[3, 3]", "1.5"), strict=True)),
    ]

    assert figures(rows) == {
        "fluency": 15 / 6,
        "completeness": 9 / 4,
        "reliability": 2.0,
        "overall": 1.75,
    }


@pytest.mark.parametrize("cell", ["[4]", "[-1, 2]", "none", ""])
def test_a_rating_that_is_off_the_scale_is_left_out(cell):
    rows = [dict.fromkeys(ASPECTS, "[1]"), dict.fromkeys(ASPECTS, cell)]

    assert figures(rows) == dict.fromkeys(ASPECTS, 1.0)


@pytest.mark.skipif(not UPSTREAM, reason="AFFECTFLOW_UPSTREAM names no folder")
@pytest.mark.parametrize("name", FILES)
def test_the_published_files_give_the_published_figures(name):
    (path,) = Path(UPSTREAM).rglob(name)
    n, right, wrong, unread, means = FILES[name]
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))

    found = figures(rows)

    (step,) = Prompt.load("mental_health_dr").steps
    read = registry.load("parsers", "reasoned")
    answer = next(key for key in rows[0] if key.startswith("gpt"))
    said = [read(row[answer], step=step, reading="")[0].label for row in rows]
    truth = ["yes" if float(row["label"]) else "no" for row in rows]
    same = [a == b for a, b in zip(said, truth, strict=True) if a]
    assert [len(rows), said.count(None)] == [n, unread]
    assert sorted([same.count(True), same.count(False)]) == sorted([right, wrong])
    assert [found[a] for a in ASPECTS] == pytest.approx(means, abs=5e-5)
