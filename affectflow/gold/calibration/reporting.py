"""How a calibration is reported: rows of `measures`, and a table to read."""

import hashlib
from typing import Any

from affectflow.gold.calibration.choosing import Figures
from affectflow.gold.calibration.kept import Calibration, LabelCalibration
from affectflow.gold.measures import measure, replace_measures
from affectflow.gold.targets.labels import Target
from affectflow.lake import Lake

KIND = "calibration"

HEADS = (
    "task",
    "label",
    "answers",
    "yes",
    "method",
    "Brier before",
    "Brier after",
    "skill before",
    "skill after",
    "low",
    "high",
    "ECE before",
    "ECE after",
    "note",
)


def keep_measures(lake: Lake, calibration: Calibration) -> None:
    """Commits the Brier skill of each label, replacing an older calibration's rows."""
    rows = [
        measure(
            KIND,
            "annotator",
            calibration.annotator_id,
            Target(label.task, label.vocabulary, label.label).name,
            label.figures.skill,
            label.n,
            calibration.fitted_on,
        )
        for label in calibration.labels
        if label.figures is not None
    ]
    name = calibration.annotator_id.encode()
    digest = hashlib.blake2b(name, digest_size=8).hexdigest()
    replace_measures(lake, f"{KIND}-{digest}", rows)


def as_rows(calibration: Calibration) -> list[list[Any]]:
    """Returns a row for each label, columns as in `HEADS`."""
    return [_row(label) for label in calibration.labels]


def _row(label: LabelCalibration) -> list[Any]:
    name = Target(label.task, label.vocabulary, label.label).name
    known = [label.task, name, label.n, label.positives, label.method]
    if label.figures is None:
        return [*known, *[None] * 8, label.note]
    return [*known, *_figures(label.figures), _note(label, label.figures)]


def _figures(found: Figures) -> list[float]:
    return [
        found.brier_before,
        found.brier_after,
        found.skill_before,
        *found.skill,
        found.ece_before,
        found.ece_after,
    ]


def _note(label: LabelCalibration, found: Figures) -> str:
    said = [label.note]
    if not found.helps and not label.note:
        said.append("no better than the raw scores")
    if label.parts:
        said.append("a family: no row has its probability")
    return "; ".join(each for each in said if each)
