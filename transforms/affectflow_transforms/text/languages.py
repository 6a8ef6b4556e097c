"""What the column `lang` says, as masks."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.labelling import Mask

# BCP 47 (`de`, `de-AT`) and the codes of ISO 639-2.
ENGLISH = "(?i)^(en|eng)([-_].*)?$"
GERMAN = "(?i)^(de|deu|ger)([-_].*)?$"
UNKNOWN = "(?i)^(und)?$"
"""Nobody says the language: a null, an empty tag, `und`."""


def tagged(batch: pa.RecordBatch, pattern: str) -> Mask:
    """Returns where `lang` matches a pattern; a null is read as the empty tag."""
    langs = pa.nulls(batch.num_rows, pa.string())
    if "lang" in batch.schema.names:
        langs = batch.column("lang")
    found = pc.match_substring_regex(pc.fill_null(langs, ""), pattern)
    return np.array(found.to_numpy(zero_copy_only=False), np.bool_)
