"""Calibrations that a lake keeps: `_calibrations/<calibration_id>.json`.

A calibration never changes: its id is a digest of its content. `runs` tells which one
  is the newest.
"""

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass
from typing import Any, Self

from affectflow.batches.bootstrap import Interval
from affectflow.errors import LakeError
from affectflow.gold.calibration.choosing import Figures
from affectflow.gold.calibration.curves import Curve
from affectflow.lake import Lake, open_lake

FOLDER = "_calibrations"
FORMAT = 1
STAGE = "calibrate"
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True)
class LabelCalibration:
    """How accurate one label of an annotator is, and its curve.

    Args:
      task: as in `annotations`.
      vocabulary: as in `annotations`.
      label: as in `annotations`.
      n: answers of people.
      positives: how many of them are yes.
      conversations: that the answers come from.
      curve: None if there are too few answers: no probability.
      figures: None if there are too few answers.
      note: why there is no curve, or only the base rate; otherwise empty.
      parts: the annotator's labels whose scores are joined, if the label is a family
        that it has no rows of; then no row gets its probability.
    """

    task: str
    vocabulary: str
    label: str
    n: int
    positives: int
    conversations: int
    curve: Curve | None = None
    figures: Figures | None = None
    note: str = ""
    parts: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        """Method of the curve; `none` without one."""
        return self.curve.method if self.curve else "none"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The calibration of one annotator.

    Args:
      annotator_id: whose scores.
      fitted_on: digest of people's answers.
      labels: sorted by task, vocabulary and label.
    """

    annotator_id: str
    fitted_on: str
    labels: tuple[LabelCalibration, ...]

    @property
    def calibration_id(self) -> str:
        """16 hexadecimal digits: equal content, equal id."""
        return hashlib.blake2b(self.to_json().encode(), digest_size=8).hexdigest()

    def to_json(self) -> str:
        """Returns the calibration as JSON; figures that are not defined are null."""
        said = {"format": FORMAT, **asdict(self)}
        return json.dumps(_plain(said), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Returns the calibration that `to_json` wrote.

        Raises:
          ValueError: it is damaged, or of another format.
        """
        said: dict[str, Any] = json.loads(text)
        if said.pop("format", None) != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        try:
            said["labels"] = tuple(_label(each) for each in said["labels"])
            return cls(**said)
        except (KeyError, TypeError) as error:
            raise ValueError(f"a field is missing or is unknown: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _label(said: dict[str, Any]) -> LabelCalibration:
    curve, figures = said["curve"], said["figures"]
    if curve is not None:
        parameters = {name: tuple(v) for name, v in curve["parameters"].items()}
        said["curve"] = Curve(**{**curve, "parameters": parameters})
    if figures is not None:
        known = (math.nan if v is None else v for v in figures["skill"])
        said["figures"] = Figures(**{**figures, "skill": Interval(*known)})
    return LabelCalibration(**{**said, "parts": tuple(said["parts"])})


# -- in a lake ---------------------------------------------------------------------


def keep(lake: Lake, calibration: Calibration) -> None:
    """Writes a calibration unless the lake already has it."""
    content = calibration.to_json().encode()
    lake.storage.write_once(content, FOLDER, f"{calibration.calibration_id}.json")


def holds(lake: Lake, calibration_id: str) -> bool:
    """Returns whether a lake has a calibration; rows may name one of another lake."""
    name = f"{calibration_id}.json"
    return bool(_ID.fullmatch(calibration_id)) and lake.storage.exists(FOLDER, name)


def kept(lake: Lake, calibration_id: str) -> Calibration:
    """Returns a calibration of a lake.

    Raises:
      LakeError: it is not there, or damaged.
    """
    name = f"{calibration_id}.json"
    if not holds(lake, calibration_id):
        raise LakeError(
            f"{lake.uri!r} has no calibration {calibration_id!r} in {FOLDER}; fit it "
            f"again: `affectflow calibrate {lake.uri}`"
        )
    try:
        return Calibration.from_json(lake.storage.read(FOLDER, name).decode())
    except ValueError as error:
        raise LakeError(
            f"the calibration {lake.storage.url(FOLDER, name)!r} is damaged ({error}); "
            f"remove it and fit it again: `affectflow calibrate {lake.uri}`"
        ) from error


def newest(lake: Lake, annotator_id: str) -> Calibration | None:
    """Returns the calibration of an annotator that was stored last, or None."""
    with open_lake(lake.uri) as connection:
        found = connection.execute(
            "SELECT calibration_id FROM runs WHERE stage = ? AND error IS NULL "
            "AND annotator_id = ? ORDER BY started DESC, ended DESC LIMIT 1",
            [STAGE, annotator_id],
        ).fetchone()
    return kept(lake, found[0]) if found else None
