"""Emotions in a pipeline that knows nothing of them: dicts in, dicts out.

python examples/step.py
"""

import apache_beam as beam

from affectflow import BatchesToRows, RowsToBatches
from affectflow.steps.annotate import Annotate
from affectflow.steps.textualize import Textualize
from affectflow_transforms.text.normalize import NormalizeText

POSTS = [
    {"id": "1", "text": "thank you, that works!", "stars": 5},
    {"id": "2", "text": "it broke AGAIN, this is so annoying!!!", "stars": 1},
    {"id": "3", "text": 3, "stars": 2},
]


def chosen(row: dict) -> dict:
    """Returns a post with the emotions that it expresses, or why it was refused."""
    labels = [
        each["label"]
        for each in row["annotations"] or []
        if each["chosen"] and each["task"] == "emotion"
    ]
    errors = [each["message"] for each in row["errors"] or []]
    return {"id": row["id"], "emotions": labels, "errors": errors}


def main() -> None:
    with beam.Pipeline("FnApiRunner") as pipeline:
        (
            pipeline
            | beam.Create(POSTS)
            | RowsToBatches()
            | NormalizeText()
            | Textualize()
            | Annotate()
            | BatchesToRows()
            | beam.Map(chosen)
            | beam.Map(print)
        )


if __name__ == "__main__":
    main()
