-- one row is one expression that one group of texts uses more than another, as measured
-- goes_with: that group, `first` if z is above 0. log_odds, low, high: with its 95 %
-- interval. n_first, n_second: how often each group uses it. Made by
-- `affectflow measure Expressions`; the settings are in `parameters`.
WITH sides AS (
  SELECT
    "group",
    parameters,
    fitted_on,
    max(unit_id) FILTER (label = 'first') AS first,
    max(unit_id) FILTER (label = 'second') AS second
  FROM measures
  WHERE kind = 'expressions' AND unit_type = 'side'
  GROUP BY ALL
),
found AS (
  SELECT
    "group",
    parameters,
    fitted_on,
    unit_id AS expression,
    max(value) FILTER (label = 'z') AS z,
    max(value) FILTER (label = 'log_odds') AS log_odds,
    max(low) FILTER (label = 'log_odds') AS low,
    max(high) FILTER (label = 'log_odds') AS high,
    max(value) FILTER (label = 'n_first')::BIGINT AS n_first,
    max(value) FILTER (label = 'n_second')::BIGINT AS n_second
  FROM measures
  WHERE kind = 'expressions' AND unit_type = 'expression'
  GROUP BY ALL
)
SELECT
  f.expression,
  CASE WHEN f.z > 0 THEN s.first ELSE s.second END AS goes_with,
  f.z,
  f.log_odds,
  f.low,
  f.high,
  s.first,
  f.n_first,
  s.second,
  f.n_second,
  f."group",
  f.parameters,
  f.fitted_on
FROM found AS f
JOIN sides AS s
  ON s."group" IS NOT DISTINCT FROM f."group"
  AND s.parameters = f.parameters
  AND s.fitted_on = f.fitted_on
