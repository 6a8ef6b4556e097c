-- one row is one unit, group, label and score on the grid: the state of LabelMetrics
SELECT
  unit,
  "group",
  label,
  CAST(floor(score * $grid + 0.5) AS INTEGER) AS bin,
  count(*) AS n,
  count(*) FILTER (truth) AS n_positives,
  count(*) FILTER (chosen IS NULL) AS undecided,
  coalesce(sum(weight) FILTER (truth), 0) AS positives,
  coalesce(sum(weight) FILTER (NOT truth), 0) AS negatives,
  coalesce(sum(weight) FILTER (truth AND chosen), 0) AS chosen_positives,
  coalesce(sum(weight) FILTER (NOT truth AND chosen), 0) AS chosen_negatives
FROM answers
GROUP BY ALL
