"""Beside VADER (MIT): on what it can answer, which is positive or negative."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from affectflow.vocabularies import members
from tests.quality import datasets, embedded, markdown, measuring
from tests.quality.datasets import Labelled
from tests.quality.measuring import Column

PASSES = 0.05
"""VADER's own limit: `compound` of at least this is positive, of at most minus this
negative (Hutto and Gilbert 2014)."""
UNPLEASANT = ("anger", "fear", "sadness")


def section(data: Path) -> str:
    """Returns the comparison."""
    dev, grouping = datasets.goemotions_dev(data), datasets.sentiment(data)
    github = datasets.github_emotion(data)
    posts = datasets.stack_overflow_emotion(data)
    rows = [
        *_compared("Reddit: positive", dev, grouping["positive"], sign=1),
        *_compared("Reddit: negative", dev, grouping["negative"], sign=-1),
        *_compared("GitHub: unpleasant", github, UNPLEASANT, -1, "shaver"),
        *_compared("Stack Overflow: unpleasant", posts, UNPLEASANT, -1, "shaver"),
    ]
    heads = ["", "texts", "positives", "AUC", "AP", "F1", "AUC above VADER, paired"]
    return "\n".join(
        [
            "## Beside VADER",
            "",
            "VADER (Hutto and Gilbert, ICWSM 2014; MIT; `vaderSentiment` 3.3.2) scores "
            "valence by a lexicon and rules. It does not answer which emotion, nor "
            "frustration, so only what both can say is compared: GoEmotions' own "
            "grouping to positive and negative, and anger, fear or sadness in "
            "developers' text. Ours is the highest score of the labels that fold "
            "there; it was trained on GoEmotions, not on the others. Both read the "
            "same text, code and quotes masked. VADER's scale is no probability, so "
            "Brier skill is not compared.",
            "",
            markdown.table(heads, rows),
        ]
    )


def _compared(
    name: str,
    given: Labelled,
    labels: Sequence[str],
    sign: int,
    vocabulary: str = "goemotions",
) -> list[list[object]]:
    told = embedded.answers(given.texts)
    truth = np.any([given.truth[label] for label in labels], axis=0)
    finer = [
        name
        for label in labels
        for name in (members(label, vocabulary, "goemotions") or [label])
    ]
    scores, chosen = told.any_of(finer)
    compound = sign * compounds(given.texts)
    ours = Column(
        label="ours",
        truth=truth,
        scores=scores,
        chosen=chosen,
        units=given.units,
    ).only(told.answered)
    theirs = Column(
        label="vader",
        truth=truth,
        scores=(1 + compound) / 2,
        chosen=compound >= PASSES,
        units=given.units,
    ).only(told.answered)
    above = markdown.signed(measuring.auc_difference(ours, theirs))
    return [
        _line(f"{name}: EmbeddedEmotions", ours, above),
        _line(f"{name}: VADER", theirs, ""),
    ]


def _line(name: str, column: Column, above: str) -> list[object]:
    row = measuring.figures([column])[0]
    shown = [markdown.figure(row, f) for f in ("auc", "average_precision", "f1")]
    return [name, row["n"], row["positives"], *shown, above]


def compounds(texts: Sequence[str]) -> np.ndarray:
    """Returns VADER's `compound` of each text, -1..1."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    read_as, _ = embedded.readings(texts)
    return np.array([analyzer.polarity_scores(text)["compound"] for text in read_as])
