"""The texts of a batch, each once, and their language tags."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]

UNKNOWN = "und"
"""The tag of a text of unknown language; null and an empty tag mean the same."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Collapsed:
    """The texts of a batch, each once.

    Args:
      unique: the different texts, in order of first appearance.
      marked: shape (len(unique),): whether the rows of a text were marked. A text in
        both kinds of rows is here twice.
      rows: the rows that have a text to label, rising.
      which: for each of `rows`, the position of its text in `unique`.
      n_rows: rows of the batch.
    """

    unique: list[str]
    marked: Mask
    rows: npt.NDArray[np.int64]
    which: npt.NDArray[np.int64]
    n_rows: int

    def spread(self, values: npt.NDArray[Any], elsewhere: Any = 0) -> npt.NDArray[Any]:
        """Returns one value per row from one value per text.

        Args:
          values: shape (len(unique), ...).
          elsewhere: what rows without a text to label get.
        """
        result = np.full((self.n_rows, *values.shape[1:]), elsewhere, values.dtype)
        result[self.rows] = values[self.which]
        return result

    def only(self, wanted: Mask) -> Self:
        """Returns the texts where `wanted`, of shape (len(unique),), and their rows."""
        kept, rows = np.flatnonzero(wanted), wanted[self.which]
        return replace(
            self,
            unique=[self.unique[place] for place in kept],
            marked=self.marked[kept],
            rows=self.rows[rows],
            which=(np.cumsum(wanted) - 1)[self.which[rows]],
        )


def collapse(
    texts: pa.StringArray, wanted: Mask, marked: Mask | None = None
) -> Collapsed:
    """Returns the texts of the wanted rows, exact duplicates once.

    People write "thanks" and "+1" many times; a model reads each once.

    Args:
      texts: one for each row.
      wanted: shape (rows,).
      marked: shape (rows,): equal texts in marked rows and in others count as two.
    """
    rows = np.flatnonzero(wanted)
    encoded = texts.take(pa.array(rows)).dictionary_encode()
    marks = np.zeros(len(rows), np.bool_) if marked is None else marked[rows]
    codes = encoded.indices.to_numpy().astype(np.int64) * 2 + marks
    unique, which = np.unique(codes, return_inverse=True)
    return Collapsed(
        unique=encoded.dictionary.take(pa.array(unique // 2)).to_pylist(),
        marked=unique % 2 == 1,
        rows=rows,
        which=which,
        n_rows=len(texts),
    )


def tagged(batch: pa.RecordBatch, *languages: str) -> Mask:
    """Returns the rows whose `lang` is one of these, with or without a region.

    Args:
      batch: utterances; without the column `lang` nothing is known of any.
      languages: codes of BCP 47 and ISO 639-2 in lower case, or `UNKNOWN`:
        `tagged(batch, "de", "deu")` takes in `de`, `de-AT` and `DE_ch`.
    """
    tags = pa.nulls(batch.num_rows, pa.string())
    if "lang" in batch.schema.names:
        tags = batch.column("lang")
    codes = pc.utf8_lower(pc.fill_null(tags, ""))
    primary = pc.replace_substring_regex(codes, "[-_].*$", "")
    primary = pc.if_else(pc.equal(codes, ""), UNKNOWN, primary)
    found = pc.is_in(primary, pa.array(languages, pa.string()))
    return np.array(found.to_numpy(zero_copy_only=False), np.bool_)
