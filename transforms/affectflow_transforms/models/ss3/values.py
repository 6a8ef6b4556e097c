"""The values of words in SS3: how much a word says about each label.

Burdisso et al. 2019 (Expert Systems with Applications 133, arXiv 1905.08772): the
global value of a word is its local value (how often a label's texts use it), times its
significance (how far that is above the other labels), times its sanction (how few other
labels it is significant for).
"""

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError

Mode = Literal["pyss3", "paper"]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Of the sigmoid .5 tanh(SLOPE x - SHIFT) + .5, and the count that says nothing yet.
_SHAPE: dict[str, tuple[float, float, int]] = {
    "pyss3": (3.0, 3.0, 1),
    "paper": (4.0, 2.0, 0),
}


class Settings(NamedTuple):
    """How values are made of counts.

    Attributes:
      mode: `pyss3`, as PySS3 0.6.5 computes it with `sg_m="vanilla"`, where a word that
        a label's texts use once has no local value; or `paper`, with the sigmoid of the
        paper (recalled, not checked against the print), where one use counts.
      smoothness: sigma; below 1 it lifts rare words, above 0.
      significance: lambda; how many deviations above the median are significant, above
        0.
      sanction: rho; how much each other label costs a word, at least 0.
    """

    mode: Mode = "pyss3"
    smoothness: float = 0.45
    significance: float = 0.5
    sanction: float = 1.0

    def check(self) -> None:
        """Raises UsageError if a setting is out of its range."""
        if self.mode not in _SHAPE:
            raise UsageError(
                f"`mode` must be one of {', '.join(_SHAPE)}, got {self.mode!r}"
            )
        if not (self.smoothness > 0 and self.significance > 0 and self.sanction >= 0):
            raise UsageError(
                "`smoothness` and `significance` must be above 0 and `sanction` at "
                f"least 0, got {self.smoothness:g}, {self.significance:g} and "
                f"{self.sanction:g}"
            )


class Values(NamedTuple):
    """Values of words, each of shape (words, labels).

    Attributes:
      local: how often a label's texts use the word, 0..1.
      significance: 0..1.
      sanction: 0..1.
      of_all: their product, the global value, 0..1.
    """

    local: Floats
    significance: Floats
    sanction: Floats
    of_all: Floats


def values_of(counts: Counts, settings: Settings) -> Values:
    """Returns the values of words.

    Args:
      counts: how often the texts of each label use each word, shape (words, labels).
      settings: how values are made of them.
    """
    local = _local(counts, settings)
    significance = _significance(local, settings)
    if settings.mode == "pyss3":
        # PySS3 does not apply the sigmoid to a word that a label's texts do not use.
        significance = np.where(counts > 0, significance, 0.0)
    sanction = _sanction(significance, settings.sanction)
    return Values(local, significance, sanction, local * significance * sanction)


def _local(counts: Counts, settings: Settings) -> Floats:
    *_, silent = _SHAPE[settings.mode]
    most = np.maximum(counts.max(axis=0, initial=0), 1)
    local: Floats = (counts / most) ** settings.smoothness
    return np.where(counts > silent, local, 0.0)


def _significance(local: Floats, settings: Settings) -> Floats:
    slope, shift, _ = _SHAPE[settings.mode]
    middle, spread = _middle(local)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = (local - middle) / (settings.significance * spread)
    found: Floats = 0.5 * np.tanh(slope * apart - shift) + 0.5
    return np.where(spread == 0, (local > 0).astype(np.float64), found)


def _middle(local: Floats) -> tuple[Floats, Any]:
    """Returns the lower median of each word, and the mean deviation from it.

    With two labels both are the lower value, as in PySS3: their median would make every
    word equally significant.
    """
    n = local.shape[1]
    ordered = np.sort(local, axis=1)
    middle = ordered[:, [(n - 1) // 2]]
    if n == 2:
        return middle, middle
    return middle, np.abs(local - middle).mean(axis=1, keepdims=True)


def _sanction(significance: Floats, rho: float) -> Floats:
    n = significance.shape[1]
    others = significance.sum(axis=1, keepdims=True) - significance
    share: Floats = (n - (others + 1)) / ((n - 1) * (others + 1))
    return np.maximum(share, 0.0) ** rho
