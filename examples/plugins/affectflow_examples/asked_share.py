"""A measure: how much of what people write asks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from affectflow import Card
from affectflow.kinds.measure import Measure, Value


@dataclass(kw_only=True)
class AskedShare(Measure):
    """Which share of texts ends with a question mark.

    Args:
      least: shorter texts, in characters, do not count.
    """

    least: int = 3

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("text", pa.string(), metadata={"doc": "what was written"}),
            pa.field("unit", pa.string(), metadata={"doc": "the conversation"}),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("text",)
    query: ClassVar[str] = """
      SELECT text, conversation_id AS unit, utterance_id FROM utterances
    """
    refuses: ClassVar[Mapping[str, str]] = {
        "no words": "NOT regexp_matches(text, '[\\p{L}\\p{N}]')"
    }
    keys: ClassVar[tuple[str, ...]] = ("unit",)
    state: ClassVar[str] = """
      SELECT unit, count(*) AS n, count(*) FILTER (text LIKE '%?') AS asked
      FROM observations WHERE length(text) >= $least GROUP BY ALL
    """
    card: ClassVar[Card] = Card(
        summary="the share of texts that ask",
        answers="how much of what people write asks",
        example="affectflow measure AskedShare lake --by container",
        misleads="questions without their mark are missed; rhetorical ones count",
    )

    def fit(self, state: pa.Table) -> Iterator[Value]:
        (row,) = state.to_pylist()  # no key but `unit`, so one row
        yield Value("texts", "asked", None, row["asked"] / row["n"], n=row["n"])
