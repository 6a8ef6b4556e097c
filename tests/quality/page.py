"""docs/quality.md: one function for each annotator, and what is common to all."""

from collections.abc import Callable
from pathlib import Path

from affectflow import weights
from affectflow_transforms.models.emotions.embedded import EmbeddedEmotions
from tests.quality import emotions, failures, frustration, german, vader, valence
from tests.quality.encoder import section as encoder
from tests.quality.groups import section as groups

PAGE = Path(__file__).resolve().parents[2] / "docs" / "quality.md"

_HEAD = """\
# How right the embedded annotators are

How often the labels of each embedded model are right, on public data sets. On your own
text they may be right less often: `affectflow sample`, `affectflow gold` and
`affectflow eval` tell. All figures are of the weights in the package, counted by the
accumulators behind `affectflow eval`; `python -m tests.quality` writes this page, and a
test fails where it is not current.

In brackets are 95 % intervals, 1,000 bootstrap draws of the units named. AP is average
precision, to be read against the share of positives. Brier skill is how much nearer
scores are to the truth than saying the share of positives each time: 0 is no better,
below 0 is worse. Labels with fewer than 10 positives are marked and left out of
the macro mean.
"""


def embedded_emotions(data: Path) -> str:
    """Returns the part on EmbeddedEmotions."""
    digest = weights.revision(
        "affectflow_transforms.models.emotions",
        "affectflow_transforms.models.frustration",
    )
    return "\n".join(
        [
            "## EmbeddedEmotions",
            "",
            f"{EmbeddedEmotions.card.summary}. Licence of the weights: "
            f"{EmbeddedEmotions.card.weights_licence}. Weights `{digest[:12]}`. How "
            "they were fitted and chosen stands in the two model cards beside them. "
            "The scores below are of all labels, also of those below 0.05, which a "
            "lake does not store.",
            "",
            emotions.reddit(data),
            emotions.developers(data),
            frustration.section(data),
        ]
    )


ANNOTATORS: tuple[Callable[[Path], str], ...] = (
    embedded_emotions,
    encoder.section,
    german.section,
    valence.section,
)
"""One function for each embedded annotator: from the data to its part of the page."""


def page(data: Path) -> str:
    """Returns the page.

    Args:
      data: the folder of the shared data sets.
    """
    parts = [_HEAD, *(part(data) for part in ANNOTATORS)]
    rest = [groups.section(data), vader.section(data), failures.section()]
    return "\n".join([*parts, *rest])
