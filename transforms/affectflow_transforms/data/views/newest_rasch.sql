-- one row is the id of one value of the newest fit of faceted-rasch, and when it ended
-- Empty before the first fit. The values are in `measures`, including those of older fits.
WITH newest AS (
  SELECT config, ended
  FROM runs
  WHERE stage = 'measure' AND state = 'done' AND (config ->> 'measure') = 'faceted-rasch'
  ORDER BY ended DESC
  LIMIT 1
)
SELECT m.measure_id, n.ended
FROM measures AS m
JOIN newest AS n
  ON (m.parameters -> 'options')::VARCHAR = (n.config -> 'options')::VARCHAR
  AND (m.parameters ->> 'by') = (n.config ->> 'by')
WHERE m.kind = 'faceted-rasch'
