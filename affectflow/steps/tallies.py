"""Tallies: what each part adds to the groups of a family, and how parts add up.

Sums are whole numbers and the rest are minima and best-ofs, so a tally of several parts
is the same whatever their order and however they were put together before.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.kinds.clusterer import MOST_PEOPLE, Group, Term

EXEMPLARS = 5
UNIT = 1 << 32
"""A weight of 1 as a whole number; 2^31 causes fit into a sum of 64 bits."""

SUMS = ("sum0", "sum1", "sum2", "sum3")
_GROUPS = pa.schema(
    [
        ("group", pa.int64()),
        ("size", pa.int64()),
        *((name, pa.uint64()) for name in SUMS),
        ("first_conversation", pa.string()),
        ("last_conversation", pa.string()),
    ]
)
_TERMS = pa.schema(
    [
        ("group", pa.int64()),
        ("term", pa.int64()),
        ("weight", pa.int64()),
        ("having", pa.int64()),
    ]
)
_PEOPLE = pa.schema([("group", pa.int64()), ("person", pa.uint64())])
_EXEMPLARS = pa.schema(
    [
        ("group", pa.int64()),
        ("similarity", pa.float64()),
        ("cause_id", pa.string()),
        ("conversation_id", pa.string()),
    ]
)


@dataclass(frozen=True)
class Tally:
    """What some causes of one family add to its groups.

    Args:
      groups: of each group its size, sums over its members' ids, and the first and last
        of its conversations, which are one if it has only one.
      terms: of each group and term, the sum of weights, in units of
        1 / `UNIT`, and how many members have it.
      people: of each group who said its causes, as hashes: the smallest `MOST_PEOPLE`.
      exemplars: the nearest causes of each group: of at most five conversations the
        nearest, and at most five more if there are fewer conversations.
    """

    groups: pa.Table
    terms: pa.Table
    people: pa.Table
    exemplars: pa.Table

    def to_bytes(self) -> bytes:
        """Returns the tally as plain bytes."""
        sink = pa.BufferOutputStream()
        for table in (self.groups, self.terms, self.people, self.exemplars):
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
        return bytes(sink.getvalue().to_pybytes())

    @classmethod
    def from_bytes(cls, content: bytes) -> "Tally":
        """Returns the tally that `to_bytes` gave."""
        source = pa.BufferReader(content)
        return cls(*(pa.ipc.open_stream(source).read_all() for _ in range(4)))


def add_up(tallies: Sequence[Tally]) -> Tally:
    """Returns the tally of all the causes that several tallies count."""
    return Tally(
        groups=_add_groups(pa.concat_tables(t.groups for t in tallies)),
        terms=_add_terms(pa.concat_tables(t.terms for t in tallies)),
        people=_add_people(pa.concat_tables(t.people for t in tallies)),
        exemplars=_best(pa.concat_tables(t.exemplars for t in tallies)),
    )


def _add_groups(rows: pa.Table) -> pa.Table:
    ends = (("first_conversation", "min"), ("last_conversation", "max"))
    added = [*((name, "sum") for name in ("size", *SUMS)), *ends]
    return _grouped(rows, ["group"], added, _GROUPS)


def _add_terms(rows: pa.Table) -> pa.Table:
    added = [("weight", "sum"), ("having", "sum")]
    return _grouped(rows, ["group", "term"], added, _TERMS)


def _add_people(rows: pa.Table) -> pa.Table:
    rows = rows.group_by(_PEOPLE.names, use_threads=False).aggregate([])
    rows = rows.sort_by([(name, "ascending") for name in _PEOPLE.names])
    group = np.asarray(rows.column("group"))
    kept = _places(group, np.ones(len(group), dtype=bool)) < MOST_PEOPLE
    return rows.filter(pa.array(kept)).cast(_PEOPLE).combine_chunks()


def _grouped(
    rows: pa.Table, keys: list[str], added: list[tuple[str, str]], schema: pa.Schema
) -> pa.Table:
    found = rows.group_by(keys, use_threads=False).aggregate(added)
    named = found.rename_columns({f"{name}_{how}": name for name, how in added})
    ordered = named.sort_by([(key, "ascending") for key in keys])
    return ordered.select(schema.names).cast(schema).combine_chunks()


# -- the tally of one part ---------------------------------------------------------


def tally(groups: Any, similarity: Any, causes: pa.Table, terms: pa.Table) -> Tally:
    """Returns the tally of causes that were given to groups.

    Args:
      groups: of each cause, an array; below 0 if it is in none.
      similarity: of each to its group, an array, 0..1.
      causes: with `cause_id` and maybe `conversation_id` and `speaker_id`.
      terms: of the causes, as `Assigned.terms`.
    """
    summed = _add_terms(_term_rows(groups, terms))
    inside = np.flatnonzero(groups >= 0)
    causes, near = causes.take(inside), np.round(similarity[inside], 9)
    ids, conversations = causes.column("cause_id"), _conversations(causes)
    of = pa.array(groups[inside], pa.int64())
    ends = {"first_conversation": conversations, "last_conversation": conversations}
    counted = {"group": of, "size": np.ones(len(inside), dtype=np.int64)}
    nearest = {"group": of, "similarity": near, "cause_id": ids}
    return Tally(
        groups=_add_groups(pa.table(counted | _id_sums(ids.to_pylist()) | ends)),
        terms=summed,
        people=_add_people(pa.table({"group": of, "person": _people(causes)})),
        exemplars=_best(pa.table(nearest | {"conversation_id": conversations})),
    )


def _conversations(causes: pa.Table) -> pa.ChunkedArray:
    if "conversation_id" not in causes.schema.names:
        return pa.chunked_array([pa.array([""] * causes.num_rows, pa.string())])
    return pc.fill_null(causes.column("conversation_id"), "")


def _people(causes: pa.Table) -> Any:
    """Returns a hash of who said each cause, or else of where it was said.

    Causes without a speaker or a conversation count as said by different people.
    """
    columns = [
        (sign, causes.column(name).to_pylist())
        for sign, name in (
            ("p", "speaker_id"),
            ("c", "conversation_id"),
            ("k", "cause_id"),
        )
        if name in causes.schema.names
    ]
    signs = [sign for sign, _ in columns]
    rows = zip(*(values for _, values in columns), strict=True)
    known = (
        next(sign + value for sign, value in zip(signs, row, strict=True) if value)
        for row in rows
    )
    digests = (hashlib.blake2b(each.encode(), digest_size=8).digest() for each in known)
    return np.frombuffer(b"".join(digests), dtype="<u8")


def _id_sums(ids: list[str]) -> dict[str, Any]:
    """Returns 128 bits of the hash of each id, in four numbers that can be added."""
    hashes = b"".join(hashlib.blake2b(i.encode(), digest_size=16).digest() for i in ids)
    numbers = np.frombuffer(hashes, dtype="<u4").reshape(-1, 4).astype(np.uint64)
    return dict(zip(SUMS, numbers.T, strict=True))


def _term_rows(groups: Any, terms: pa.Table) -> pa.Table:
    """Returns the terms of the causes in groups, their weights as whole numbers."""
    of = groups[np.asarray(terms.column("row"))]
    inside = np.flatnonzero(of >= 0)
    weights = np.asarray(terms.column("weight"))[inside]
    return pa.table(
        {
            "group": of[inside],
            "term": terms.column("term").take(inside),
            "weight": np.rint(weights * UNIT).astype(np.int64),
            "having": np.ones(len(inside), dtype=np.int64),
        }
    )


# -- what is asked of a tally ------------------------------------------------------


def groups_of(tally: Tally, min_size: int, min_people: int) -> dict[int, Group]:
    """Returns the groups of enough causes and people, and of two conversations or more.

    Unknown conversations are all different ones.
    """
    first, last = (
        tally.groups.column(f"{end}_conversation") for end in ("first", "last")
    )
    spread = pc.or_(pc.not_equal(first, last), pc.equal(first, ""))
    large = pc.greater_equal(tally.groups.column("size"), min_size)
    people = Counter(tally.people.column("group").to_pylist())
    told = [n for n, count in people.items() if count >= min_people]
    said = pc.is_in(tally.groups.column("group"), value_set=pa.array(told, pa.int64()))
    chosen = tally.groups.filter(pc.and_(pc.and_(spread, large), said))
    terms: dict[int, dict[int, Term]] = {}
    for row in tally.terms.to_pylist():
        term = Term(row["weight"] / UNIT, row["having"])
        terms.setdefault(row["group"], {})[row["term"]] = term
    return {
        row["group"]: Group(row["size"], terms.get(row["group"], {}))
        for row in chosen.to_pylist()
    }


def exemplars_of(tally: Tally) -> dict[int, list[str]]:
    """Returns the ids of the causes that show best what a group is about."""
    found: dict[int, list[str]] = {}
    for row in leading(tally).to_pylist():
        found.setdefault(row["group"], []).append(row["cause_id"])
    return {group: ids[:EXEMPLARS] for group, ids in found.items()}


# -- exemplars ---------------------------------------------------------------------


def _best(rows: pa.Table) -> pa.Table:
    """Returns the rows that may be exemplars of a group, the nearest first."""
    keys = [("group", "ascending"), ("similarity", "descending")]
    rows = rows.sort_by([*keys, ("cause_id", "ascending")])
    group = np.asarray(rows.column("group"))
    leads = _leads(group, rows.column("conversation_id"))
    lead_place, follower_place = _places(group, leads), _places(group, ~leads)
    conversations = np.bincount(group[leads], minlength=1)[group]
    kept = np.where(
        leads,
        lead_place < EXEMPLARS,
        (conversations < EXEMPLARS) & (follower_place < EXEMPLARS),
    )
    return rows.filter(pa.array(kept)).select(_EXEMPLARS.names).cast(_EXEMPLARS)


def leading(tally: Tally) -> pa.Table:
    """Returns the exemplars of each group, of different conversations first."""
    rows = tally.exemplars
    group = np.asarray(rows.column("group"))
    repeats = ~_leads(group, rows.column("conversation_id"))
    return rows.take(np.lexsort((np.arange(len(group)), repeats, group)))


def _leads(group: Any, conversations: pa.ChunkedArray) -> Any:
    """Returns whether a row is the first of its conversation in its group.

    Causes of unknown conversations repeat nothing.
    """
    codes = pc.dictionary_encode(conversations).combine_chunks()
    numbers = np.asarray(codes.indices, dtype=np.int64)
    unknown = np.asarray(pc.equal(conversations, ""))
    pairs = group * (len(codes.dictionary) + 1) + numbers
    first = np.zeros(len(group), dtype=bool)
    first[np.unique(pairs, return_index=True)[1]] = True
    return first | unknown


def _places(group: Any, chosen: Any) -> Any:
    """Returns for each row how many chosen rows of its group stand before it."""
    before = np.cumsum(chosen) - chosen
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(np.append(starts, len(group)))
    return before - np.repeat(before[starts], sizes)
