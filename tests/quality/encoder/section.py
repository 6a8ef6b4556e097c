"""EmbeddedEncoder next to EmbeddedEmotions, on the same sets."""

import functools
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from affectflow import weights
from affectflow_transforms.models.encoder.embedded import EmbeddedEncoder, Read
from tests.quality import datasets, embedded, emotions, frustration, markdown, measuring
from tests.quality.authored import training
from tests.quality.authored.reading import rows as corpus
from tests.quality.embedded import Answers
from tests.quality.encoder import rows
from tests.quality.measuring import Column
from tests.quality.real import reading, sampling

SUMMED = frustration.SUMMED


@functools.cache
def model() -> Read:
    """Returns the model that comes with the package."""
    return EmbeddedEncoder(device="cpu").load_model()


def answers(texts: Sequence[str]) -> Answers:
    """Returns the answers of EmbeddedEncoder, after the package's own ingest."""
    return _answers(tuple(texts))


@functools.cache
def _answers(texts: tuple[str, ...]) -> Answers:
    encoder, english = model().encoder, model().english
    found = encoder.outputs(rows.readings(texts)).values
    read_as, silent = embedded.readings(texts)
    return embedded.answers_of(
        encoder.labels,
        encoder.scale.scores(found),
        encoder.scale.threshold,
        ~silent & ~english.looks_unsupported(read_as),
    )


def section(data: Path) -> str:
    """Returns the part of the page on EmbeddedEncoder."""
    digest = weights.revision("affectflow_transforms.models.encoder")
    given = datasets.goemotions_dev(data)
    columns = emotions.by_label(given, answers(given.texts))
    figures = emotions.summaries_first(measuring.figures(columns))
    return "\n".join(
        [
            "## EmbeddedEncoder",
            "",
            f"{EmbeddedEncoder.card.summary}; needs the extra `torch`. Licence of the "
            f"weights: {EmbeddedEncoder.card.weights_licence}. Weights "
            f"`{digest[:12]}`; how they were fitted stands in the card beside them. "
            "Next to EmbeddedEmotions, by sets that had no part in choosing, but for "
            "the authored tenth:",
            "",
            markdown.table(
                ["set", "figure", "texts", "EmbeddedEmotions", "EmbeddedEncoder"],
                list(_compared(data)),
            ),
            "GoEmotions, development set:",
            "",
            markdown.figures(figures),
            "GitHub comments (Imran et al., ASE 2022), never learned from, and nothing "
            "was chosen by them:",
            "",
            emotions.families(
                datasets.github_emotion(data),
                [*emotions.SHAVER, "irritation"],
                answers,
            ),
            "Stack Overflow posts (Novielli et al., 2018), likewise:",
            "",
            emotions.families(
                datasets.stack_overflow_emotion(data), emotions.SHAVER, answers
            ),
            "Sentences of issue trackers (Ortu et al., MSR 2016), likewise:",
            "",
            emotions.jira(data, answers),
        ]
    )


def _compared(data: Path) -> Iterator[list[object]]:
    """Yields set, figure, texts, and the figure of both models."""
    both = (embedded.answers, answers)
    given = datasets.goemotions_dev(data)
    told = [list(emotions.by_label(given, by(given.texts))) for by in both]
    for figure in ("f1", "average_precision", "auc", "brier_skill"):
        named = f"macro {markdown.NAMES[figure]}"
        yield _line("GoEmotions, development set", named, "(macro)", figure, told)
    for name, label, ours in _single(data):
        yield _line(name, f"AUC of {label}", None, "auc", [[each] for each in ours])


def _line(
    of: str, named: str, label: str | None, figure: str, told: list[list[Column]]
) -> list[object]:
    found = []
    for columns in told:
        figures = measuring.figures(columns)
        (row,) = [each for each in figures if label in (None, each["label"])]
        found.append(markdown.figure(row, figure))
    return [of, named, len(told[0][0].truth), *found]


def _single(data: Path) -> Iterator[tuple[str, str, list[Column]]]:
    """Yields set, what is told, and a column of each model."""
    github = datasets.github_emotion(data)
    for name in ("summed", "frustration"):
        yield _columns("GitHub comments", f"irritation by {name}", github.texts,
                       github.truth["irritation"], github.units, name)  # fmt: skip
    heated = datasets.heated_threads(data)
    kept = np.flatnonzero(heated.truth["reserved"])
    texts, units = (
        [each[row] for row in kept] for each in (heated.texts, heated.units)
    )
    for name in ("summed", "frustration"):
        yield _columns("gh_incivility, reserved fifth", f"frustration by {name}", texts,
                       heated.truth["frustration"][kept], units, name)  # fmt: skip
    yield _columns("authored, a tenth for choosing", "frustration", *_authored(),
                   "frustration")  # fmt: skip
    for name, texts, truth in _real(data):
        units = [str(n) for n in range(len(texts))]
        yield _columns(name, "frustration", texts, truth, units, "frustration")


def _columns(
    of: str,
    label: str,
    texts: Sequence[str],
    truth: embedded.Mask,
    units: Sequence[str],
    by: str,
) -> tuple[str, str, list[Column]]:
    found = []
    for answering in (embedded.answers, answers):
        told = answering(texts)
        score = told.summed(SUMMED) if by == "summed" else told.scores[by]
        chosen = told.any_of(SUMMED)[1] if by == "summed" else told.chosen[by]
        column = Column(
            label=label, truth=truth, scores=score, chosen=chosen, units=units
        )
        found.append(column.only(told.answered))
    return of, label, found


def _authored() -> tuple[list[str], embedded.Mask, list[str]]:
    kept = [row for row in corpus("texts") if training.is_development(row["brief"])]
    soft = training.soft_labels()
    truth = [soft[row["id"]].get("frustration", 0) >= 0.5 for row in kept]
    return (
        [row["text"] for row in kept],
        np.array(truth, np.bool_),
        [row["brief"] for row in kept],
    )


def _real(data: Path) -> Iterator[tuple[str, list[str], embedded.Mask]]:
    """Yields two samples of real messages, and what both drew at random.

    A sample that is spread over a model's score is harder for that model.
    """
    texts, truths, at_random = [], [], []
    for file, model in (
        (sampling.SAMPLE, "EmbeddedEmotions"),
        (reading.SECOND, "EmbeddedEncoder"),
    ):
        found = reading.sampled(data, file)
        texts.append([each.text for each in found])
        truths.append(reading.either("frustration", found, file))
        drawn = [row["drawn"] == "random" for row in sampling.sample(file)]
        at_random.append(np.array(drawn))
        name = f"400 real messages, half spread over the score that {model} had"
        yield name, texts[-1], truths[-1]
    kept = np.concatenate(at_random)
    both = [text for text, is_kept in zip(chain(*texts), kept, strict=True) if is_kept]
    yield "400 of both, drawn at random", both, np.concatenate(truths)[kept]
