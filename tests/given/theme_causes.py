"""Causes of a few concerns, and the themes that WordClusterer finds among them."""

from typing import Any

import pyarrow as pa

from affectflow.schemas import THEME_MEMBERS, THEMES
from affectflow.steps import themes as hosting
from affectflow_transforms.themes.clusterer import WordClusterer

COLUMNS = (
    "cause_id",
    "label",
    "family",
    "cause_text",
    "summary",
    "conversation_id",
    "title",
)
SCHEMA = pa.schema([(name, pa.string()) for name in COLUMNS])

FLAKY = [
    "the flaky tests fail on every push",
    "flaky tests again",
    "another flaky test in the parser",
    "these flaky tests block my branch",
    "our flaky tests waste a whole morning",
]
DOCS = [
    "the documentation is outdated",
    "outdated docs everywhere",
    "the readme is outdated and misleading",
    "nothing of this is documented",
]
GENERIC = [
    "this is not a thing",
    "this issue is the same",
    "it is what it is",
    "that was wrong",
    "you did it again",
]


def causes(texts: list[str], **given: str) -> list[dict[str, Any]]:
    """Returns causes with such texts, each of another conversation."""
    family = given.get("family", "irritation")
    return [
        {
            "cause_id": f"{family}{number:03d}",
            "family": family,
            "cause_text": text,
            "conversation_id": f"c{number}",
            **given,
        }
        for number, text in enumerate(texts)
    ]


def cluster(rows: list[dict[str, Any]], **options: Any) -> tuple[Any, Any]:
    """Returns themes and their members, as rows, by WordClusterer."""
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    themes, members = hosting.cluster(WordClusterer(**options), table)
    assert (themes.schema, members.schema) == (THEMES, THEME_MEMBERS)
    return themes.to_pylist(), members.to_pylist()
