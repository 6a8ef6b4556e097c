-- one row is one annotator's answer to one task for one utterance, with its author, place and time
-- labels: the chosen ones, as {vocabulary, label}, in any order.
-- answered, status: as in emotions, of all vocabularies of the task together.
WITH answers AS (
  SELECT
    utterance_id,
    annotator_id,
    task,
    list({vocabulary: vocabulary, label: label}) FILTER (chosen AND label IS NOT NULL)
      AS labels,
    bool_or(
      status = 'ok' OR (label IS NOT NULL AND status IS DISTINCT FROM 'abstained')
    ) AS answered,
    min({rank: rank, status: status}).status AS status
  FROM annotations
  ANTI JOIN health_annotators USING (annotator_id)
  GROUP BY utterance_id, annotator_id, task
)
SELECT
  a.utterance_id,
  u.conversation_id,
  u.speaker_id,
  u.by_bot,
  u.timestamp,
  u.source,
  u.container,
  u.speaker_role,
  u.kind,
  a.annotator_id,
  a.task,
  coalesce(a.labels, []) AS labels,
  coalesce(a.answered, false) AS answered,
  a.status
FROM answers AS a
JOIN placed_utterances AS u ON u.utterance_id = a.utterance_id
