"""Calibration: from an annotator's scores to probabilities, using people's answers.

A probability of 0.3 means that people say yes to 30 % of the utterances that get it. It
holds only for texts like those that people answered.
"""

from affectflow.gold.calibration.curves import STORED_FROM, Curve
from affectflow.gold.calibration.kept import Calibration, newest

__all__ = ["STORED_FROM", "Calibration", "Curve", "newest"]
