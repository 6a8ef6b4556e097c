"""Trainers of the English models: GoEmotions' labels, and frustration.

Those of the other models stand beside them: `german.train`, `valence.train`.
"""

from pathlib import Path
from typing import ClassVar

import numpy as np
from safetensors.numpy import load

from affectflow.errors import UsageError
from affectflow.registry import Card
from affectflow.training import Trained
from affectflow_transforms import trained


class Emotions:
    """Trains GoEmotions' labels on `train.tsv.gz`; its `dev.tsv` gives the figures.

    Lines are a text, label numbers with commas between them, and an id; `emotions.txt`
    names the labels.
    """

    card: ClassVar[Card] = Card(
        summary="trains EmbeddedEmotions: 28 labels (GoEmotions)"
    )

    def train(self, data: Path, *, licence: str = "") -> Trained:
        """Returns the fitted model with its figures on `dev.tsv`."""
        from affectflow_transforms.emotions import train
        from affectflow_transforms.emotions.model import NgramModel, unpacked

        _, names, dev = trained.needed(data, "train.tsv.gz", "emotions.txt", "dev.tsv")
        labels = tuple(names.read_text(encoding="utf-8").split())
        written = train.train(data)
        model = NgramModel(labels=labels, **unpacked(load(written)))
        texts, y = _read(dev, len(labels))
        scores = model.scores(texts)
        figures = trained.label_figures(labels, scores, scores >= model.thresholds, y)
        said = f"dev.tsv, {len(texts):,} texts"
        return Trained(
            annotator="EmbeddedEmotions",
            file=train.FILE,
            weights=written,
            card=_card(train.FILE, said, trained.as_markdown(figures), licence),
            held_out=said,
            figures=figures,
        )


class Frustration:
    """Trains frustration on `comments.csv.gz` of gh_incivility; a fifth is held out.

    The fifth is of the threads, by a hash. It rests on the emotions that come with the
    package.
    """

    card: ClassVar[Card] = Card(
        summary="trains the frustration of EmbeddedEmotions (gh_incivility)"
    )

    def train(self, data: Path, *, licence: str = "") -> Trained:
        """Returns the fitted model with its figures on the reserved threads."""
        from affectflow_transforms.frustration import train
        from affectflow_transforms.valence import rating

        (source,) = trained.needed(data, "comments.csv.gz")
        written, scores = train.train(source, rating.FILE)
        rows = train.read_comments(source)
        truth = np.array([row["tbdf"] in train.FRUSTRATED for row in rows])
        kept = np.array([train.is_reserved(row["issue_id"]) for row in rows])
        threads = np.array([row["issue_id"] for row in rows])
        threshold = load(written)["calibration"][-1]
        figures = trained.label_figures(
            ["frustration"],
            scores[kept, None],
            scores[kept, None] >= threshold,
            truth[kept, None],
            threads[kept],
        )
        said = (
            f"{len(set(threads[kept])):,} of {len(set(threads)):,} threads, by a hash"
        )
        return Trained(
            annotator="EmbeddedEmotions",
            file=train.FILE,
            weights=written,
            card=_card(train.FILE, said, trained.as_markdown(figures), licence),
            held_out=said,
            figures=figures,
        )


def _read(source: Path, n_labels: int) -> tuple[list[str], np.ndarray]:
    from affectflow_transforms.emotions import train

    try:
        return train.read_tsv(source, n_labels)
    except (ValueError, IndexError) as error:
        raise UsageError(
            f"{str(source)!r} is not as GoEmotions has it ({error}): a text, label "
            "numbers with commas, an id, with tabs between them"
        ) from error


def _card(file: str, held_out: str, figures: str, licence: str) -> str:
    return f"""# {file}

Read by `EmbeddedEmotions`, made by `affectflow train`.

Licence of the data: {licence or "not stated"}. The file holds weights, no text.

## Figures

On {held_out}, that nothing was fitted to. 95 % intervals from 1,000 bootstrap samples.

{figures}
"""
