"""Calibration: from an annotator's scores to probabilities, by people's answers.

A probability of 0.3 means: of the utterances that get it, people say yes to 30 %. It
holds for texts like those that people answered for, and for no others.
"""

from affectflow.gold.calibration.curves import STORED_FROM, Curve
from affectflow.gold.calibration.kept import Calibration, newest

__all__ = ["STORED_FROM", "Calibration", "Curve", "newest"]
