-- one row is one threshold of one item, on the scale of the persons, from the newest fit
-- Of faceted-rasch. difficulty: NULL for a single item, whose thresholds count from 0.
-- location: difficulty plus threshold, in logits: a person at this point gets `rating` from
-- an average rater as often as the rating below it. persons_above: the share of persons
-- above it, if they are normally distributed as fitted; near 0 or 1 the threshold
-- distinguishes few persons.
WITH fitted AS (
  SELECT m.*, f.ended
  FROM newest_rasch AS f
  JOIN measures AS m USING (measure_id)
),
items AS (
  SELECT
    "group",
    unit_id AS item,
    max(value) FILTER (label = 'difficulty') AS difficulty,
    count(*) OVER (PARTITION BY "group") = 1 AS is_single,
    max(n) AS n
  FROM fitted
  WHERE unit_type = 'item' AND label IN ('difficulty', 'infit')
  GROUP BY "group", unit_id
),
persons AS (
  SELECT
    "group",
    max(value) FILTER (label = 'mean') AS mean,
    max(value) FILTER (label = 'sd') AS sd,
    max(n) AS n
  FROM fitted
  WHERE unit_type = 'facet' AND unit_id = 'persons'
  GROUP BY "group"
),
placed AS (
  SELECT
    i."group",
    i.item,
    t.unit_id::INT AS rating,
    i.difficulty,
    coalesce(i.difficulty, if(i.is_single, 0, NULL)) + t.value AS location,
    i.n,
    p.mean AS persons_mean,
    p.sd AS persons_sd,
    p.n AS n_persons,
    (location - p.mean) / nullif(p.sd, 0) AS z,
    t.ended
  FROM items AS i
  JOIN fitted AS t
    ON t.unit_type = 'threshold' AND t.label = 'tau'
    AND t."group" IS NOT DISTINCT FROM i."group"
  LEFT JOIN persons AS p ON p."group" IS NOT DISTINCT FROM i."group"
),
tails AS (
  -- The normal distribution, to 7.5e-8: Abramowitz and Stegun 1964, 26.2.17.
  SELECT
    *,
    1 / (1 + 0.2316419 * abs(z)) AS t,
    exp(-z * z / 2) / sqrt(2 * pi()) * t * (0.319381530 + t * (-0.356563782
      + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))) AS tail
  FROM placed
)
SELECT
  "group",
  item,
  rating,
  difficulty,
  location,
  persons_mean,
  persons_sd,
  CASE WHEN z < 0 THEN 1 - tail ELSE tail END AS persons_above,
  n_persons,
  n,
  ended AS measured
FROM tails
