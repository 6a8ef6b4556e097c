-- one row is one annotator's answer to one task in one vocabulary for one utterance
-- labels: the chosen ones, best first; empty if nothing was chosen.
-- label, score, probability, value: those of the first chosen label.
-- answered: there is an answer, even if only that no label applies; false if a person was
-- unsure.
-- status: ok, or why there is no answer (no_author_text, unsupported_language, ...).
WITH answers AS (
  SELECT
    utterance_id,
    annotator_id,
    task,
    vocabulary,
    any_value(conversation_id) AS conversation_id,
    any_value(timestamp) AS timestamp,
    any_value(source) AS source,
    any_value(container) AS container,
    any_value(speaker_id) AS speaker_id,
    list_sort(
      list(
        {rank: rank, below: -score, label: label, score: score, probability: probability,
          value: value}
      ) FILTER (chosen AND label IS NOT NULL)
    ) AS chosen,
    bool_or(
      status = 'ok' OR (label IS NOT NULL AND status IS DISTINCT FROM 'abstained')
    ) AS answered,
    min({rank: rank, status: status}).status AS status
  FROM annotations
  ANTI JOIN health_annotators USING (annotator_id)
  GROUP BY utterance_id, annotator_id, task, vocabulary
)
SELECT
  a.utterance_id,
  coalesce(w.conversation_id, m.root, a.conversation_id) AS conversation_id,
  a.annotator_id,
  a.task,
  a.vocabulary,
  coalesce(list_transform(a.chosen, lambda c: c.label), []) AS labels,
  a.chosen[1].label AS label,
  a.chosen[1].score AS score,
  a.chosen[1].probability AS probability,
  a.chosen[1].value AS value,
  coalesce(a.answered, false) AS answered,
  a.status,
  a.timestamp,
  a.source,
  a.container,
  a.speaker_id
FROM answers AS a
LEFT JOIN merged_conversations AS m ON m.conversation_id = a.conversation_id
LEFT JOIN windowed_utterances AS w ON w.utterance_id = a.utterance_id
