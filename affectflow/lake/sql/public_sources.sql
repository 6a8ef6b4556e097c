-- one row is one source whose messages of unknown visibility the user declared public
-- Set by `affectflow report LAKE --public SOURCE`; the last setting counts.
WITH last_said AS (
  SELECT config FROM runs WHERE stage = 'public' ORDER BY ended DESC LIMIT 1
)
SELECT unnest(from_json(config -> 'sources', '["VARCHAR"]')) AS source
FROM last_said
