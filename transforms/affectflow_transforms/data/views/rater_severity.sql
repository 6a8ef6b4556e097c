-- one row is one rater in the newest fit of faceted-rasch: severity, and goodness of fit
-- severity: in logits, 0 is the mean of all raters; se, low, high: its standard error and
-- 95 % interval. infit, outfit: near 1 if the rater rates as the model expects, higher if
-- at random. reliability: of all severities together. rater: people are numbered from the
-- severest, and their names are in `measures`; a model has its own name.
WITH fitted AS (
  SELECT m.*, f.ended
  FROM newest_rasch AS f
  JOIN measures AS m USING (measure_id)
),
raters AS (
  SELECT
    "group",
    unit_id,
    max(ended) AS ended,
    max(n) AS n,
    max(value) FILTER (label = 'severity') AS severity,
    max(low) FILTER (label = 'severity') AS low,
    max(high) FILTER (label = 'severity') AS high,
    max(value) FILTER (label = 'infit') AS infit,
    max(value) FILTER (label = 'outfit') AS outfit
  FROM fitted
  WHERE unit_type = 'rater' AND label IN ('severity', 'infit', 'outfit')
  GROUP BY "group", unit_id
),
reliabilities AS (
  SELECT "group", value AS reliability
  FROM fitted
  WHERE unit_type = 'facet' AND unit_id = 'raters' AND label = 'reliability'
),
known AS (
  SELECT annotator_id FROM annotators WHERE kind <> 'person'
)
SELECT
  r."group",
  CASE
    WHEN k.annotator_id IS NOT NULL THEN r.unit_id
    ELSE 'rater ' || row_number() OVER (
      PARTITION BY r."group", k.annotator_id IS NULL
      ORDER BY r.severity DESC NULLS LAST, hash(r.unit_id)
    )
  END AS rater,
  r.severity,
  (r.high - r.low) / 3.919927969080108 AS se,
  r.low,
  r.high,
  r.infit,
  r.outfit,
  r.n,
  s.reliability,
  r.ended AS measured
FROM raters AS r
LEFT JOIN known AS k ON k.annotator_id = r.unit_id
LEFT JOIN reliabilities AS s ON s."group" IS NOT DISTINCT FROM r."group"
WHERE r.severity IS NOT NULL
