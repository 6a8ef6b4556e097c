"""What only a whole column shows: the order of dates, and whether ids are floats.

A file may be read in pieces, and every piece has to read alike. So a piece with
doubtful values asks for the columns of the whole file, which is then read once more.
"""

import copy
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.sources.times import Evidence, evidence_of

# With a comma where numbers are written so: `df.to_csv(decimal=",")`.
_PANDAS_ID = r"^-?[0-9]{1,16}([.,]0)?$"
_FRACTION = r"[.,]0$"
ROOTS = ("0", "-1", "false", "False", "FALSE", "none", "nil", "-")
"""What is written in place of an id where a message answers none."""


@dataclass
class Numbers:
    """What ids in a column are.

    Args:
      floats: some are whole numbers with a fraction: `7.0`.
      others: some are neither that nor whole numbers, such as `7.1`.
    """

    floats: bool = False
    others: bool = False

    def add(self, ids: pa.Array) -> "Numbers":
        """Adds some ids; returns itself."""
        if len(ids) > ids.null_count:
            self.floats |= _has_floats(ids)
            matching = pc.match_substring_regex(ids, _PANDAS_ID)
            self.others |= not pc.all(matching).as_py()
        return self

    @property
    def written_as_floats(self) -> bool:
        """Whether a data frame made floats of whole numbers, for want of some."""
        return self.floats and not self.others


def _has_floats(ids: pa.Array) -> bool:
    found = pc.match_substring_regex(ids, _FRACTION)
    return bool(pc.any(found, min_count=0).as_py())


def _roots(ids: pa.Array) -> set[str]:
    return {*pc.unique(ids.filter(pc.is_in(ids, pa.array(ROOTS)))).to_pylist()}


class Columns:
    """What columns show about their values; here each batch is judged by itself."""

    def dates(self, name: str, column: pa.Array) -> Evidence:
        """Returns the evidence of whether dates in column `name` begin with the day."""
        return evidence_of(column)

    def numbers(self, name: str, ids: pa.Array) -> Numbers:
        """Returns what the ids in the column `name` are."""
        return Numbers().add(ids) if _has_floats(ids) else Numbers()

    def without_fraction(self, name: str, ids: pa.Array) -> pa.Array:
        """Returns ids without the fraction that a data frame gave whole numbers."""
        if not self.numbers(name, ids).written_as_floats:
            return ids
        return pc.replace_substring_regex(ids, _FRACTION, "")

    def roots(self, replies: pa.Array, ids: pa.Array) -> set[str]:
        """Returns which of `ROOTS` are ids of messages; none if no reply is to one."""
        return _roots(ids) if _roots(replies) else set()


@dataclass
class Listener(Columns):
    """Adds up what the batches of a whole file show."""

    of_dates: dict[str, Evidence] = field(default_factory=lambda: defaultdict(Evidence))
    of_ids: dict[str, Numbers] = field(default_factory=lambda: defaultdict(Numbers))
    of_roots: set[str] = field(default_factory=set)

    def dates(self, name: str, column: pa.Array) -> Evidence:
        return self.of_dates[name].add(column)

    def numbers(self, name: str, ids: pa.Array) -> Numbers:
        return self.of_ids[name].add(ids)

    def roots(self, replies: pa.Array, ids: pa.Array) -> set[str]:
        self.of_roots |= _roots(ids)
        return self.of_roots


@dataclass
class FileColumns(Columns):
    """What the columns of one file show; the file is read whole only if in doubt.

    Args:
      listen: reads the whole file into a `Listener`.
      day_first: what the user says of dates; None if nothing.
    """

    listen: Callable[[], Listener]
    day_first: bool | None = None

    def dates(self, name: str, column: pa.Array) -> Evidence:
        if self.day_first is not None:
            return Evidence(day=self.day_first, month=not self.day_first)
        own = evidence_of(column)
        return copy.copy(self.listen().of_dates[name]) if own.doubtful else own

    def numbers(self, name: str, ids: pa.Array) -> Numbers:
        if not _has_floats(ids):
            return Numbers()
        return self.listen().of_ids[name]

    def roots(self, replies: pa.Array, ids: pa.Array) -> set[str]:
        return self.listen().of_roots if _roots(replies) else set()
