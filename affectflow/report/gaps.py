"""For whom an annotator errs: gaps measured for its weights, if it ships them.

A model whose weights come with its package may bring `weights/group_gaps.json`: the
`revision` that was measured, and `gaps`: `about` (what distinguishes the groups),
`label`, `figure`, `highest` and `lowest` (a name and a value each), `gap` (value, low,
high) and whether it is `beyond_chance`. Figures of other weights are never shown.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from affectflow import registry
from affectflow.report.html import Child, Html, el, table

FILE = Path("weights", "group_gaps.json")
PUBLISHED = Path("weights", "published.json")
"""The `revision` that was measured, and for each label its precision and recall at the
threshold, and the texts they were measured `on`."""
_HEADS = ("Compared", "Label", "Figure", "Highest", "Lowest", "Gap (95 %)", "Chance")

Row = Mapping[str, Any]


def gaps_of(annotator: Row) -> list[Row]:
    """Returns the gaps between groups that were measured for an annotator.

    The plugin is not imported.

    Args:
      annotator: a row of the table `annotators`.
    """
    told = _brought(annotator, FILE)
    return list(told["gaps"]) if told else []


def published(annotator: Row, label: str) -> Row | None:
    """Returns `precision`, `recall` and what they were measured `on`, if published.

    Args:
      annotator: a row of the table `annotators`.
      label: such as `frustration`.
    """
    told = _brought(annotator, PUBLISHED)
    return told["labels"].get(label) if told else None


def _brought(annotator: Row, file: Path) -> Row | None:
    """Returns the content of a file beside the weights, if the revision is the same."""
    model = annotator["model"]
    if model not in registry.names("models"):
        return None
    package = registry.find("models", model).module.rpartition(".")[0]
    spec = find_spec(package) if package else None
    for folder in (spec and spec.submodule_search_locations) or ():
        if (path := Path(folder) / file).is_file():
            told: Row = json.loads(path.read_text("utf-8"))
            if told["revision"] == annotator["revision"]:
                return told
    return None


def for_whom_it_errs(annotators: Sequence[Row]) -> list[Html]:
    """Returns a table of gaps for each annotator with known gaps, for the methods."""
    found = [(row["annotator_id"], gaps_of(row)) for row in annotators]
    return [
        el(
            "div",
            el("p", "For whom ", el("code", name), f" errs: {_SAID}"),
            table(list(_HEADS), [_cells(gap) for gap in gaps], {5}),
        )
        for name, gaps in found
        if gaps
    ]


def lines_of(annotator: Row) -> list[str]:
    """Returns the same as lines of Markdown."""
    gaps = gaps_of(annotator)
    lines = [
        f"- {gap['label']}, {gap['figure']}, {gap['about']}: {_end(gap, 'highest')} "
        f"against {_end(gap, 'lowest')}; gap {_interval(gap)}"
        f"{'' if gap['beyond_chance'] else ', may be chance'}."
        for gap in gaps
    ]
    head = f"For whom `{annotator['annotator_id']}` errs: {_SAID}"
    return [head, "\n".join(lines)] if lines else []


_SAID = (
    "gaps of more than 5 points between groups, measured on data sets of affectflow, "
    "not on these messages. Each names the group for which a figure is highest, the "
    "group for which it is lowest, and the difference: where recall is low, more of "
    "what people feel is missed; where the false flag rate is high, more is seen that "
    "is not there. So part of a difference between such groups is the annotator's own."
)
_BY_LENGTH, _UNIT = "by length", " characters"


def _cells(gap: Row) -> list[Child]:
    return [
        gap["about"],
        gap["label"],
        gap["figure"],
        _end(gap, "highest"),
        _end(gap, "lowest"),
        _interval(gap),
        "unlikely" if gap["beyond_chance"] else "possible",
    ]


def _end(gap: Row, which: str) -> str:
    """Returns the value of a group, and its name, with the unit if it is a length."""
    name, value = gap[which]
    unit = _UNIT if gap["about"].endswith(_BY_LENGTH) else ""
    return f"{value:.3f} ({name}{unit})"


def _interval(gap: Row) -> str:
    value, low, high = gap["gap"]
    if low is None or high is None:
        return f"{value:.2f}"
    return f"{value:.2f} ({low:.2f} to {high:.2f})"
