"""Row 14 of the literature: a label, then three parts that may contradict it."""

import re

import duckdb
import pyarrow as pa
import pytest

from affectflow.kinds.prompt import Prompt
from affectflow.schemas import Status
from affectflow_transforms.parsers.parts import sections
from tests.given.asked import asked
from tests.given.docs_tables import ROOT
from tests.given.scripted import utterances

PARTS = ("Key Observations", "Overall Emotional Interpretation", "Conclusion")
WHOLE = (
    "**Key Observations:** lip corner pull 0.98.\n\n"
    "**Overall Emotional Interpretation:** a smile.\n\n**Conclusion:** {0}."
)


def concluded(answer: str) -> tuple[str | None, Status]:
    """Returns the label that an answer comes to, and the status of it."""
    step = Prompt.load("expllm").steps[1]
    *_, last = sections(answer, step=step, reading="")
    return last.label, last.status


def test_its_parts_are_those_of_the_paper():
    assert Prompt.load("expllm").steps[1].parts == PARTS
    for part in PARTS:
        assert f"**{part}:**" in Prompt.load("expllm").steps[1].text


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        pytest.param("The face shows happiness", "joy", id="a synonym"),
        pytest.param("sadness, not joy", "sadness", id="denied"),
        pytest.param("joy or surprise", None, id="two"),
        pytest.param("It is hard to say", None, id="none"),
    ],
)
def test_the_conclusion_comes_to_one_label_or_to_none(answer, label):
    status = Status.OK if label else Status.UNPARSED

    assert concluded(WHOLE.format(answer)) == (label, status)


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        pytest.param(WHOLE.format("joy").replace(":**", "**:"), [], id="colon outside"),
        pytest.param(
            "**Key Observations:** a\n**Conclusion:** joy", [PARTS[1]], id="the middle"
        ),
        pytest.param("It is joy.", list(PARTS), id="prose"),
    ],
)
def test_a_part_that_is_missing_is_named(answer, missing):
    step = Prompt.load("expllm").steps[1]

    found = sections(answer, step=step, reading="")

    assert [a.label for a in found[:3] if a.status == Status.UNPARSED] == missing


def test_a_contradiction_is_two_rows_that_sql_can_tell_apart():
    def script(question, request):
        if "step by step" not in question:
            return "joy"
        assert "called it: joy" in question or "joy" in question
        return WHOLE.format("happiness" if "lip corner pull" in question else "anger")

    batch = utterances("lip corner pull 0.98", "brow lower 0.70")
    rows, _ = asked("expllm", script, batch)

    for row, label in zip(rows, ("joy", "anger"), strict=True):
        said, *parts, last = row
        assert (said["task"], said["label"]) == ("facial_expression", "joy")
        assert tuple(part["label"] for part in parts) == PARTS
        assert all(part["raw"] for part in parts)
        assert (last["task"], last["label"]) == ("facial_expression_reasoned", label)
        assert last["vocabulary"] == "meld"
    assert contradictions(rows) == [("joy", "anger")]


def contradictions(rows) -> list[tuple[str, str]]:
    """Returns what the query of the docs finds in the annotations of a batch."""
    page = (ROOT / "docs" / "faces.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    found = [
        {"utterance_id": str(n), **answer}
        for n, row in enumerate(rows)
        for answer in row
    ]
    with duckdb.connect() as connection:
        connection.register("annotations", pa.Table.from_pylist(found))
        return [row[1:] for row in connection.sql(query).fetchall()]
