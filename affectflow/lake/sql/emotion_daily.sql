-- one row is one label of one annotator and task on one UTC day in one container
-- day: null if the time is unknown. n: utterances that the annotator answered.
-- share = chosen / n as labelled, not corrected for the annotator's error;
-- low, high: its 95 % interval (Wilson). Bots are counted: rollups do not hold accounts.
WITH labels AS (
  SELECT
    day, source, container, annotator_id, task, label,
    max(n) AS n,
    sum(chosen)::BIGINT AS chosen,
    sum(score_sum) AS score_sum
  FROM rollups
  ANTI JOIN health_annotators USING (annotator_id)
  -- Scales, such as valence, have values but no chosen labels.
  WHERE label IS NOT NULL AND task NOT IN ('valence', 'arousal', 'dominance')
  GROUP BY ALL
),
answers AS (
  -- Not the sum of rollups.n: a part without utterances of a label has no row for it.
  SELECT
    (a.timestamp AT TIME ZONE 'UTC')::DATE AS day,
    a.source,
    a.container,
    a.annotator_id,
    a.task,
    count(DISTINCT a.utterance_id) AS n,
    count(
      DISTINCT coalesce(w.conversation_id, m.root, a.conversation_id)
    ) AS n_conversations,
    nullif(count(DISTINCT a.speaker_id), 0) AS n_speakers
  FROM annotations AS a
  LEFT JOIN merged_conversations AS m ON m.conversation_id = a.conversation_id
  LEFT JOIN windowed_utterances AS w ON w.utterance_id = a.utterance_id
  WHERE a.label IS NOT NULL OR a.status = 'ok'
  GROUP BY ALL
)
SELECT
  l.day,
  l.source,
  l.container,
  l.annotator_id,
  l.task,
  l.label,
  coalesce(a.n, l.n) AS n,
  l.chosen,
  l.chosen / nullif(coalesce(a.n, l.n), 0) AS share,
  wilson_low(l.chosen, coalesce(a.n, l.n)) AS low,
  wilson_high(l.chosen, coalesce(a.n, l.n)) AS high,
  l.score_sum,
  coalesce(a.n, l.n) AS n_utterances,
  coalesce(a.n_conversations, 0) AS n_conversations,
  a.n_speakers
FROM labels AS l
LEFT JOIN answers AS a
  ON a.day IS NOT DISTINCT FROM l.day
  AND a.source IS NOT DISTINCT FROM l.source
  AND a.container IS NOT DISTINCT FROM l.container
  AND a.annotator_id = l.annotator_id
  AND a.task = l.task
