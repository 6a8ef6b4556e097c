"""What trainers share: files and licence of data, figures on held-out texts, a card."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow import weights
from affectflow.errors import UsageError
from affectflow.kinds.trainer import Figure, Trained
from affectflow_transforms.finetune.licences import (
    SAYS,
    forbidding,
    passing_on,
    word_of,
)
from affectflow_transforms.models.pretrained.source import allows_commerce

LABEL_FIGURES = ("f1", "precision", "recall", "auc", "average_precision", "brier_skill")
VALUE_FIGURES = ("pearson", "ccc")

LICENCES = {
    "e475c21512fc5f3af853f020606182afc1d05afccf1db89d05b15951d28fdcb3": (
        "CC BY 4.0 (GoEmotions, Demszky et al. 2020)"
    ),
    "c459256920436edc6aded549c0cf090efb1a8638a0348b71443efb7fb7a01c44": (
        "MIT (gh_incivility, Ehsani et al. 2024)"
    ),
    "73fd5b72ab2ad35f291602ee4d888f8f2b599e0993bc601ef8afabedd628ce38": (
        "CC BY 4.0 (XED, Öhman et al. 2020)"
    ),
    "ac85b68d2f86bb50f2995c2f941d26eab7697cffd191ec9014f200b59ebd4d56": (
        "CC BY-SA 4.0 (EmoBank, Buechel and Hahn 2017)"
    ),
    "1fc916c54249a334172c44b96e2f176cdd1c4b3484be9fd4bba394ec4e3414ef": (
        "CC BY-NC-SA 4.0 (DailyDialog, Li et al. 2017; RECCON, Poria et al. 2021)"
    ),
}
"""Licences of data sets, by SHA-256 of the file that is trained on."""

_NO_INTERVAL = (
    "A figure without an interval, unless it is a loss, rests on too few rows, "
    "conversations or people: read it as a trial."
)

Mask = npt.NDArray[np.bool_]


# -- files -------------------------------------------------------------------------


def sha256(file: Path) -> str:
    """Returns SHA-256 of a file, as hex digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def licence_of(file: Path, given: str) -> str:
    """Returns the licence to pass on: the one given, or that of a known data set."""
    return given or LICENCES.get(sha256(file), "not stated")


def needed(data: Path, *names: str) -> tuple[Path, ...]:
    """Returns files of a folder by name.

    Raises:
      UsageError: a file is missing; the message names it.
    """
    for name in names:
        if not (data / name).is_file():
            raise UsageError(
                f"no file {name!r} in {str(data)!r}: --data must be a folder with "
                + ", ".join(f"`{each}`" for each in names)
            )
    return tuple(data / name for name in names)


def weights_file(
    arrays: dict[str, npt.NDArray[Any]],
    *,
    annotator: str,
    version: str,
    source: Path,
    licence: str,
    settings: Mapping[str, object],
    **more: str,
) -> bytes:
    """Returns a weights file: of the same arrays and versions the same bytes.

    Args:
      arrays: what is stored.
      annotator: the annotator that reads the file.
      version: the version of the weights.
      source: the file that was trained on.
      licence: the licence that the data pass on.
      settings: the settings of the training.
      more: further metadata.
    """
    import sklearn

    metadata = {
        "annotator": annotator,
        "licence": licence,
        "version": version,
        "training_digest": f"sha256:{sha256(source)}",
        "settings": json.dumps(settings, sort_keys=True),
        "made_with": f"numpy {np.__version__}, scikit-learn {sklearn.__version__}",
    }
    return weights.written(arrays, metadata | more)


# -- figures -----------------------------------------------------------------------


def label_figures(
    labels: Sequence[str],
    scores: npt.NDArray[Any],
    chosen: Mask,
    truth: Mask,
    units: Sequence[Any] | npt.NDArray[Any] | None = None,
) -> tuple[Figure, ...]:
    """Returns figures of labels with 95 % intervals, 1,000 bootstrap samples.

    Args:
      labels: names of the columns.
      scores: shape (texts, labels), 0..1.
      chosen: shape (texts, labels).
      truth: shape (texts, labels).
      units: the sampling unit of each text, such as its thread; the text if None.
    """
    from affectflow.gold.figures import LabelMetrics
    from affectflow.gold.figures.intervals import of_labels
    from affectflow.gold.figures.schemas import MACRO, MICRO

    n_texts, n_labels = truth.shape
    unit = np.arange(n_texts) if units is None else np.asarray(units)
    answers = pa.RecordBatch.from_pydict(
        {
            "unit": np.repeat(unit.astype(str), n_labels),
            "label": list(labels) * n_texts,
            "truth": truth.ravel(),
            "chosen": chosen.ravel(),
            "score": scores.ravel().astype(np.float64),
        }
    )
    metrics = LabelMetrics(units=True)
    state = metrics.merge([metrics.add(metrics.create(), answers)])
    rows, bounds = metrics.extract(state).to_pylist(), of_labels(state)
    if n_labels == 1:
        # Their mean is its own figure.
        rows = [row for row in rows if row["label"] not in (MACRO, MICRO)]
    return tuple(_figures(rows, bounds, LABEL_FIGURES))


def value_figures(
    labels: Sequence[str],
    values: npt.NDArray[Any],
    truth: npt.NDArray[Any],
    units: Sequence[Any] | None = None,
) -> tuple[Figure, ...]:
    """Returns Pearson's r and concordance with 95 % intervals.

    Args:
      labels: names of the columns.
      values: shape (texts, labels).
      truth: shape (texts, labels).
      units: the sampling unit of each text, such as its thread; the text if None.
    """
    from affectflow.gold.figures import ValueMetrics
    from affectflow.gold.figures.intervals import of_values

    n_texts, n_labels = truth.shape
    unit = np.arange(n_texts) if units is None else np.asarray(units)
    answers = pa.RecordBatch.from_pydict(
        {
            "unit": np.repeat(unit.astype(str), n_labels),
            "label": list(labels) * n_texts,
            "truth": truth.ravel().astype(np.float64),
            "value": values.ravel().astype(np.float64),
        }
    )
    metrics = ValueMetrics(units=True)
    state = metrics.merge([metrics.add(metrics.create(), answers)])
    rows, bounds = metrics.extract(state).to_pylist(), of_values(state)
    return tuple(_figures(rows, bounds, VALUE_FIGURES))


def _figures(
    rows: list[dict[str, Any]], bounds: Any, names: tuple[str, ...]
) -> Iterator[Figure]:
    for row in rows:
        ends = bounds.get((row["group"], row["label"]), {})
        for name in names:
            yield Figure(name, row["label"], row[name], *ends.get(name, (None, None)))


def with_card(
    annotator: str,
    file: str,
    weights: bytes,
    held_out: str,
    figures: tuple[Figure, ...],
    licence: str,
    about: str = "",
) -> Trained:
    """Returns weights with a card that says whom they are for, licence and figures.

    Args:
      annotator: that reads them.
      file: their name.
      weights: as `weights_file` wrote them.
      held_out: one line: which texts the figures are of.
      figures: on these texts.
      licence: of the data.
      about: a sentence on what they are.
    """
    word, said = word_of(licence), _metadata(weights)
    settings = json.loads(said["settings"])
    options = ", ".join(f"{name}={value}" for name, value in settings.items())
    digest = hashlib.blake2b(weights, digest_size=16).hexdigest()
    kept = passing_on(forbidding({"data": licence}), "")
    kept = kept and f"\n\n{kept}"
    card = f"""---
license: {word}
---
# {file}

{f"{about} " if about else ""}Read by `{annotator}`, made by `affectflow train`. The file holds weights, no text.

| | |
| --- | --- |
| data | SHA-256 {said["training_digest"].removeprefix("sha256:")} |
| licence of the data | {licence} |
| commercial use | {SAYS[allows_commerce(word)]} |
| settings | {options} |
| weights | BLAKE2b {digest} |{kept}

The licence is in the column `licence` of a lake's table `annotators`. Where it is a
share-alike licence, take it that these weights fall under it, too, when you pass them on.

## Figures

On {held_out}, that nothing was fitted to. 95 % intervals from 1,000 bootstrap samples.

{as_markdown(figures)}

## What it must not be used for

Decisions about a person. On texts of another kind, language or community than the data it
is unmeasured: label some of yours and run `affectflow eval` first.
"""  # noqa: E501
    return Trained(
        annotator=annotator,
        weights=weights,
        card=card,
        held_out=held_out,
        figures=figures,
    )


def _metadata(file: bytes) -> dict[str, str]:
    """Returns what a file of safetensors says of itself."""
    size = int.from_bytes(file[:8], "little")
    found: dict[str, str] = json.loads(file[8 : 8 + size])["__metadata__"]
    return found


def as_markdown(figures: Sequence[Figure]) -> str:
    """Returns figures as a table: one row per label, one column per figure.

    A line behind it says why a figure has no interval.
    """
    names = list(dict.fromkeys(figure.name for figure in figures))
    cells = {(figure.label, figure.name): _cell(figure) for figure in figures}
    lines = [
        "| label | " + " | ".join(name.replace("_", " ") for name in names) + " |",
        "| --- |" + " --- |" * len(names),
    ]
    for label in dict.fromkeys(figure.label for figure in figures):
        shown = (cells.get((label, name), "") for name in names)
        lines.append(f"| {label} | " + " | ".join(shown) + " |")
    if any(figure.value is not None and figure.low is None for figure in figures):
        lines += ["", _NO_INTERVAL]
    return "\n".join(lines)


def _cell(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
