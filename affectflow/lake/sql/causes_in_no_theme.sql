-- one row is one cause that is in no theme, of the miner that the themes rest on
-- A span counts as in a theme if any of its labels is. Causes of bots' emotions and causes
-- marked by people belong to no theme and are not listed here either.
WITH last_mined AS (
  SELECT config ->> 'miner' AS miner FROM runs
  WHERE stage = 'mine' AND state = 'done' ORDER BY ended DESC LIMIT 1
),
told AS (
  SELECT DISTINCT c.utterance_id, c.cause_utterance_id, c.start, c."end"
  FROM theme_members AS m
  JOIN causes AS c ON c.cause_id = m.cause_id
)
SELECT
  c.cause_id, c.label, c.cause_text, c.score,
  c.cause_utterance_id, c.start, c."end",
  c.emotion_annotator_id, c.annotator_id,
  u.utterance_id, u.conversation_id, u.speaker_id, u.timestamp, u.source, u.container
FROM causes AS c
JOIN placed_utterances AS u ON u.utterance_id = c.utterance_id
LEFT JOIN annotators AS a ON a.annotator_id = c.annotator_id
LEFT JOIN last_mined AS l ON true
ANTI JOIN told AS t
  ON t.utterance_id = c.utterance_id
  AND t.cause_utterance_id IS NOT DISTINCT FROM c.cause_utterance_id
  AND t.start IS NOT DISTINCT FROM c.start
  AND t."end" IS NOT DISTINCT FROM c."end"
ANTI JOIN health_annotators AS h ON h.annotator_id = c.emotion_annotator_id
WHERE c.status = 'ok'
  AND NOT u.by_bot
  AND a.kind IS DISTINCT FROM 'person'
  AND c.annotator_id IS NOT DISTINCT FROM coalesce(l.miner, c.annotator_id)
