-- one row is one utterance by a person in which one annotator found frustration
-- Frustration: the author's own displeasure at a blocked or delayed goal. Empty until
-- an annotator with task 'frustration' has run; irritation is not a stand-in for it.
-- People who label by hand do not count as annotators here.
SELECT
  u.utterance_id,
  u.conversation_id,
  a.annotator_id,
  a.score,
  a.probability,
  u.timestamp,
  u.source,
  u.container,
  u.kind,
  u.speaker_id,
  u.speaker_role,
  u.text,
  u.url,
  u.visibility
FROM annotations AS a
ANTI JOIN health_annotators AS h ON h.annotator_id = a.annotator_id
JOIN placed_utterances AS u ON u.utterance_id = a.utterance_id
WHERE a.task = 'frustration'
  AND a.label = 'frustration'
  AND a.chosen
  AND NOT u.by_bot
  AND a.annotator_id NOT IN (SELECT annotator_id FROM annotators WHERE kind = 'person')
QUALIFY row_number() OVER (
  PARTITION BY a.utterance_id, a.annotator_id ORDER BY a.score DESC NULLS LAST
) = 1
