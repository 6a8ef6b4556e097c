"""Vectors in the lake as matrices, one for each modality."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError

Matrix = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


def matrix_of(
    vectors: pa.ListArray, rows: Rows, n_rows: int, width: int, misfit: str
) -> tuple[Matrix, Mask]:
    """Returns the vector of each row, and which rows have one.

    A row with several, such as of stretches of a recording, has their mean. A vector
    with a value that is not a finite number counts as missing.

    Args:
      vectors: of one annotator.
      rows: the row of each vector, shape (vectors,).
      n_rows: that there are.
      width: of the vectors.
      misfit: the error of a vector of another width, with `{found}` in it.

    Returns:
      A matrix of shape (rows, width), 0 where there is no vector, and flags (rows,).

    Raises:
      UsageError: a vector has another width.
    """
    said = np.asarray(pc.is_valid(vectors))
    vectors, rows = vectors.filter(pa.array(said)), rows[said]
    lengths = np.asarray(pc.list_value_length(vectors))
    others = lengths[lengths != width]
    if len(others):
        raise UsageError(misfit.replace("{found}", str(others[0])))
    flat = pc.fill_null(vectors.flatten(), np.nan)
    numbers = np.asarray(flat, np.float64).reshape(len(vectors), width)
    finite = np.isfinite(numbers).all(axis=1)
    sums = np.zeros((n_rows, width), np.float64)
    np.add.at(sums, rows[finite], numbers[finite])
    counts = np.bincount(rows[finite], minlength=n_rows)
    means = sums / np.maximum(counts, 1)[:, None]
    return means.astype(np.float32), counts > 0
