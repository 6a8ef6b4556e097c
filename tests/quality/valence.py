"""EmbeddedValence on sentences that people rated."""

import csv
from pathlib import Path

import numpy as np

from affectflow_transforms.models.valence.embedded import EmbeddedValence
from tests.quality import embedded, markdown, measuring, vader

_LOW, _HIGH = 1.0, 5.0
"""EmoBank's scale."""


def section(data: Path) -> str:
    """Returns the figures on EmoBank's development split, never on its test split."""
    with (data / "emobank" / "emobank.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "dev"]
    texts = [row["text"] for row in rows]
    truth = np.array([(float(row["V"]) - _LOW) / (_HIGH - _LOW) for row in rows])
    read_as, _ = embedded.readings(texts)
    told = {
        "EmbeddedValence": EmbeddedValence().load_model().values(read_as)[:, 0],
        "VADER": (1 + vader.compounds(texts)) / 2,
    }
    # A document is what its sentences have in common.
    units = [row["id"].split("_")[0] for row in rows]
    lines = []
    for name, value in told.items():
        row = measuring.value_figures(name, truth, value.astype(np.float64), units)
        figures = [markdown.figure(row, each) for each in ("pearson", "ccc", "rmse")]
        lines.append([name, row["n"], *figures])
    return "\n".join(
        [
            "## EmbeddedValence",
            "",
            f"{EmbeddedValence.card.summary}. Licence: "
            f"{EmbeddedValence.card.weights_licence}. Nothing was fitted to ratings of "
            "texts. On EmoBank's development split (CC BY-SA 4.0, Buechel and Hahn, "
            "EACL 2017), sentences of fiction, letters, news and essays, mean of what "
            f"raters gave, here 0 to 1. Intervals draw {len(set(units))} documents. "
            "VADER's `compound` is brought to the same scale.",
            "",
            markdown.table(["", "sentences", "Pearson r", "CCC", "RMSE"], lines),
        ]
    )
