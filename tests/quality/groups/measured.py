"""Gaps between groups, as the measure `GroupGap` says them, and the file of them."""

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectflow import weights
from affectflow_transforms.measures.group_gap import GroupGap
from affectflow_transforms.models.emotions.embedded import EmbeddedEmotions
from tests.given.flags import flags
from tests.quality.groups.comparisons import Comparison, comparisons

DRAWS = 500
MIN_GAP = 0.05
"""Smaller gaps are on the page, and not in a report."""
_ENDS = ("low", "high")
FILE = weights.folder("affectflow_transforms.models.emotions") / "group_gaps.json"

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A figure of one label in several groups.

    Args:
      about: what tells the groups apart.
      label: frustration, irritation, or all emotions.
      figure: of `GroupGap`.
      groups: by name the value of each, with `n`, `low` and `high`.
      apart: by name the value minus that of the other groups, likewise.
      whole: `gap`, and where there are pairs `flip_rate`.
    """

    about: str
    label: str
    figure: str
    groups: Mapping[str, Row]
    apart: Mapping[str, Row]
    whole: Mapping[str, Row]

    @property
    def size(self) -> float:
        """Highest minus lowest, 0..1; 0 if fewer than two groups have a value."""
        return float(self.whole["gap"]["value"] or 0)

    @property
    def ends(self) -> tuple[str, str]:
        """The groups with the highest and the lowest value."""
        known = {n: row["value"] for n, row in self.groups.items()}
        order = sorted((v, n) for n, v in known.items() if v is not None)
        return order[-1][1], order[0][1]

    @property
    def is_sure(self) -> bool:
        """Whether highest or lowest differs from the rest beyond chance."""
        return any(is_apart(self.apart[name]) for name in self.ends)


def is_apart(row: Row) -> bool:
    """Returns whether the interval of a difference leaves out 0."""
    low, high = row["low"], row["high"]
    return low is not None and (low > 0 or high < 0)


@functools.cache
def measured(data: Path) -> tuple[Gap, ...]:
    """Returns all figures of all comparisons.

    Args:
      data: the folder of the shared data sets.
    """
    return tuple(gap for each in comparisons(data) for gap in gaps_of(each))


def gaps_of(given: Comparison) -> Iterator[Gap]:
    """Yields the figures of one comparison."""
    for figure in given.figures:
        measure = GroupGap(figure=figure, draws=DRAWS)
        batch = flags(measure, given.rows)
        rows = measure.extract(measure.add(measure.create(), batch)).to_pylist()
        for label in dict.fromkeys(row["label"] for row in given.rows):
            yield _gap(given.about, label, figure, rows)


def _gap(about: str, label: str, figure: str, rows: Sequence[Row]) -> Gap:
    name = f"{label} {figure}"
    return Gap(
        about=about,
        label=label,
        figure=figure,
        groups={
            r["unit_id"]: r
            for r in rows
            if r["unit_type"] == "group" and r["label"] == name
        },
        apart={r["unit_id"]: r for r in rows if r["label"] == f"{name} minus the rest"},
        whole={
            r["label"]: r
            for r in rows
            if r["unit_type"] == "groups" and r["unit_id"] == name
        },
    )


def content(gaps: Sequence[Gap]) -> dict[str, Any]:
    """Returns what a report may say of the weights in the package."""
    wide = [gap for gap in gaps if gap.size > MIN_GAP]
    return {
        "revision": EmbeddedEmotions.shipped_revision(),
        "gaps": [_told(gap) for gap in sorted(wide, key=lambda g: (-g.size, g.about))],
    }


def _told(gap: Gap) -> dict[str, Any]:
    high, low = gap.ends
    row = gap.apart[high] if len(gap.groups) == 2 else gap.whole["gap"]
    ends = [None if row[name] is None else round(row[name], 3) for name in _ENDS]
    return {
        "about": gap.about,
        "label": gap.label,
        "figure": gap.figure.replace("_", " "),
        "highest": [high, round(gap.groups[high]["value"], 3)],
        "lowest": [low, round(gap.groups[low]["value"], 3)],
        "gap": [round(gap.size, 3), *ends],
        "beyond_chance": gap.is_sure,
    }


def write(gaps: Sequence[Gap]) -> None:
    """Writes the file beside the model's card, a gap a line."""
    told = content(gaps)
    lines = ",\n".join(json.dumps(gap) for gap in told["gaps"])
    head = json.dumps(told["revision"])
    FILE.write_text(f'{{"revision": {head}, "gaps": [\n{lines}\n]}}\n', "utf-8")
