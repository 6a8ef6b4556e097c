-- one row is one utterance in its conversation, in order, as one annotator labels it
-- turn: 1 for the first. label, score: the first chosen one; null where none is.
-- state: the last label other than neutral so far in the conversation;
-- speaker_state: the same for this speaker. annotator_id is null before any annotation.
-- People who label by hand have no arc: they answer single messages.
WITH turns AS (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY conversation_id ORDER BY turn_key(timestamp, start_s, utterance_id)
    ) AS turn
  FROM placed_utterances
),
-- Not from `emotions`: a query of one conversation would read all annotations.
answers AS NOT MATERIALIZED (
  SELECT
    u.conversation_id,
    a.utterance_id,
    a.annotator_id,
    a.task,
    a.vocabulary,
    list_sort(
      list({rank: a.rank, below: -a.score, label: a.label, score: a.score})
        FILTER (a.chosen AND a.label IS NOT NULL)
    ) AS chosen,
    min({rank: a.rank, status: a.status}).status AS status
  FROM annotations AS a
  ANTI JOIN health_annotators AS h ON h.annotator_id = a.annotator_id
  JOIN placed_utterances AS u ON u.utterance_id = a.utterance_id
  WHERE a.annotator_id NOT IN (SELECT annotator_id FROM annotators WHERE kind = 'person')
  GROUP BY
    u.conversation_id, a.utterance_id, a.annotator_id, a.task, a.vocabulary
),
annotators_here AS (
  SELECT DISTINCT conversation_id, annotator_id, task, vocabulary FROM answers
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
  e.chosen[1].label AS label,
  e.chosen[1].score AS score,
  CASE
    WHEN e.utterance_id IS NOT NULL
    THEN coalesce(list_transform(e.chosen, lambda c: c.label), [])
  END AS labels,
  e.status,
  last_value(nullif(e.chosen[1].label, 'neutral') IGNORE NULLS) OVER so_far AS state,
  CASE
    WHEN t.speaker_id IS NOT NULL
    THEN last_value(nullif(e.chosen[1].label, 'neutral') IGNORE NULLS) OVER speaker_so_far
  END AS speaker_state
FROM turns AS t
LEFT JOIN annotators_here AS h ON h.conversation_id = t.conversation_id
LEFT JOIN answers AS e
  ON e.conversation_id = t.conversation_id
  AND e.utterance_id = t.utterance_id
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
