"""Measure: a GROUP BY and a fit.

One SQL statement turns observations into a state: sums by key. DuckDB runs the same
  text over a lake, a file, or one batch in a worker; states add up in any order. `fit`
  is plain Python over the state.

This is the kind of plugin. The step that hosts it in a pipeline has the same name, as a
verb: `affectflow.steps.measure.Measure`. Its check is
`affectflow.testing.check_measure`.
"""

import abc
import dataclasses
import functools
import inspect
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeVar, cast

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches import counting, drawing, states
from affectflow.batches.bootstrap import EQUAL, MIN_UNITS, interval
from affectflow.column_names import listed
from affectflow.errors import UsageError
from affectflow.registry import Plugin, kebab
from affectflow.schemas import MEASURES, fields

UNIT = "unit"
"""The key that a bootstrap draws, usually a conversation."""
KEPT = ""
"""Value of `left_out` for observations that count; null for sums."""
UNDEFINED = "not defined"
TASKS = "SELECT task FROM annotations"
ATTRIBUTES = "SELECT unnest(map_keys(attrs)) FROM utterances"
NO_INTERVAL = f"no interval: fewer than {MIN_UNITS} units"
UNDRAWN = "no interval: in most draws there is no value"
"""Why a value has no interval although draws were requested."""

FITTED = pa.schema(
    [
        pa.field("group", pa.string()),
        *fields(MEASURES, "unit_type", "unit_id", "label", "value", "low", "high", "n"),
        pa.field("why", pa.string()),
    ]
)
"""A fitted value, or why there is none. Refusals have no `unit_type`."""

Key = tuple[str, str, str | None]
_T = TypeVar("_T")


class Value(NamedTuple):
    """A fitted value: a row of `measures`.

    Attributes:
      unit_type: annotator, rater, label, ...
      unit_id: what the value belongs to.
      label: which figure, or which label; None if there is one only.
      value: NaN if it is undefined.
      low: lower end of its 95 % interval; NaN leaves it to the bootstrap.
      high: upper end.
      n: how many observations it rests on.
      why: why it is NaN, in a few words.
    """

    unit_type: str
    unit_id: str
    label: str | None
    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    why: str = ""

    @property
    def key(self) -> Key:
        """What distinguishes a value from the others of a group."""
        return self.unit_type, self.unit_id, self.label


def by_options(say: Callable[[Any], _T]) -> _T:
    """Returns a declaration of a measure that depends on its options.

    For example `reads: ClassVar[pa.Schema] = by_options(columns_of)`, if options name
    the columns of a file.

    Args:
      say: from the measure to what it declares; users see the errors it raises.
    """
    return cast(_T, property(say))


@dataclass(kw_only=True)
class Measure(Plugin, abc.ABC):
    """Counts observations in SQL and fits values to the counts; splits do not matter.

    Subclasses are dataclasses: their fields are the options, and the `$name` of their
    SQL. What they declare is the same for all options, or `by_options`.

    Attributes:
      reads: one observation per row; the doc of a column is in its metadata.
      needed: columns of `reads` that must be there; an observation without a value in
        one of them is left out, and counted.
      query: SELECT from a lake's tables and views to `reads`; empty if a lake has none.
        `--by` may name any further column that it selects; with `utterance_id`, any
        column of `utterances`.
      annotators: arguments that name an annotator of the lake; the beginning of its
        id will do.
      chooses: option to a query of all that it may name: FROM observations, or FROM
        what a lake has. An error lists them if something else is named.
      wants: what a lake must contain for `query` to find something, in words.
      refuses: from reason to SQL condition: such observations are left out and counted.
      keys: columns of `state` that are not sums; `unit` is what `draws` draws.
      state: SELECT keys and sums FROM observations GROUP BY ALL. What does not add up
        (a distinct value, a rating) is a key. It may join `tables`.

    Args:
      draws: bootstrap draws of `unit`; 0 for no intervals.
    """

    draws: int = 0

    reads: ClassVar[pa.Schema]
    needed: ClassVar[tuple[str, ...]]
    query: ClassVar[str] = ""
    annotators: ClassVar[tuple[str, ...]] = ()
    chooses: ClassVar[Mapping[str, str]] = {}
    wants: ClassVar[str] = ""
    refuses: ClassVar[Mapping[str, str]] = {}
    keys: ClassVar[tuple[str, ...]]
    state: ClassVar[str]

    @abc.abstractmethod
    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the values of a state, each once.

        Args:
          state: the columns of `state` without `unit`, merged: a row for each
            combination of keys, at least one.
        """

    def parameters(self) -> dict[str, Any]:
        """Returns the options that determine values, bound as `$name` in the SQL."""
        names = [field.name for field in dataclasses.fields(self)]
        return {name: getattr(self, name) for name in names if name != "draws"}

    def tables(self) -> Mapping[str, pa.Table]:
        """Returns small tables by name, for the SQL to join."""
        return {}

    def rows_of(self, path: str) -> pa.Table | None:
        """Returns the observations of a file with a special layout.

        None for a file with one row per observation, as most have.

        Args:
          path: of the file; or a glob.

        Raises:
          UsageError: the file does not exist.
        """
        return None

    @property
    def kind(self) -> str:
        """Its name in `measures` and on the command line."""
        return kebab(type(self).__name__)

    # -- states ----------------------------------------------------------------------

    def create(self) -> pa.Table:
        """Returns the state of no observations."""
        return self._schema.empty_table()

    def add(self, state: pa.Table, batch: pa.RecordBatch) -> pa.Table:
        """Returns `state` with the observations of `batch`: `reads`, and `group`.

        Raises:
          UsageError: a needed column is missing, or one has another type.
        """
        self.check_columns(batch.schema.names)
        given = counting.typed_batch(
            batch, pa.schema([FITTED.field("group"), *self.reads])
        )
        with counting.database().cursor() as connection:
            connection.register("_batch", given)
            new = self.counted(connection, "_batch")
        return states.appended(state, new, self._merged)

    def merge(self, given: Iterable[pa.Table]) -> pa.Table:
        """Returns one state for several; their order does not matter."""
        return self._merged(states.joined(given, self._schema))

    def extract(self, state: pa.Table) -> pa.RecordBatch:
        """Returns the values of a state by group, schema `FITTED`.

        With groups, `(all)` covers everything.
        """
        merged = self.merge([state])
        if merged["group"].null_count < merged.num_rows:
            merged = self.merge([states.with_all(merged)])
        groups = pc.unique(merged["group"]).to_pylist()
        rows = [row for group in groups for row in self._rows(_of(merged, group))]
        return pa.RecordBatch.from_pylist(rows, schema=FITTED)

    def counted(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: str,
        *,
        grouped: bool = True,
    ) -> pa.Table:
        """Returns the state of a table: one query of DuckDB.

        Args:
          connection: has the table.
          source: its name, or a query in brackets; the columns of `reads`, and `group`.
          grouped: whether a `group` may have a value.
        """
        for name, table in self.tables().items():
            connection.register(name, table)
        query = (counting.BY_GROUP if grouped else counting.WHOLE).format(
            source=source,
            reasons=self._reasons(),
            columns=", ".join(f'"{name}"' for name in self.reads.names),
            state=self.state,
        )
        query = counting.in_order(query, self._keys)
        found = connection.sql(query, params=self.bound(query)).to_arrow_table()
        return self._merged(counting.typed(found, self._schema, self._keys))

    def bound(self, query: str) -> dict[str, Any]:
        """Returns the parameters that a query names."""
        named = set(re.findall(r"\$(\w+)", query))
        return {n: value for n, value in self.parameters().items() if n in named}

    def check_columns(self, present: Sequence[str], cure: str = "rename one") -> None:
        """Checks that the needed columns are there.

        Raises:
          UsageError: one is missing; names the columns that are there.
        """
        for name in self.needed:
            if name not in present:
                raise self.without(name, present, cure)

    def without(self, name: str, present: Sequence[str], cure: str) -> UsageError:
        """Returns the error for a missing column.

        Args:
          name: of the column.
          present: the columns that are there.
          cure: what to do, but for a column that an option names.
        """
        is_option = isinstance(inspect.getattr_static(self, "reads"), property)
        options = self.parameters().items() if is_option else ()
        for option, value in options:
            if name == value or (isinstance(value, tuple) and name in value):
                more = ",..." if isinstance(value, tuple) else ""
                cure = f"name your column with --set {option}=COLUMN{more}"
        return UsageError(
            f"{self.kind} needs the column {name!r}: {cure.format(name)}; "
            f"columns here: {listed(present, near=name)}"
        )

    def left_out(self, state: pa.Table) -> dict[str, int]:
        """Returns how many observations were left out, by reason."""
        return {reason: n for reason, n in self._observations(state).items() if reason}

    def kept(self, state: pa.Table) -> int:
        """Returns how many observations counted."""
        return self._observations(state).get(KEPT, 0)

    def drawn(self, state: pa.Table) -> Iterator[pa.Table]:
        """Yields a state for each draw, as `fit` takes it.

        As many units as there are are drawn with replacement (Efron 1979).

        Args:
          state: with `unit`, of one group.
        """
        yield from drawing.drawn(state, self._fit_keys, UNIT, self.draws)

    # -- private to this class ---------------------------------------------

    @functools.cached_property
    def _schema(self) -> pa.Schema:
        """The columns of a state: group, left_out, keys, sums, rows."""
        with counting.database().cursor() as connection:
            connection.register("observations", self.reads.empty_table())
            for name, table in self.tables().items():
                connection.register(name, table)
            found = connection.sql(self.state, params=self.bound(self.state))
            schema = found.to_arrow_table().schema
        for name in self.keys:
            if name not in schema.names:
                raise TypeError(f"`state` of {self.kind} does not select {name!r}")
        sums = [
            counting.sum_of(field) for field in schema if field.name not in self.keys
        ]
        keys = [schema.field(name) for name in self.keys]
        group, left_out = FITTED.field("group"), pa.field("left_out", pa.string())
        return pa.schema([group, left_out, *keys, *sums, pa.field("rows", pa.int64())])

    @property
    def _keys(self) -> list[str]:
        return ["group", "left_out", *self.keys]

    @property
    def _fit_keys(self) -> list[str]:
        return [name for name in self.keys if name != UNIT]

    def _merged(self, state: pa.Table) -> pa.Table:
        if UNIT in self.keys and not self.draws:
            state = states.with_constant(state, UNIT, None)
        return states.summed(state, self._keys)

    def _reasons(self) -> str:
        """Returns the cases of SQL that say why an observation is left out."""
        missing = {f"no {name}": f'"{name}" IS NULL' for name in self.needed}
        cases = {**missing, **self.refuses}
        return " ".join(
            f"WHEN {condition} THEN '{reason.replace(chr(39), chr(39) * 2)}'"
            for reason, condition in cases.items()
        )

    def _observations(self, state: pa.Table) -> dict[str, int]:
        counted = state.filter(pc.is_valid(state["left_out"]))
        found = counted.group_by("left_out").aggregate([("rows", "sum")])
        return {row["left_out"]: row["rows_sum"] for row in found.to_pylist()}

    def _rows(self, state: pa.Table) -> Iterator[dict[str, Any]]:
        """Yields what one group says."""
        group = {"group": state["group"][0].as_py()}
        for reason, n in sorted(self.left_out(state).items()):
            yield {**group, "n": n, "why": reason}
        sums = states.only(state, pc.is_null(state["left_out"]))
        sums = sums.drop_columns(["group", "left_out", "rows"])
        # A GROUP BY without keys gives a row even without observations.
        if not sums.num_rows or not self.kept(state):
            return
        bounds = self._bounds(sums)
        whole = sums.drop_columns(UNIT) if UNIT in self.keys else sums
        for value in self.fit(states.summed(whole, self._fit_keys)):
            yield {**group, **_said(value, bounds)}

    def _bounds(self, state: pa.Table) -> "dict[Key, list[float]] | None":
        """Returns values of all draws; None if there can be no intervals."""
        if not self.draws or UNIT not in self.keys:
            return {}
        if pc.count_distinct(state[UNIT], "all").as_py() < MIN_UNITS:
            return None
        found: dict[Key, list[float]] = {}
        for number, drawn in enumerate(self.drawn(state)):
            for value in self.fit(drawn):
                values = found.setdefault(value.key, [math.nan] * self.draws)
                values[number] = value.value
        return found


def _of(state: pa.Table, group: str | None) -> pa.Table:
    same = pc.equal(state["group"], group) if group is not None else None
    return states.only(state, pc.is_null(state["group"]) if same is None else same)


def _said(value: Value, bounds: "dict[Key, list[float]] | None") -> dict[str, Any]:
    """Returns a value as a row of `FITTED`; what is NaN is null."""
    row = {name: _or_null(each) for name, each in value._asdict().items()}
    if row["value"] is None:
        return {**row, "low": None, "high": None, "why": value.why or UNDEFINED}
    if bounds is None:
        row["why"] = value.why or NO_INTERVAL
    elif value.key in bounds and math.isnan(value.low):
        _, low, high = interval(value.value, np.array(bounds[value.key]))
        if math.isnan(low):
            row["why"] = value.why or UNDRAWN
        elif high - low > EQUAL:
            row |= {"low": low, "high": high}
    return {**row, "why": row["why"] or None}


def _or_null(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
