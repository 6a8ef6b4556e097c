-- one row is the miner that `mine` ran last: themes rest on its causes
-- Empty until `mine` has run: then causes imported with the utterances count, whoever
-- found them, and the report counts those of the miner that found most.
SELECT config ->> 'miner' AS annotator_id
FROM runs
WHERE stage = 'mine' AND state = 'done'
ORDER BY ended DESC
LIMIT 1
