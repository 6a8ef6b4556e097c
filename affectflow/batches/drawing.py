"""Drawing: states of bootstrap draws, many at a time."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.batches import states
from affectflow.batches.bootstrap import SEED, times_drawn

# So many draws are summed in one product of matrices.
_AT_ONCE = 16


def drawn(
    state: pa.Table, keys: Sequence[str], unit: str, draws: int
) -> Iterator[pa.Table]:
    """Yields a state for each draw: sums by `keys` of the units that were drawn.

    As many units as there are are drawn with replacement (Efron 1979). Keys none of
    whose units were drawn are not there.

    Args:
      state: `keys`, the unit, and sums.
      keys: columns that distinguish sums, without the unit.
      unit: the column that is drawn.
      draws: how many.
    """
    rows = states.ordered(state, [*keys, unit])
    place = states.places(rows, keys)
    heads = rows.take(np.flatnonzero(np.diff(place, prepend=-1))).drop_columns(unit)
    units = rows[unit].combine_chunks().dictionary_encode("encode")
    names = [name for name in rows.schema.names if name not in (*keys, unit)]
    cells = (place, units.indices.to_numpy())
    matrices = [_matrix(rows[name].to_numpy(), cells) for name in names]
    there = _matrix(np.ones(len(place)), cells)
    for first in range(0, draws, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, draws))
        times = _times(len(units.dictionary), numbers)
        kept = there @ times > 0
        sums = [matrix @ times for matrix in matrices]
        for nth in range(len(numbers)):
            of_draw = dict(zip(names, (each[:, nth] for each in sums), strict=True))
            yield _with_sums(heads, of_draw).filter(pa.array(kept[:, nth]))


def _times(units: int, numbers: Sequence[int]) -> npt.NDArray[np.float64]:
    """Returns how often each unit is in each draw, (units, draws)."""
    each = [times_drawn(units, SEED + number) for number in numbers]
    return np.ascontiguousarray(np.stack(each, axis=1))


def _matrix(values: Any, cells: tuple[Any, Any]) -> Any:
    """Returns what each unit adds to each sum: (sums, units), sparse."""
    from scipy.sparse import csr_array

    return csr_array((np.asarray(values, np.float64), cells))


def _with_sums(heads: pa.Table, sums: dict[str, Any]) -> pa.Table:
    columns = {name: heads[name] for name in heads.schema.names}
    for name, values in sums.items():
        columns[name] = pa.array(values).cast(heads[name].type)
    return pa.table(columns)
