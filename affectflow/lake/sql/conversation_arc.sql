-- one row is one utterance in its conversation, in order, as one annotator labels it
-- turn: 1 for the first. label, score: the first chosen label; null if none was chosen.
-- state: the last label other than neutral so far in the conversation;
-- speaker_state: the same for this speaker. annotator_id is null before any annotation.
-- People who label by hand have no arc, because they answer single messages.
WITH turns AS (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY conversation_id ORDER BY turn_key(timestamp, start_s, utterance_id)
    ) AS turn
  FROM placed_utterances
),
askers AS MATERIALIZED (
  SELECT *, row_number() OVER () AS asker
  FROM (
    SELECT DISTINCT annotator_id, task, vocabulary
    FROM annotations
    ANTI JOIN health_annotators USING (annotator_id)
    WHERE annotator_id NOT IN (SELECT annotator_id FROM annotators WHERE kind = 'person')
  )
),
-- Not from `emotions`: a query on one conversation would read all annotations.
answers AS NOT MATERIALIZED (
  SELECT
    u.conversation_id,
    a.utterance_id,
    k.asker,
    min({rank: a.rank, below: -a.score, label: a.label, score: a.score})
      FILTER (a.chosen AND a.label IS NOT NULL) AS first,
    list_sort(
      list({rank: a.rank, below: -a.score, label: a.label, score: a.score})
        FILTER (a.chosen AND a.label IS NOT NULL)
    ) AS chosen,
    min({rank: a.rank, status: a.status}).status AS status
  FROM annotations AS a
  JOIN askers AS k
    ON k.annotator_id = a.annotator_id
    AND k.task IS NOT DISTINCT FROM a.task
    AND k.vocabulary IS NOT DISTINCT FROM a.vocabulary
  JOIN placed_utterances AS u ON u.utterance_id = a.utterance_id
  GROUP BY u.conversation_id, a.utterance_id, k.asker
),
askers_here AS (
  SELECT DISTINCT conversation_id, asker FROM answers
)
SELECT
  t.conversation_id,
  k.annotator_id,
  k.task,
  k.vocabulary,
  t.turn,
  t.utterance_id,
  t.reply_to,
  t.speaker_id,
  t.speaker_role,
  t.by_bot,
  t.timestamp,
  e.first.label AS label,
  e.first.score AS score,
  CASE
    WHEN e.utterance_id IS NOT NULL
    THEN coalesce(list_transform(e.chosen, lambda c: c.label), [])
  END AS labels,
  e.status,
  last_value(nullif(e.first.label, 'neutral') IGNORE NULLS) OVER so_far AS state,
  CASE
    WHEN t.speaker_id IS NOT NULL
    THEN last_value(nullif(e.first.label, 'neutral') IGNORE NULLS) OVER speaker_so_far
  END AS speaker_state
FROM turns AS t
LEFT JOIN askers_here AS h ON h.conversation_id = t.conversation_id
LEFT JOIN askers AS k ON k.asker = h.asker
LEFT JOIN answers AS e
  ON e.conversation_id = t.conversation_id
  AND e.utterance_id = t.utterance_id
  AND e.asker = h.asker
WINDOW
  so_far AS (
    PARTITION BY t.conversation_id, h.asker
    ORDER BY t.turn
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ),
  speaker_so_far AS (
    PARTITION BY t.conversation_id, h.asker, t.speaker_id
    ORDER BY t.turn
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
