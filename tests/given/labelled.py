"""What people said, as it travels with rows and as it lies in a lake."""

from typing import Any

Row = dict[str, Any]


def chosen(row: Row) -> dict[str, list[str]]:
    """Returns the labels that each annotator chose for a row."""
    found: dict[str, list[str]] = {}
    for each in row["annotations"]:
        labels = found.setdefault(each["annotator_id"], [])
        if each["chosen"]:
            labels.append(each["label"])
    return found


def causes(row: Row) -> list[tuple[Any, ...]]:
    """Returns label, message, words, type and status of each cause of a row."""
    names = ("label", "cause_utterance_id", "cause_text", "cause_type", "status")
    return [tuple(each[name] for name in names) for each in row["causes"]]
