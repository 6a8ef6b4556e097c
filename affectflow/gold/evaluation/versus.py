"""Two annotators of a lake, side by side: how far they agree, and where they differ.

Labels are compared in the finest vocabulary that both fold to, and only those that both
can give; values are compared scale by scale.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import duckdb

from affectflow.batches.batch import one_batch
from affectflow.errors import UsageError
from affectflow.gold.figures.values import TRUTH_CONSTANT, VALUE_CONSTANT, ValueMetrics
from affectflow.gold.targets import tasks
from affectflow.gold.truth.answers import register_members
from affectflow.lake import open_lake
from affectflow.lake.agreement import LabelChanges, label_changes
from affectflow.lake.basis import candidates
from affectflow.lake.naming import annotator_meant
from affectflow.lake.public import said_public
from affectflow.lake.views import quote
from affectflow.vocabularies import folds, known

MOST = 10
"""How many messages are listed for each vocabulary and scale."""
_QUOTED = 120


class Fold(NamedTuple):
    """Vocabularies of two annotators, and the one in which they are compared."""

    of_a: str
    of_b: str
    common: str
    labels: tuple[str, ...]


class Scale(NamedTuple):
    """How two annotators agree on a scale; `bias` is the mean of b minus a."""

    label: str
    n: int
    pearson: float | None
    ccc: float | None
    bias: float | None
    note: str


class Differing(NamedTuple):
    """A message on which two annotators differ; `text` is null unless it is public."""

    about: str
    a: str
    b: str
    utterance_id: str
    text: str | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What two annotators say about the same messages.

    Args:
      annotator_a: of side a.
      annotator_b: of side b.
      labels: their labels, for each fold that they have in common.
      scales: one for each scale on which both gave values.
      differing: where they differ most, at most `MOST` for each of these.
    """

    annotator_a: str
    annotator_b: str
    labels: list[tuple[Fold, LabelChanges]]
    scales: list[Scale]
    differing: list[Differing]


def compare(uri: str, a: str, b: str) -> Comparison:
    """Returns how far two annotators of a lake agree.

    Args:
      uri: of the lake.
      a: the id of an annotator, or a beginning that no other has.
      b: of another one.

    Raises:
      LakeError: `uri` is not a lake.
      UsageError: one of them did not answer here, or they have nothing in common.
    """
    with open_lake(uri) as connection:
        return compare_in(connection, a, b)


def compare_in(connection: duckdb.DuckDBPyConnection, a: str, b: str) -> Comparison:
    """Returns how far two annotators of an open lake agree; see `compare`."""
    ids = [each.annotator_id for each in candidates(connection)]
    # An annotator that gave only vectors has answered too, but cannot be compared.
    where = "has given labels or values in this lake"
    a, b = (annotator_meant(connection, name, ids, where) for name in (a, b))
    if a == b:
        raise UsageError(f"both names refer to {a!r}; name two annotators")
    spoken = _vocabularies(connection, a), _vocabularies(connection, b)
    common = list(_common(*spoken))
    connection.execute(_VALUES, {"a": a, "b": b})
    scales = _scales(connection, a, b)
    if not common and not scales:
        raise UsageError(_nothing(a, b, *spoken))
    labels, differing = [], []
    for fold in common:
        labels.append((fold, _labels(connection, fold, a, b)))
        differing += _differing(connection, _LABELS_DIFFER, fold.common)
    for scale in scales:
        differing += _differing(connection, _VALUES_DIFFER, scale.label)
    return Comparison(
        annotator_a=a, annotator_b=b, labels=labels, scales=scales, differing=differing
    )


def _vocabularies(connection: duckdb.DuckDBPyConnection, annotator: str) -> list[str]:
    """Returns the vocabularies in which an annotator chose labels or gave values."""
    rows = connection.execute(
        "SELECT DISTINCT vocabulary FROM annotations WHERE annotator_id = $who "
        "AND vocabulary IS NOT NULL ORDER BY 1",
        {"who": annotator},
    )
    return [name for (name,) in rows.fetchall()]


def _is_scale(name: str) -> bool:
    return name in known() and known()[name].scale is not None


# -- labels ------------------------------------------------------------------------


def _common(of_a: list[str], of_b: list[str]) -> Iterator[Fold]:
    """Yields the folds of two sides, the finest first; each vocabulary is in one."""
    pairs = [
        (one, other)
        for one in of_a
        for other in of_b
        if not (_is_scale(one) or _is_scale(other))
    ]
    found = [fold for pair in pairs if (fold := _finest(*pair))]
    seen: set[tuple[str, str]] = set()
    for fold in sorted(found, key=lambda f: (f.of_a != f.of_b, -len(f.labels), f)):
        sides = {("a", fold.of_a), ("b", fold.of_b)}
        if not sides & seen:
            seen |= sides
            yield fold


def _finest(one: str, other: str) -> Fold | None:
    """Returns the fold with the most labels that two vocabularies have in common."""
    targets = {fold.to_vocabulary for fold in folds()} | {one, other}
    found = []
    for target in sorted(targets):
        sides = [
            {label for _, label in tasks.members(side, target)} for side in (one, other)
        ]
        if both := sides[0] & sides[1]:
            found.append(Fold(one, other, target, tuple(sorted(both))))
    return max(found, key=lambda fold: len(fold.labels), default=None)


def _labels(
    connection: duckdb.DuckDBPyConnection, fold: Fold, a: str, b: str
) -> LabelChanges:
    for side, who, source in (("a", a, fold.of_a), ("b", b, fold.of_b)):
        pairs = [p for p in tasks.members(source, fold.common) if p[1] in fold.labels]
        register_members(connection, f"members_{side}", pairs)
        connection.execute(
            _FOLDED.format(
                side=side,
                common=quote(fold.common),
                who=quote(who),
                source=quote(source),
            )
        )
    return label_changes(connection, a, b)


# A label that the fold leaves out is an answer without a label. The vocabulary stands
# for the task too: one annotator may call emotion what another calls irritation.
_FOLDED = """
CREATE OR REPLACE TEMP VIEW annotations_{side} AS
SELECT
  n.utterance_id, n.annotator_id, {common} AS task, {common} AS vocabulary,
  m.target AS label, n.chosen, n.rank, n.score, n.status
FROM annotations AS n
LEFT JOIN members_{side} AS m ON m.label = n.label
WHERE n.annotator_id = {who} AND n.vocabulary = {source}
"""
# `compared` is left by `label_changes`: the answers of both sides. Answers with no
# label in common differ most, and among them those of which both sides are most
# certain.
_LABELS_DIFFER = """
WITH scores AS (
  SELECT utterance_id, max(score) FILTER (side = 'a') AS a,
    max(score) FILTER (side = 'b') AS b
  FROM (
    SELECT 'a' AS side, utterance_id, score FROM annotations_a WHERE chosen
    UNION ALL
    SELECT 'b' AS side, utterance_id, score FROM annotations_b WHERE chosen
  )
  GROUP BY utterance_id
)
SELECT
  array_to_string(c.labels_a, ', ') AS a,
  array_to_string(c.labels_b, ', ') AS b,
  c.utterance_id
FROM compared AS c
LEFT JOIN scores AS s ON s.utterance_id = c.utterance_id
WHERE in_a AND in_b AND labels_a <> labels_b AND task = $about
ORDER BY
  len(list_intersect(labels_a, labels_b)) > 0,
  least(coalesce(s.a, 1), coalesce(s.b, 1)) DESC,
  c.utterance_id
"""

# -- scales ------------------------------------------------------------------------

_VALUES = """
CREATE OR REPLACE TEMP TABLE values_of_both AS
WITH told AS (
  SELECT annotator_id, utterance_id, vocabulary, label, avg(value)::DOUBLE AS value
  FROM annotations
  WHERE annotator_id IN ($a, $b) AND value IS NOT NULL
  GROUP BY ALL
)
SELECT x.utterance_id, x.label, x.value AS a, y.value AS b
FROM told AS x
JOIN told AS y USING (utterance_id, vocabulary, label)
WHERE x.annotator_id = $a AND y.annotator_id = $b
"""
_VALUES_DIFFER = """
SELECT round(a, 3)::VARCHAR AS a, round(b, 3)::VARCHAR AS b, utterance_id
FROM values_of_both
WHERE label = $about AND a <> b
ORDER BY abs(a - b) DESC, utterance_id
"""


def _scales(connection: duckdb.DuckDBPyConnection, a: str, b: str) -> list[Scale]:
    rows = connection.sql("SELECT label, a AS truth, b AS value FROM values_of_both")
    metrics = ValueMetrics()
    state = metrics.add(metrics.create(), one_batch(rows.to_arrow_table()))
    reasons = {TRUTH_CONSTANT: a, VALUE_CONSTANT: b}
    found = metrics.extract(state).to_pylist()
    return [_scale(row, reasons) for row in found if row["group"] is None]


def _scale(row: dict[str, Any], reasons: dict[str, str]) -> Scale:
    why = (row["why"] or "").split("; ")
    notes = [f"{reasons[each]} gave one value only" for each in why if each in reasons]
    figures = {name: row[name] for name in ("label", "n", "pearson", "ccc", "bias")}
    return Scale(**figures, note="; ".join(notes))


# -- messages ----------------------------------------------------------------------


def _differing(
    connection: duckdb.DuckDBPyConnection, query: str, about: str
) -> list[Differing]:
    """Returns the first messages of a query; only public ones are quoted."""
    rows = connection.execute(
        f"SELECT d.a, d.b, d.utterance_id, "
        "CASE WHEN u.visibility = 'public' OR list_contains($public, u.source) "
        "AND coalesce(u.visibility, 'unknown') = 'unknown' "
        f"THEN left(u.text, {_QUOTED}) END "
        f"FROM (SELECT *, row_number() OVER () AS place FROM ({query})) AS d "
        "JOIN utterances AS u ON u.utterance_id = d.utterance_id "
        f"ORDER BY d.place LIMIT {MOST}",
        {"about": about, "public": said_public(connection)},
    )
    return [Differing(about, *row) for row in rows.fetchall()]


def _nothing(a: str, b: str, of_a: list[str], of_b: list[str]) -> str:
    return (
        f"{a} answers in {', '.join(of_a) or 'no vocabulary'} and {b} in "
        f"{', '.join(of_b) or 'none'}: they fold to no common vocabulary and share no"
        " scale; a vocabulary file can define folds, see docs/plugins.md"
    )
