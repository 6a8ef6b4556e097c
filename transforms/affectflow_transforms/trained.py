"""Weights that somebody trained: finding them, and measuring them on held-out texts.

`affectflow train` writes a folder with one `*.safetensors`, whose metadata name the
annotator that reads it and the licence that it passes on.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from safetensors import SafetensorError, safe_open

from affectflow.errors import UsageError
from affectflow.training import Figure

LABEL_FIGURES = ("f1", "precision", "recall", "auc", "average_precision", "brier_skill")
VALUE_FIGURES = ("pearson", "ccc")

LICENCES = {
    "73fd5b72ab2ad35f291602ee4d888f8f2b599e0993bc601ef8afabedd628ce38": (
        "CC BY 4.0 (XED, Öhman et al. 2020)"
    ),
    "ac85b68d2f86bb50f2995c2f941d26eab7697cffd191ec9014f200b59ebd4d56": (
        "CC BY-SA 4.0 (EmoBank, Buechel and Hahn 2017)"
    ),
}
"""Licences of data sets, by SHA-256 of the file that is trained on."""

Mask = npt.NDArray[np.bool_]


# -- files -------------------------------------------------------------------------


def read_weights(folder: Path, annotator: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns arrays and metadata of the one weights file in `folder`.

    Raises:
      UsageError: there is none, several, or one for another annotator.
    """
    file, metadata = _opened(folder)
    written_for = metadata.get("annotator", "an unknown annotator")
    if written_for != annotator:
        raise UsageError(
            f"{str(file)!r} is for {written_for}, not for {annotator}: name the folder "
            "that `affectflow train` wrote for it"
        )
    with safe_open(file, framework="numpy") as opened:
        arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    return arrays, metadata


def read_metadata(folder: Path) -> dict[str, str]:
    """Returns the metadata of the one weights file in `folder`; reads no arrays.

    Raises:
      UsageError: there is none, there are several, or it is broken.
    """
    return _opened(folder)[1]


def _opened(folder: Path) -> tuple[Path, dict[str, str]]:
    file = _weights_file(folder)
    try:
        with safe_open(file, framework="numpy") as opened:
            return file, dict(opened.metadata() or {})
    except SafetensorError as error:
        raise UsageError(
            f"{str(file)!r} is no weights file ({error}): train it again"
        ) from error


def annotator_of(folder: Path) -> str:
    """Returns the annotator that a folder of `affectflow train` is for, or ""."""
    try:
        return read_metadata(folder).get("annotator", "")
    except UsageError:
        return ""


def digest(folder: Path) -> str:
    """Returns BLAKE2b of the weights file in `folder`, 32 hex digits.

    Raises:
      UsageError: there is none, or several.
    """
    written = _weights_file(folder).read_bytes()
    return hashlib.blake2b(written, digest_size=16).hexdigest()


def _weights_file(folder: Path) -> Path:
    files = sorted(folder.glob("*.safetensors"))
    if len(files) != 1:
        raise UsageError(
            f"expected one `*.safetensors` in {str(folder)!r}, found {len(files)}: "
            "name the folder that `affectflow train` wrote"
        )
    return files[0]


def sha256(file: Path) -> str:
    """Returns SHA-256 of a file, as hex digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def licence_of(file: Path, given: str) -> str:
    """Returns the licence to pass on: the one given, or that of a known data set."""
    return given or LICENCES.get(sha256(file), "not stated")


def needed(data: Path, *names: str) -> tuple[Path, ...]:
    """Returns files of a folder by name.

    Raises:
      UsageError: one is not there; names it.
    """
    for name in names:
        if not (data / name).is_file():
            raise UsageError(
                f"no file {name!r} in {str(data)!r}: --data is a folder with "
                + ", ".join(f"`{each}`" for each in names)
            )
    return tuple(data / name for name in names)


# -- figures -----------------------------------------------------------------------


def label_figures(
    labels: Sequence[str],
    scores: npt.NDArray[Any],
    chosen: Mask,
    truth: Mask,
    units: Sequence[Any] | None = None,
) -> tuple[Figure, ...]:
    """Returns figures of labels with 95 % intervals, 1,000 bootstrap samples.

    Args:
      labels: names of the columns.
      scores: shape (texts, labels), 0..1.
      chosen: shape (texts, labels).
      truth: shape (texts, labels).
      units: what is drawn, of each text, such as its thread; the texts if None.
    """
    from affectflow.metrics import LabelMetrics
    from affectflow.metrics.intervals import of_labels

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
    return tuple(_figures(rows, bounds, LABEL_FIGURES))


def value_figures(
    labels: Sequence[str], values: npt.NDArray[Any], truth: npt.NDArray[Any]
) -> tuple[Figure, ...]:
    """Returns Pearson's r and concordance with 95 % intervals.

    Args:
      labels: names of the columns.
      values: shape (texts, labels).
      truth: shape (texts, labels).
    """
    from affectflow.metrics import ValueMetrics
    from affectflow.metrics.intervals import of_values

    n_texts, n_labels = truth.shape
    answers = pa.RecordBatch.from_pydict(
        {
            "unit": np.repeat(np.arange(n_texts).astype(str), n_labels),
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


def as_markdown(figures: Sequence[Figure]) -> str:
    """Returns figures as a table: one row a label, one column a figure."""
    names = list(dict.fromkeys(figure.name for figure in figures))
    cells = {(figure.label, figure.name): _cell(figure) for figure in figures}
    lines = [
        "| label | " + " | ".join(name.replace("_", " ") for name in names) + " |",
        "| --- |" + " --- |" * len(names),
    ]
    for label in dict.fromkeys(figure.label for figure in figures):
        shown = (cells.get((label, name), "") for name in names)
        lines.append(f"| {label} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _cell(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
