-- one row is one group and scale, with its figures
, shares AS (
  SELECT
    "group",
    label,
    n,
    total > 0 AS known,
    mean_truth,
    mean_value,
    truth_truth / nullif(total, 0) AS var_truth,
    value_value / nullif(total, 0) AS var_value,
    truth_value / nullif(total, 0) AS cov,
    error_error / nullif(total, 0) AS var_error,
    mean_value - mean_truth AS bias
  FROM moments
)
SELECT
  "group",
  label,
  n,
  CASE WHEN known THEN mean_truth END AS mean_truth,
  CASE WHEN known THEN mean_value END AS mean_value,
  greatest(-1, least(1, cov / nullif(sqrt(var_truth) * sqrt(var_value), 0))) AS pearson,
  CASE WHEN var_truth > 0 AND var_value > 0
    THEN 2 * cov / (var_truth + var_value + bias ^ 2) END AS ccc,
  sqrt(var_error + bias ^ 2) AS rmse,
  CASE WHEN known THEN bias END AS bias
FROM shares
