"""The section with filters: a table of cells in the page, and our script.

Without the script it shows, container by container, the counts without any filter.
"""

import json
from importlib import resources
from typing import Any

from affectflow.nouns import count
from affectflow.report.cells import Cells
from affectflow.report.html import Child, Html, el, prose, table
from affectflow.report.partition import DIMENSIONS
from affectflow.report.queries import Facts
from affectflow.report.quotes import how_to_publish
from affectflow.report.words import section

_NAMES = {
    "container": "Container",
    "period": "Time",
    "role": "Role",
    "kind": "Kind",
}
_TITLE = "Filter the counts"
_SEVERAL = "several, too small to show alone"
_UNSTATED = "not stated"


def filters(facts: Facts) -> Html:
    """Returns the section with its table and script, or why it is empty."""
    cells = facts.cells
    if cells is None or not cells.rows:
        why_not = prose(_nothing(facts, cells))
        return section("filters", _TITLE, el("p", why_not))
    choice, label = _first_shown(cells)
    return section(
        "filters",
        _TITLE,
        el("p", _introduction(cells)),
        el("div", id="filter-controls"),
        el("p", _told(cells, choice, label), id="filter-result", role="status"),
        el("div", _by_container(cells, choice, label), id="filter-table"),
        el("p", _note(cells), class_="note"),
        el("script", _embedded(cells), type="application/json", id="filter-cells"),
        el("script", Html(script())),
    )


def _nothing(facts: Facts, cells: Cells | None) -> str:
    if cells is None:
        return "Nothing has been labelled yet."
    few = (
        "There is nothing to filter: the labelled messages that are marked as public "
        f"are fewer than {cells.min_messages}, or of fewer than {cells.min_people} "
        f"{cells.counted}."
    )
    return f"{few} {how_to_publish(facts)}".rstrip()


def script() -> str:
    """Returns the script of the section, exactly as the page's policy allows it."""
    file = resources.files("affectflow.report") / "assets" / "filters.js"
    return file.read_text(encoding="utf-8")


def _first_shown(cells: Cells) -> tuple[int, str]:
    """Returns the annotator and the label that are counted first."""
    for name in ("frustration", "irritation"):
        for number, labels in enumerate(cells.labels):
            if name in labels:
                return number, name
    return 0, next(iter(cells.labels[0]), "")


def _introduction(cells: Cells) -> str:
    return (
        "Messages in which a label was chosen, beside all messages that the annotator "
        "answered. The counts are what an annotator flagged, not what people felt; "
        f"only public messages are counted, in groups of at least {cells.min_people} "
        f"{cells.counted} and {cells.min_messages} messages, and smaller groups are "
        "kept together."
    )


def _told(cells: Cells, choice: int, label: str) -> str:
    rows = [cell for cell in cells.rows if choice in cell.choices]
    flagged = sum(cell.flagged.get((choice, label), 0) for cell in rows)
    messages = sum(cell.messages for cell in rows)
    people = max((cell.people for cell in rows), default=0)
    return (
        f"{label}: flagged in {flagged:,} of {count(messages, 'message')}, "
        f"{_by_whom(people, cells)}. Nothing is filtered out."
    )


def _by_whom(number: int, cells: Cells) -> str:
    if cells.counted == "people":
        return f"which at least {count(number, 'person', 'people')} wrote"
    return f"from at least {count(number, 'conversation')}"


def _by_container(cells: Cells, choice: int, label: str) -> Html:
    totals: dict[str | None, list[int]] = {}
    for cell in cells.rows:
        if choice in cell.choices:
            row = totals.setdefault(cell.values[0], [0, 0])
            row[0] += cell.flagged.get((choice, label), 0)
            row[1] += cell.messages
    ranked = sorted(totals, key=lambda name: (name is None, -totals[name][1], name))
    rows: list[list[Child]] = [
        [_spelt(name), f"{totals[name][0]:,}", f"{totals[name][1]:,}"]
        for name in ranked
    ]
    return table(["Container", "Flagged", "Messages"], rows, {1, 2})


def _spelt(value: str | None) -> str:
    return _SEVERAL if value is None else value or _UNSTATED


def _note(cells: Cells) -> str:
    parts = [
        f"{cells.counted.capitalize()} are counted group by group and rounded down; a "
        "total says how many the largest of its groups has, so it is a lower bound."
    ]
    if cells.left_out:
        verb = "is" if cells.left_out == 1 else "are"
        parts.append(
            f"{count(cells.left_out, 'message')} {verb} left out: private, deleted, or "
            "too few to be told apart from those."
        )
    return " ".join(parts)


def _embedded(cells: Cells) -> Html:
    """Returns the table as JSON that cannot end the element around it."""
    text = json.dumps(_data(cells), ensure_ascii=False, separators=(",", ":"))
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Html(text)


def _data(cells: Cells) -> dict[str, Any]:
    """Returns what the script reads; values and labels are indices into lists."""
    values = [_values(cells, n) for n in range(len(DIMENSIONS))]
    places = [{value: n for n, value in enumerate(each)} for each in values]
    choice, label = _first_shown(cells)
    return {
        "dimensions": [
            {"name": _NAMES[name], "values": values[n], "ordered": name == "period"}
            for n, name in enumerate(DIMENSIONS)
        ],
        "period": cells.period,
        "counted": cells.counted,
        "choices": [
            {"name": f"{task}: {name}", "labels": labels}
            for (name, task), labels in zip(cells.choices, cells.labels, strict=True)
        ],
        "first": [choice, label],
        "cells": [
            [
                [-1 if v is None else places[n][v] for n, v in enumerate(cell.values)],
                list(cell.choices),
                cell.messages,
                cell.people,
                [
                    [number, cells.labels[number].index(name), n]
                    for (number, name), n in cell.flagged.items()
                ],
            ]
            for cell in cells.rows
        ],
    }


def _values(cells: Cells, place: int) -> list[str]:
    found = {cell.values[place] for cell in cells.rows}
    return sorted(value for value in found if value is not None)
