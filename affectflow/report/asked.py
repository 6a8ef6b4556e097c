"""What is asked of a report: for whom, with which quotes and events."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from affectflow.errors import UsageError
from affectflow.people import CONTEXTS

READERS = ("anyone", "owner")
QUOTES = ("none", "short", "full")
FORMATS = ("html", "csv", "md")
MIN_MESSAGES = 20
MIN_PEOPLE = 5
MIN_PEOPLE_AT_WORK = 10
WORKPLACE = "workplace"
_COLUMNS = {"date", "what"}


class Event(NamedTuple):
    """Something that happened.

    `where` is a container; empty if it concerns all of them.
    """

    at: datetime
    what: str
    where: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a report may show.

    Args:
      reader: `anyone`, or `owner` of the lake, who sees small counts and full quotes.
      quotes: `full` only of public messages whose address is shown, else 12 words;
        `short`: 12 words; or `none`.
      context: where the report is used, one of `affectflow.people.CONTEXTS`, or empty.
      events: in order of time.

    Raises:
      UsageError: a value is unknown; the message names the known ones.
    """

    reader: str = "anyone"
    quotes: str = "full"
    context: str = ""
    events: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        """Checks the values."""
        check_word("--for", self.reader, READERS)
        check_word("--quotes", self.quotes, QUOTES)
        if self.context:
            check_word("--context", self.context, CONTEXTS)

    @property
    def is_owner(self) -> bool:
        """Whether small counts and full quotes are shown."""
        return self.reader == "owner"

    @property
    def min_people(self) -> int:
        """The minimum number of people in a cell that is shown."""
        return 0 if self.is_owner else self.least_people

    @property
    def least_people(self) -> int:
        """The minimum number of people in a cell that is shown to anyone."""
        return MIN_PEOPLE_AT_WORK if self.context == WORKPLACE else MIN_PEOPLE

    @property
    def min_messages(self) -> int:
        """The minimum number of messages in a cell that is shown."""
        return 0 if self.is_owner else MIN_MESSAGES

    @property
    def small(self) -> str:
        """What makes a cell too small to be shown, in words."""
        return f"fewer than {self.min_people} people or {self.min_messages} messages"

    def shows(self, messages: int, people: int | None) -> bool:
        """Returns whether a cell with that many messages and people may be shown."""
        return messages >= self.min_messages and (people or 0) >= self.min_people


def check_word(option: str, word: str, known: tuple[str, ...]) -> None:
    """Raises UsageError unless `word` is one of `known`."""
    if word not in known:
        raise UsageError(f"{option} must be one of {', '.join(known)}, got {word!r}")


def read_events(path: str | Path) -> tuple[Event, ...]:
    """Returns the events of a CSV file with columns date, what and where, by time.

    `date` is ISO 8601, in UTC if it names no zone; an empty or missing `where` means
    every container.

    Raises:
      UsageError: the file cannot be read, a column is missing, or a date is invalid;
        the message names the line.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            return tuple(sorted(_events(str(path), csv.DictReader(file))))
    except OSError as error:
        raise UsageError(
            f"--events: {str(path)!r} cannot be read: {error.strerror or error}"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            f"--events: {str(path)!r} cannot be read as CSV in UTF-8: {error}"
        ) from error


def _events(path: str, rows: "csv.DictReader[str]") -> Iterator[Event]:
    missing = sorted(_COLUMNS - set(rows.fieldnames or ()))
    if missing:
        raise UsageError(
            f"--events: {path!r} has no column {missing[0]!r}; it needs a header with "
            "date, what and where"
        )
    for row in rows:
        said = (row["date"] or "").strip()
        try:
            at = datetime.fromisoformat(said)
        except ValueError:
            raise UsageError(
                f"--events: {path!r}, line {rows.line_num}: {said!r} is not a date; "
                "write 2026-03-31"
            ) from None
        what, where = (row["what"] or "").strip(), (row.get("where") or "").strip()
        if not what:
            raise UsageError(
                f"--events: {path!r}, line {rows.line_num}: the column what is empty; "
                "say in a few words what happened"
            )
        yield Event(at if at.tzinfo else at.replace(tzinfo=UTC), what, where)
