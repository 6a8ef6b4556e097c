-- means first, then what is around them: squares of the values themselves would cancel
, means AS (
  SELECT
    *,
    sum(weight) OVER cell AS total,
    sum(weight * truth) OVER cell / nullif(sum(weight) OVER cell, 0) AS mean_truth,
    sum(weight * value) OVER cell / nullif(sum(weight) OVER cell, 0) AS mean_value
  FROM answers
  WINDOW cell AS (PARTITION BY unit, "group", label)
),
moments AS (
  SELECT
    unit,
    "group",
    label,
    count(*) AS n,
    any_value(total) AS total,
    coalesce(any_value(mean_truth), 0) AS mean_truth,
    coalesce(any_value(mean_value), 0) AS mean_value,
    coalesce(sum(weight * (truth - mean_truth) ^ 2), 0) AS truth_truth,
    coalesce(sum(weight * (value - mean_value) ^ 2), 0) AS value_value,
    coalesce(sum(weight * (truth - mean_truth) * (value - mean_value)), 0)
      AS truth_value,
    coalesce(sum(weight * (value - mean_value - truth + mean_truth) ^ 2), 0)
      AS error_error
  FROM means
  GROUP BY unit, "group", label
)
