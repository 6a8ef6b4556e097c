-- one row is one group and label, with its figures; (micro) and (macro) end each group
, tallies AS (
  SELECT
    "group",
    label,
    floor(score * $grid + 0.5) / $grid AS score,
    count(*) AS n,
    count(*) FILTER (truth) AS n_positives,
    count(*) FILTER (chosen IS NULL) AS undecided,
    coalesce(sum(weight) FILTER (truth), 0) AS positives,
    coalesce(sum(weight) FILTER (NOT truth), 0) AS negatives,
    coalesce(sum(weight) FILTER (truth AND chosen), 0) AS hits,
    coalesce(sum(weight) FILTER (NOT truth AND chosen), 0) AS misses
  FROM answers
  GROUP BY ALL
),
pooled AS (
  SELECT
    "group",
    '(micro)' AS label,
    score,
    sum(n) AS n,
    sum(n_positives) AS n_positives,
    sum(undecided) AS undecided,
    sum(positives) AS positives,
    sum(negatives) AS negatives,
    sum(hits) AS hits,
    sum(misses) AS misses
  FROM tallies
  GROUP BY "group", score
),
ranked AS (
  SELECT
    *,
    sum(negatives) OVER upwards - negatives / 2 AS below,
    sum(positives) OVER downwards AS hits_above,
    sum(positives + negatives) OVER downwards AS all_above
  FROM (FROM tallies UNION ALL BY NAME FROM pooled)
  WINDOW
    upwards AS (PARTITION BY "group", label ORDER BY score),
    downwards AS (PARTITION BY "group", label ORDER BY score DESC)
),
summed AS (
  SELECT
    "group",
    label,
    sum(n) AS n,
    sum(n_positives) AS n_positives,
    sum(undecided) = 0 AS decided,
    bool_and(score IS NOT NULL) AS scored,
    sum(positives) AS positives,
    sum(negatives) AS negatives,
    sum(hits) AS hits,
    sum(misses) AS misses,
    sum(positives * below) AS under_positives,
    sum(positives * hits_above / nullif(all_above, 0)) AS precisions,
    sum(positives * (1 - score) ^ 2 + negatives * score ^ 2) AS squares
  FROM ranked
  GROUP BY "group", label
),
briers AS (
  SELECT
    *,
    positives / nullif(positives + negatives, 0) AS base_rate,
    CASE WHEN scored THEN squares / nullif(positives + negatives, 0) END AS brier
  FROM summed
),
figures AS (
  SELECT
    "group",
    label,
    n,
    n_positives AS positives,
    base_rate,
    CASE WHEN decided THEN hits / nullif(hits + misses, 0) END AS "precision",
    CASE WHEN decided THEN hits / nullif(positives, 0) END AS recall,
    CASE WHEN decided AND positives > 0
      THEN 2 * hits / (hits + misses + positives) END AS f1,
    CASE WHEN scored THEN under_positives / nullif(positives * negatives, 0) END AS auc,
    CASE WHEN scored AND negatives > 0
      THEN precisions / nullif(positives, 0) END AS average_precision,
    brier,
    1 - brier / nullif(base_rate * (1 - base_rate), 0) AS brier_skill
  FROM briers
),
-- A mean over labels is null if the figure of one of them is.
means AS (
  SELECT
    "group",
    '(macro)' AS label,
    sum(n) AS n,
    sum(positives) AS positives,
    count(*) FILTER (kept) AS labels,
    CASE WHEN bool_and("precision" IS NOT NULL) FILTER (kept)
      THEN avg("precision") FILTER (kept) END AS "precision",
    CASE WHEN bool_and(recall IS NOT NULL) FILTER (kept)
      THEN avg(recall) FILTER (kept) END AS recall,
    CASE WHEN bool_and(f1 IS NOT NULL) FILTER (kept)
      THEN avg(f1) FILTER (kept) END AS f1,
    CASE WHEN bool_and(auc IS NOT NULL) FILTER (kept)
      THEN avg(auc) FILTER (kept) END AS auc,
    CASE WHEN bool_and(average_precision IS NOT NULL) FILTER (kept)
      THEN avg(average_precision) FILTER (kept) END AS average_precision,
    CASE WHEN bool_and(brier IS NOT NULL) FILTER (kept)
      THEN avg(brier) FILTER (kept) END AS brier,
    CASE WHEN bool_and(brier_skill IS NOT NULL) FILTER (kept)
      THEN avg(brier_skill) FILTER (kept) END AS brier_skill
  FROM (SELECT *, positives >= $min_positives AS kept FROM figures)
  WHERE label <> '(micro)'
  GROUP BY "group"
),
sizes AS (SELECT "group", count(*) - 1 AS labels FROM figures GROUP BY "group")
SELECT
  figures.* EXCLUDE (base_rate),
  base_rate,
  CASE WHEN label = '(micro)' THEN sizes.labels END AS labels
FROM figures JOIN sizes ON sizes."group" IS NOT DISTINCT FROM figures."group"
UNION ALL BY NAME
FROM means
