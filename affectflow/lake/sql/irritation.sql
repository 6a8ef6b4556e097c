-- one row is one utterance by a person with a chosen label that folds to irritation
-- labels: those labels, best first (in GoEmotions: annoyance, anger, disappointment).
-- This measures displeasure, hostility included. It is not a measure of frustration.
-- People who label by hand do not count as annotators here.
WITH found AS (
  SELECT a.utterance_id, a.annotator_id, a.label, max(a.score) AS score
  FROM annotations AS a
  ANTI JOIN health_annotators AS h ON h.annotator_id = a.annotator_id
  WHERE a.chosen
    AND a.annotator_id NOT IN (SELECT annotator_id FROM annotators WHERE kind = 'person')
    AND (
      a.vocabulary = 'irritation' AND a.label = 'irritation'
      OR EXISTS (
        SELECT 1
        FROM folds AS f
        WHERE f.from_vocabulary = a.vocabulary
          AND f.from_label = a.label
          AND f.to_vocabulary = 'irritation'
          AND f.weight > 0
      )
    )
  GROUP BY a.utterance_id, a.annotator_id, a.label
),
answers AS (
  SELECT
    utterance_id,
    annotator_id,
    list(label ORDER BY score DESC NULLS LAST, label) AS labels,
    max(score) AS score
  FROM found
  GROUP BY utterance_id, annotator_id
)
SELECT
  u.utterance_id,
  u.conversation_id,
  a.annotator_id,
  a.labels,
  a.score,
  u.timestamp,
  u.source,
  u.container,
  u.kind,
  u.speaker_id,
  u.speaker_role,
  u.text,
  u.url,
  u.visibility
FROM answers AS a
JOIN placed_utterances AS u ON u.utterance_id = a.utterance_id
WHERE NOT u.by_bot
