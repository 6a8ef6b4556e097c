"""From the records of a table to columns: headers, repeated names, Jira's comments."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from affectflow.batches.batch import Rows
from affectflow.sources.auto_ids import AUTO
from affectflow.sources.coerce import strings
from affectflow.sources.mapping import ATTRS_PREFIX, Field
from affectflow.sources.rows import Defaults, RawColumns, errors_of
from affectflow_connectors.csv.parsing import Record, has_more
from affectflow_connectors.jsonl import origins

# How Jira writes a comment into a cell: `07/Nov/16 5:06 PM;account;text`.
_COMMENT = re.compile(
    r"\s*(?P<date>\d{1,4}[/. -]\w{1,9}[/. -]\d{1,4}[^;\n]{0,20}\d:\d\d[^;\n]{0,20});"
    r"(?P<author>[^;\n]{1,120});(?P<text>.*)",
    re.DOTALL,
)
_JIRA = frozenset({"issue key", "issue id"})
_OF_THE_ISSUE = frozenset({"container", "title", "visibility", "source", "lang"})
"""What a comment shares with its row."""


class Item(NamedTuple):
    """One utterance of a row: the row itself, or the cell `at` of a repeated column."""

    row: int
    at: int = -1
    place: int = 0
    comment: re.Match[str] | None = None


class Table:
    """The columns of one table, and where the values of each field are in a row.

    A repeated column gives one utterance for each of its cells if it is the text, or
    Jira's comments. The values of other repeated columns are joined in an attribute;
    of those in any other column, the first that is not empty is taken.
    """

    def __init__(self, names: Sequence[str], fields: Sequence[Field]):
        self.names = list(names)
        self._fields = [f for f in fields if f.constant is not None or f.path in names]
        self._at = {f.target: self._places(f.path) for f in self._fields}
        text_at = self._at.get("text", [])
        self._text = next((f.path for f in self._fields if f.target == "text"), "")
        self._cells = self._repeated_cells(text_at)
        self._has_own_text = len(text_at) == 1 and text_at != self._cells
        self._has_own_text |= not text_at  # a constant, or none: say so of the row

    def _places(self, name: str) -> list[int]:
        return [at for at, each in enumerate(self.names) if each == name]

    def _repeated_cells(self, text_at: list[int]) -> list[int]:
        """Returns the columns whose cells are utterances of their own."""
        if len(text_at) > 1:
            return text_at
        comments = [
            at
            for at, name in enumerate(self.names)
            if name.casefold() in ("comment", "comments")
        ]
        is_jira = not _JIRA.isdisjoint(map(str.casefold, self.names))
        mapped = {at for places in self._at.values() for at in places} - set(text_at)
        return comments if is_jira and mapped.isdisjoint(comments) else []

    def ignored(self) -> dict[str, int]:
        """Returns the repeated names whose columns are not read, and their number."""
        read = {at for places in self._at.values() for at in places} | set(self._cells)
        counts = {name: self.names.count(name) for name in self.names if name}
        return {
            name: count
            for name, count in counts.items()
            if count > 1 and read.isdisjoint(self._places(name))
        }

    def raw(self, group: list[Record], uri: str, defaults: Defaults) -> RawColumns:
        """Returns the utterances of some rows, in order."""
        errors = [_error(record, len(self.names), defaults.step) for record in group]
        if self._cells:
            return self._raw_of_cells(group, uri, errors)
        columns = {}
        for field in self._fields:
            if field.constant is not None:
                columns[field.target] = strings([field.constant] * len(group))
                continue
            cells = self._column(group, errors, field)
            columns[field.target] = strings(cells)
        places = [record.number for record in group]
        return RawColumns(columns, origins(uri, places), errors, lambda r: group[r].raw)

    def _column(
        self, group: list[Record], errors: list[Rows | None], field: Field
    ) -> list[Any]:
        places = self._at[field.target]
        if len(places) > 1:
            pairs = zip(group, errors, strict=True)
            return [None if e else self._value(r, field.target) for r, e in pairs]
        at, keep_empty = places[0], field.target == "text"
        return [
            record.cells[at]
            if error is None
            and at < len(record.cells)
            and (keep_empty or record.cells[at])
            else None
            for record, error in zip(group, errors, strict=True)
        ]

    def _value(self, record: Record, target: str) -> str | None:
        """Returns the value of a column in one row; None if it is empty."""
        places = self._at.get(target, [])
        cells = [record.cells[at] for at in places if at < len(record.cells)]
        if target == "text":
            return cells[0] if cells else None
        there = [cell for cell in cells if cell]
        kept = there if target.startswith(ATTRS_PREFIX) else there[:1]
        return ", ".join(kept) or None

    # -- rows that hold several utterances -----------------------------------------

    def _raw_of_cells(
        self, group: list[Record], uri: str, errors: list[Rows | None]
    ) -> RawColumns:
        items = [
            item
            for row, record in enumerate(group)
            for item in ([Item(row)] if errors[row] else self._items(row, record))
        ]
        constants = {f.target: f.constant for f in self._fields}
        rows = [
            {} if errors[item.row] else self._values(group[item.row], item, constants)
            for item in items
        ]
        targets = dict.fromkeys(target for row in rows for target in row)
        columns = {t: strings([row.get(t) for row in rows]) for t in targets}
        places = [_place(group[item.row].number, item) for item in items]
        return RawColumns(
            columns,
            origins(uri, places),
            [errors[item.row] for item in items],
            lambda r: group[items[r].row].raw,
        )

    def _items(self, row: int, record: Record) -> list[Item]:
        found = [
            Item(row, at, place, _COMMENT.fullmatch(record.cells[at]))
            for place, at in enumerate(self._cells, start=1)
            if at < len(record.cells) and record.cells[at].strip()
        ]
        is_text = self.names[self._cells[0]] == self._text
        found = [item for item in found if is_text or item.comment]
        # A row without any text stays a row: it is counted, as one without text.
        return [Item(row), *found] if self._has_own_text or not found else found

    def _values(
        self, record: Record, item: Item, constants: dict[str, str | None]
    ) -> dict[str, str | None]:
        row = {
            target: self._value(record, target) if constant is None else constant
            for target, constant in constants.items()
        }
        if item.at < 0:
            return row
        given = row.get("utterance_id")
        own_id = "" if given in (None, AUTO) else given
        thread = row.get("conversation_id") or own_id or None
        base = row | {
            "utterance_id": f"{own_id}#comment-{item.place}" if own_id else given,
            "conversation_id": thread,
            "text": record.cells[item.at],
        }
        if item.comment is None:
            return base
        kept = {
            target: value
            for target, value in base.items()
            if target in _OF_THE_ISSUE or target.startswith(ATTRS_PREFIX)
        }
        return kept | {
            "utterance_id": base["utterance_id"],
            "conversation_id": thread,
            "reply_to": own_id or None,
            "kind": "comment",
            "timestamp": item.comment["date"],
            "speaker_id": item.comment["author"],
            "text": item.comment["text"],
        }


def _place(number: int, item: Item) -> str:
    return f"{number}" if item.at < 0 else f"{number}:{item.at}"


def _error(record: Record, width: int, step: str) -> Rows | None:
    if record.error_type:
        return errors_of(step, record.error_type, record.message, record.raw)
    if has_more(record.cells, width):
        message = (
            f"{len(record.cells)} cells under {width} names; quote the cells that hold "
            "the delimiter"
        )
        return errors_of(step, "unknown_shape", message, record.raw)
    if record.has_bad_bytes():
        message = "not UTF-8; convert the file with iconv"
        return errors_of(step, "invalid_utf8", message, record.raw)
    return None
