"""Filling `probability` and `calibration_id`; no other column changes."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.gold.calibration.kept import Calibration, LabelCalibration
from affectflow.schemas import ANNOTATIONS

FILLED = ("probability", "calibration_id")


def filled(rows: pa.Table, calibration: Calibration) -> pa.Table:
    """Returns rows of `annotations` with the probabilities of a calibration.

    Labels without a curve and rows without a score get null; rows of other annotators
    stay as they are.
    """
    mine = np.asarray(pc.equal(rows["annotator_id"], calibration.annotator_id))
    scores = np.asarray(pc.fill_null(rows["score"], np.nan), np.float64)
    values = np.asarray(pc.fill_null(rows["probability"], np.nan), np.float64)
    ids = np.asarray(rows["calibration_id"].to_pylist(), object)
    values[mine], ids[mine] = np.nan, None
    for label in calibration.labels:
        if label.curve is not None:
            here = mine & _of(rows, label) & ~np.isnan(scores)
            values[here] = label.curve.probabilities(scores[here])
            ids[here] = calibration.calibration_id
    found = pa.array(values.astype(np.float32), pa.float32(), mask=np.isnan(values))
    return _with(_with(rows, "probability", found), "calibration_id", pa.array(ids))


def _of(rows: pa.Table, label: LabelCalibration) -> np.ndarray:
    wanted = {
        "task": label.task,
        "vocabulary": label.vocabulary,
        "label": label.label,
    }
    found = np.ones(rows.num_rows, np.bool_)
    for name, value in wanted.items():
        found &= np.asarray(pc.fill_null(pc.equal(rows[name], value), False))
    return found & np.asarray(pc.is_in(rows["status"], pa.array(["ok", "truncated"])))


def _with(rows: pa.Table, name: str, column: pa.Array) -> pa.Table:
    field = ANNOTATIONS.field(name)
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, field, column.cast(field.type))


def is_filled(before: pa.Table, after: pa.Table) -> bool:
    """Returns whether filling changed nothing: each row names its calibration already.

    The numbers themselves are not compared: the last digit of a logarithm differs from
    machine to machine.
    """
    lacking = [pc.is_null(rows["probability"]) for rows in (before, after)]
    same = before["calibration_id"].equals(after["calibration_id"])
    return bool(same and lacking[0].equals(lacking[1]))


def same_labels(first: pa.Table, second: pa.Table) -> bool:
    """Returns whether two tables of annotations differ in nothing but probabilities."""
    rest = [name for name in ANNOTATIONS.names if name not in FILLED]
    return bool(first.select(rest).equals(second.select(rest)))
