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
    mean_value - mean_truth AS bias,
    truth_truth > total * ($residue * mean_truth) ^ 2
      AND value_value > total * ($residue * mean_value) ^ 2 AS vary
  FROM moments
)
SELECT
  "group",
  label,
  n,
  CASE WHEN known THEN mean_truth END AS mean_truth,
  CASE WHEN known THEN mean_value END AS mean_value,
  -- least(1, NULL) is 1
  CASE WHEN vary
    THEN greatest(-1, least(1, cov / (sqrt(var_truth) * sqrt(var_value)))) END
    AS pearson,
  CASE WHEN vary
    THEN 2 * cov / (var_truth + var_value + bias ^ 2) END AS ccc,
  sqrt(var_error + bias ^ 2) AS rmse,
  CASE WHEN known THEN bias END AS bias
FROM shares
