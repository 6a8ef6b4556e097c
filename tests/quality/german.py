"""EmbeddedGerman on lines of film subtitles that it has not seen."""

from pathlib import Path

import numpy as np

from affectflow.vocabularies import get
from affectflow_transforms.models.german import train
from affectflow_transforms.models.german.embedded import EmbeddedGerman
from tests.quality import markdown, measuring
from tests.quality.measuring import Column


def section(data: Path) -> str:
    """Returns the figures on the fifth of XED's German lines that was held out."""
    texts, truth = train.read_lines(data / "xed" / "de-projections.tsv")
    held_out = np.flatnonzero(train.is_held_out(texts))
    texts = [texts[row] for row in held_out]
    model = EmbeddedGerman().load_model().emotions
    scores = model.scores(texts).astype(np.float64)
    units = [str(row) for row in held_out]
    columns = [
        Column(
            label=label,
            truth=truth[held_out, get("plutchik").labels.index(label)],
            scores=scores[:, place],
            chosen=scores[:, place] >= model.thresholds[place],
            units=units,
        )
        for place, label in enumerate(model.labels)
    ]
    return "\n".join(
        [
            "## EmbeddedGerman",
            "",
            f"{EmbeddedGerman.card.summary}. Licence: "
            f"{EmbeddedGerman.card.weights_licence}. {len(texts)} lines of film "
            "subtitles (XED, Öhman et al., COLING 2020, CC BY 4.0; labels projected "
            "from English), a fifth by hash, on which nothing was fitted or chosen. "
            "Every line has a label, so these figures say nothing of calm text. A "
            "label is chosen only where half of such choices were right in "
            "cross-validation: most emotions are missed. **It is weak: rank by it, "
            "do not count by it.**",
            "",
            markdown.figures(measuring.figures(columns)),
        ]
    )
