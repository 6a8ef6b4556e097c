"""Row 14 of the literature: the parser of three parts, on the texts of the authors.

The texts (starhiking/ExpLLM-TMM, `data_list/anno_json`) have no licence: they are read
where they lie, and are no part of the project. In CI the same count is tried on texts
of our own in their shapes.
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from affectflow.kinds.prompt import Prompt
from affectflow.schemas import Status
from affectflow_transforms.parsers.parts import sections

UPSTREAM = os.environ.get("AFFECTFLOW_UPSTREAM", "")
FILE, TEXTS, LEAST = "rafdb_emo_au_val_mini_description.json", 3_068, 3_034
STEP = Prompt.load("expllm").steps[1]
KEY, WHOLE, END = STEP.parts
"""The three titles."""


def missing(text):
    """Returns the titles of the parts that are not found in a text."""
    *parts, _ = sections(text, step=STEP, reading="")
    return tuple(p.label for p in parts if p.status == Status.UNPARSED)


def titled(key, whole, end):
    return f"{key} a brow.\n\n{whole} it is low.\n\n{end} sadness."


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        pytest.param(
            titled(f"**{KEY}:**", f"**{WHOLE}:**", f"**{END}:**"), (), id="as most"
        ),
        pytest.param(
            titled(f"**{KEY}**:", f"**{WHOLE}**:", f"**{END}**:"), (), id="outside"
        ),
        pytest.param(
            titled(f"**{KEY}:**  \n", f"**{WHOLE}:**  \n", f"**{END}:**  \n"),
            (),
            id="on a line of its own",
        ),
        pytest.param(
            titled(f"### {KEY}\n", f"### {WHOLE}\n", f"### {END}\n"),
            (),
            id="headings",
        ),
        pytest.param(
            titled(f"**{KEY}:**", "**Interpretation:**", f"**{END}:**"),
            (WHOLE,),
            id="another title",
        ),
        pytest.param("The brow is low: sadness.", (KEY, WHOLE, END), id="prose"),
    ],
)  # fmt: skip
def test_texts_in_the_shapes_of_the_authors_are_parted(text, lost):
    assert missing(text) == lost


@pytest.mark.skipif(not UPSTREAM, reason="AFFECTFLOW_UPSTREAM names no folder")
def test_nearly_all_texts_of_the_authors_are_in_three_parts():
    path = next(Path(UPSTREAM).rglob(FILE))
    texts = [row["description"] for row in json.loads(path.read_text("utf-8"))]
    assert len(texts) == TEXTS

    lost = Counter(map(missing, texts))

    print(f"of {TEXTS:,} texts, by the parts that are missing: {dict(lost)}")
    assert lost[()] >= LEAST
