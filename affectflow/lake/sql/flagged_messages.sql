-- one row is one message of a person that an annotator answered, flagged or not
-- measure: frustration, for annotators with that task; irritation, for annotators of
-- emotions if a chosen label folds to it. in_first_thread: the author wrote in no earlier
-- conversation of this lake; null if the author or the time is unknown.
WITH displeasure AS (
  SELECT list({vocabulary: vocabulary, label: label}) AS labels
  FROM (
    SELECT from_vocabulary AS vocabulary, from_label AS label
    FROM folds
    WHERE to_vocabulary = 'irritation' AND weight > 0
    UNION
    SELECT unnest(['irritation', 'frustration']), unnest(['irritation', 'frustration'])
  )
),
arrivals AS (
  SELECT
    speaker_id,
    min({timestamp: timestamp, conversation_id: conversation_id}).conversation_id
      AS first_thread
  FROM placed_utterances
  WHERE NOT by_bot AND speaker_id IS NOT NULL AND timestamp IS NOT NULL
  GROUP BY speaker_id
)
SELECT
  l.utterance_id,
  l.conversation_id,
  l.speaker_id,
  l.timestamp,
  l.source,
  l.container,
  l.speaker_role,
  l.kind,
  l.annotator_id,
  CASE WHEN l.task = 'frustration' THEN 'frustration' ELSE 'irritation' END AS measure,
  list_has_any(l.labels, d.labels) AS flagged,
  CASE WHEN l.timestamp IS NOT NULL THEN l.conversation_id = a.first_thread END
    AS in_first_thread
FROM labelled_utterances AS l
CROSS JOIN displeasure AS d
LEFT JOIN arrivals AS a ON a.speaker_id = l.speaker_id
WHERE l.answered AND NOT l.by_bot AND l.task IN ('frustration', 'emotion')
