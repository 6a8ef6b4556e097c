-- one row is one circumstance that goes with an outcome in one group, as `DriverImportance` measured it
-- importance: its share of what all factors explain, with its interval. spread: how far
-- it moves the outcome, in the outcome's units. slope: per unit of the factor; null if its
-- values are names. rank: 1 for the largest importance. This is association, not cause.
WITH factors AS (
  SELECT
    parameters,
    "group",
    unit_id AS factor,
    max(value) FILTER (label = 'importance') AS importance,
    max(low) FILTER (label = 'importance') AS low,
    max(high) FILTER (label = 'importance') AS high,
    max(value) FILTER (label = 'spread') AS spread,
    max(value) FILTER (label = 'slope') AS slope,
    max(n) AS n
  FROM measures
  WHERE kind = 'driver-importance' AND unit_type = 'factor'
  GROUP BY parameters, "group", unit_id
)
SELECT
  json_extract_string(parameters, '$.options.outcome') AS outcome,
  json_extract_string(parameters, '$.options.annotator') AS annotator,
  json_extract_string(parameters, '$.by') AS grouped_by,
  "group",
  row_number() OVER (
    PARTITION BY parameters, "group" ORDER BY importance DESC, factor
  ) AS rank,
  factor,
  importance,
  low,
  high,
  spread,
  slope,
  n,
  parameters
FROM factors
WHERE importance IS NOT NULL
