"""TextOverlap: how close texts come to those that people wrote or marked.

Precision, recall and F1 count each token as often as both texts have it. BLEU (Papineni
et al. 2002) is not smoothed: that of a pair is NLTK's `sentence_bleu`, that of all
together sacrebleu's with `smooth_method="none"`. Distinct-n: Li et al. 2016.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.states import UNKNOWN
from affectflow.errors import UsageError
from affectflow.kinds.measure import Measure, Value
from affectflow.registry import Card

# A word is a run of letters and digits, or one mark of punctuation.
_WORD = r"[\p{L}\p{M}\p{N}_]+|[^\p{L}\p{M}\p{N}_\s\p{Z}]"
_BLANK = r"^[\s\p{Z}]*$"


def _tokens(column: str) -> str:
    return (
        f"CASE WHEN $tokens = 'char' THEN regexp_extract_all({column}, '(?s).') "
        f"ELSE regexp_extract_all(lower({column}), '{_WORD}') END"
    )


def grams(tokens: str) -> str:
    """Returns SQL for the n-grams of a list of tokens; a column `n` says how long."""
    return (
        f"list_transform(range(1, len({tokens}) - n + 2), lambda i: "
        f"array_to_string(list_slice({tokens}, i, i + n - 1), chr(31)))"
    )


def _column(name: str, doc: str) -> pa.Field:
    return pa.field(name, pa.string(), metadata={"doc": doc})


@dataclass(kw_only=True)
class TextOverlap(Measure):
    """Compares texts with reference texts, token by token.

    Means over pairs of `precision`, `recall`, `f1`, `exact` and `bleu_1` to
    `bleu_<order>`; `corpus_bleu_<n>` of all pairs together; `distinct_<n>`, the share
    of the candidates' n-grams that are different.

    Args:
      tokens: `word`, runs of letters and digits, and marks, in lower case; or `char`,
        code points as they are. Papers do not always say which they mean.
      order: the longest n-gram of BLEU.
      distinct: the longest n-gram of distinct-n; 0 for none. Each different n-gram is
        kept until the end.
      against: in a lake, the annotator whose causes are the reference, by its id or
        the beginning of it; people's if empty.

    Raises:
      UsageError: `order` or `distinct` is out of its range.
    """

    tokens: Literal["word", "char"] = "word"
    order: int = 4
    distinct: int = 2
    against: str = ""

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            _column("candidate", "the text to compare"),
            _column("reference", "the correct text"),
            _column("annotator_id", "whose candidate; reported separately"),
            _column("unit", "what intervals resample: a conversation"),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("candidate", "reference")
    refuses: ClassVar[Mapping[str, str]] = {
        "blank reference": f"regexp_matches(reference, '{_BLANK}')"
    }
    keys: ClassVar[tuple[str, ...]] = ("unit", "annotator_id", "n", "gram")
    card: ClassVar[Card] = Card(
        summary="compares texts with references: token F1, BLEU, distinct-n",
        answers="how close are texts to those that people wrote or marked?",
        example="affectflow measure TextOverlap spans.csv --map reference=gold",
        misleads="BLEU-n of a text with fewer than n tokens is 0, even if it is right; "
        "figures by words and by characters, or stemmed and not, cannot be compared; a "
        "candidate that says the same in other words gets 0",
    )
    # All causes of one emotion together, since annotators may split a span differently.
    query: ClassVar[str] = """
WITH said AS (
  SELECT
    utterance_id,
    label,
    annotator_id,
    string_agg(cause_text, ' ' ORDER BY cause_utterance_id, start) AS text,
    bool_or(annotator_id IN (SELECT annotator_id FROM annotators WHERE kind = 'person'))
      AS by_people
  FROM causes
  WHERE status = 'ok'
  GROUP BY ALL
),
told AS (
  SELECT * FROM said
  WHERE CASE WHEN $against = '' THEN by_people ELSE annotator_id = $against END
)
SELECT
  said.text AS candidate,
  told.text AS reference,
  said.annotator_id,
  utterances.conversation_id AS unit,
  utterance_id,
  label
FROM told
JOIN said USING (utterance_id, label)
LEFT JOIN utterances USING (utterance_id)
WHERE said.annotator_id <> told.annotator_id
"""
    annotators: ClassVar[tuple[str, ...]] = ("against",)
    wants: ClassVar[str] = (
        "causes by people, or by another annotator (--set against=ANNOTATOR)"
    )
    state: ClassVar[str] = f"""
WITH pairs AS (
  SELECT
    row_number() OVER () AS pair,
    unit,
    annotator_id,
    {_tokens("candidate")} AS told,
    {_tokens("reference")} AS truth
  FROM observations
),
orders AS (
  SELECT *, unnest(range(1, greatest($order, $distinct) + 1)) AS n FROM pairs
),
grams AS (
  SELECT unit, annotator_id, pair, n, 1 AS told, 0 AS truth,
    unnest({grams("told")}) AS gram
  FROM orders
  UNION ALL
  SELECT unit, annotator_id, pair, n, 0, 1, unnest({grams("truth")})
  FROM orders
),
counts AS (
  SELECT unit, annotator_id, pair, n, gram, sum(told) AS told, sum(truth) AS truth
  FROM grams
  GROUP BY ALL
),
shared AS (
  SELECT pair, n, sum(least(told, truth)) AS hits FROM counts GROUP BY ALL
),
scored AS (
  SELECT
    orders.unit,
    orders.annotator_id,
    n,
    coalesce(hits, 0)::BIGINT AS hits,
    len(told) AS told_tokens,
    len(truth) AS true_tokens,
    greatest(len(told) - n + 1, 0) AS told_grams,
    greatest(len(truth) - n + 1, 0) AS true_grams,
    told = truth AS exact,
    CASE WHEN min(coalesce(hits, 0)) OVER upwards > 0
      THEN exp(least(0, 1 - len(truth) / len(told)))
        * exp(avg(ln(nullif(hits, 0) / (len(told) - n + 1))) OVER upwards)
      ELSE 0 END AS bleu
  FROM orders
  LEFT JOIN shared USING (pair, n)
  WINDOW upwards AS (PARTITION BY pair ORDER BY n)
)
SELECT
  unit,
  annotator_id,
  n,
  NULL::VARCHAR AS gram,
  count(*) AS pairs,
  count(*) FILTER (exact) AS exact,
  coalesce(sum(hits / nullif(told_grams, 0)), 0.0) AS "precision",
  coalesce(sum(hits / nullif(true_grams, 0)), 0.0) AS recall,
  coalesce(sum(2 * hits / nullif(told_grams + true_grams, 0)), 0.0) AS f1,
  sum(bleu) AS bleu,
  sum(hits) AS hits,
  sum(told_grams) AS told_grams,
  sum(told_tokens) AS told_tokens,
  sum(true_tokens) AS true_tokens,
  0 AS said
FROM scored
GROUP BY ALL
UNION ALL BY NAME
SELECT unit, annotator_id, n, gram, sum(told) AS said
FROM counts
WHERE n <= $distinct AND told > 0
GROUP BY ALL
"""

    def __post_init__(self) -> None:
        if self.order < 1 or self.distinct < 0:
            raise UsageError(
                "`order` must be at least 1 and `distinct` at least 0, got "
                f"{self.order} and {self.distinct}"
            )

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the figures of each annotator."""
        sums = state.filter(pc.is_null(state["gram"]))
        grams = state.filter(pc.is_valid(state["gram"]))
        varied = grams.group_by(["annotator_id", "n"], use_threads=False).aggregate(
            [("gram", "count"), ("said", "sum")]
        )
        rows = sums.to_pylist()
        for who in dict.fromkeys(row["annotator_id"] for row in rows):
            own = {r["n"]: r for r in rows if r["annotator_id"] == who}
            distinct = {
                row["n"]: row["gram_count"] / row["said_sum"]
                for row in varied.to_pylist()
                if row["annotator_id"] == who
            }
            for label, value in self._figures(own, distinct):
                yield Value(
                    "annotator", who or UNKNOWN, label, value, n=own[1]["pairs"]
                )

    def _figures(
        self, sums: Mapping[int, Mapping[str, Any]], distinct: Mapping[int, float]
    ) -> Iterator[tuple[str, float]]:
        pairs = sums[1]["pairs"]
        for name in ("precision", "recall", "f1", "exact"):
            yield name, sums[1][name] / pairs
        for n in range(1, self.order + 1):
            yield f"bleu_{n}", sums[n]["bleu"] / pairs
            yield f"corpus_bleu_{n}", _corpus_bleu([sums[k] for k in range(1, n + 1)])
        yield from ((f"distinct_{n}", share) for n, share in sorted(distinct.items()))


def _corpus_bleu(sums: list[Mapping[str, Any]]) -> float:
    """Returns BLEU of all pairs together, 0..1: the n-grams of all, then the mean."""
    if not all(row["hits"] for row in sums):
        return 0.0
    shares = [math.log(row["hits"] / row["told_grams"]) for row in sums]
    brevity = min(0.0, 1 - sums[0]["true_tokens"] / sums[0]["told_tokens"])
    return math.exp(brevity + sum(shares) / len(shares))
