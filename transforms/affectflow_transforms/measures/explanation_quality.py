"""ExplanationQuality: how people rate the reasons that a model gives.

Four aspects from 0 to 3, as in arXiv 2304.03347: fluency, completeness, reliability and
overall. A cell holds one rating, or those of several people: `[3, 2, 3]`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from affectflow.batches.states import UNKNOWN
from affectflow.kinds.measure import Measure, Value
from affectflow.registry import Card

ASPECTS = ("fluency", "completeness", "reliability", "overall")
_NUMBERS = r"-?[0-9]+(?:\.[0-9]+)?"
_RATING = r"(?:[0-2](?:\.[0-9]+)?|3(?:\.0+)?)"
_PLAIN = rf"^\[?{_RATING}(?:, ?{_RATING})*\]?$"
"""A cell with only ratings that are on the scale."""


def _ratings(aspect: str) -> str:
    return f"regexp_extract_all({aspect}::VARCHAR, '{_NUMBERS}')::DOUBLE[]"


def _off_scale(aspect: str) -> str:
    # Matching the shape settles most cells, in a quarter of the time of parsing
    # numbers.
    read = f"list_transform({_ratings(aspect)}, lambda x: x BETWEEN 0 AND 3)"
    return (
        f"NOT regexp_matches({aspect}, '{_PLAIN}') "
        f"AND NOT coalesce(list_bool_and({read}), false)"
    )


def _column(name: str, doc: str) -> pa.Field:
    return pa.field(name, pa.string(), metadata={"doc": doc})


@dataclass(kw_only=True)
class ExplanationQuality(Measure):
    """Averages people's ratings of explanations, over all raters and explanations."""

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            *(
                _column(aspect, "0 to 3; for several people, a list")
                for aspect in ASPECTS
            ),
            _column("annotator_id", "who explained; reported separately"),
            _column(
                "unit", "what intervals resample: an explanation or a conversation"
            ),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ASPECTS
    refuses: ClassVar[Mapping[str, str]] = {
        "no rating from 0 to 3": " OR ".join(map(_off_scale, ASPECTS))
    }
    keys: ClassVar[tuple[str, ...]] = ("unit", "annotator_id")
    state: ClassVar[str] = (
        "SELECT unit, annotator_id, "
        + ", ".join(
            f"sum(list_sum({_ratings(a)})) AS {a}, sum(len({_ratings(a)})) AS n_{a}"
            for a in ASPECTS
        )
        + ", count(*) AS explanations FROM observations GROUP BY ALL"
    )
    card: ClassVar[Card] = Card(
        summary="averages people's ratings of explanations, in four aspects",
        answers="are the reasons that a model gives worth reading?",
        example="affectflow measure ExplanationQuality ratings.csv",
        misleads="raters who agree may all be wrong; a fluent reason for a wrong "
        "label is rated high for fluency",
    )

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the mean of each aspect, for each annotator."""
        for row in state.to_pylist():
            for aspect in ASPECTS:
                mean = row[aspect] / row[f"n_{aspect}"]
                who = row["annotator_id"] or UNKNOWN
                yield Value("annotator", who, aspect, mean, n=row["explanations"])
