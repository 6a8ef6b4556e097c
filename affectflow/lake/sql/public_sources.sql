-- one row is one source whose messages of unknown visibility are public, as the user said
-- `affectflow report LAKE --public SOURCE` says so; what it said last counts.
WITH last_said AS (
  SELECT config FROM runs WHERE stage = 'public' ORDER BY ended DESC LIMIT 1
)
SELECT unnest(from_json(config -> 'sources', '["VARCHAR"]')) AS source
FROM last_said
