-- one row is one utterance in its conversation, in order, as one annotator labels it
-- turn: 1 for the first. label, score: the first chosen one; null where none is.
-- state: the last label other than neutral so far in the conversation;
-- speaker_state: the same for this speaker. annotator_id is null before any annotation.
-- People who label by hand have no arc: they answer single messages.
WITH turns AS (
  SELECT
    *,
    -- Where no time is known, shorter ids go first: #9 before #10.
    row_number() OVER (
      PARTITION BY conversation_id
      ORDER BY timestamp NULLS LAST, start_s NULLS LAST,
        length(utterance_id), utterance_id
    ) AS turn
  FROM placed_utterances
),
annotators_here AS (
  SELECT DISTINCT conversation_id, annotator_id, task, vocabulary FROM emotions
  WHERE annotator_id NOT IN (SELECT annotator_id FROM annotators WHERE kind = 'person')
)
SELECT
  t.conversation_id,
  h.annotator_id,
  h.task,
  h.vocabulary,
  t.turn,
  t.utterance_id,
  t.reply_to,
  t.speaker_id,
  t.speaker_role,
  t.by_bot,
  t.timestamp,
  e.label,
  e.score,
  e.labels,
  e.status,
  last_value(nullif(e.label, 'neutral') IGNORE NULLS) OVER so_far AS state,
  CASE
    WHEN t.speaker_id IS NOT NULL
    THEN last_value(nullif(e.label, 'neutral') IGNORE NULLS) OVER speaker_so_far
  END AS speaker_state
FROM turns AS t
LEFT JOIN annotators_here AS h ON h.conversation_id = t.conversation_id
LEFT JOIN emotions AS e
  ON e.utterance_id = t.utterance_id
  AND e.annotator_id = h.annotator_id
  AND e.task = h.task
  AND e.vocabulary IS NOT DISTINCT FROM h.vocabulary
WINDOW
  so_far AS (
    PARTITION BY t.conversation_id, h.annotator_id, h.task, h.vocabulary
    ORDER BY t.turn
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ),
  speaker_so_far AS (
    PARTITION BY t.conversation_id, h.annotator_id, h.task, h.vocabulary, t.speaker_id
    ORDER BY t.turn
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
