-- one row is one kind of refusal by one step
-- n: rows still refused; n_replayed: rows that a replay has recovered since.
-- example_message, example_origin: taken from the first of them.
SELECT
  step,
  error_type,
  count(*) FILTER (status IS DISTINCT FROM 'replayed') AS n,
  count(*) FILTER (status = 'replayed') AS n_replayed,
  first(message ORDER BY "at" NULLS LAST, origin, message) AS example_message,
  first(origin ORDER BY "at" NULLS LAST, origin, message) AS example_origin,
  min("at") AS first_at,
  max("at") AS last_at
FROM dead_letters
GROUP BY step, error_type
