-- one row is one label after another, by the same or another speaker, compared with chance
-- A transition is a pair of consecutive turns by people, among turns with a chosen label
-- (the first one).
-- speaker: same, other, or unknown if either turn has no speaker.
-- observed: how often `label` follows `label_before`. shuffled: how often it would if the
-- labels of each conversation were shuffled among its turns: the exact mean over all
-- orders. ratio = observed / shuffled; low, high: its 95 % interval (Byar).
-- n_conversations: those in which it could happen. n_speakers: speakers of `label`.
-- Left out: people who label by hand, and tasks with a single chosen label (frustration),
-- which can only follow itself. See frustration_figures.
WITH codes AS MATERIALIZED (
  SELECT
    *,
    row_number() OVER (ORDER BY label) AS code,
    dense_rank() OVER (ORDER BY annotator_id, task, vocabulary) AS asker
  FROM (
    SELECT DISTINCT annotator_id, task, vocabulary, label
    FROM annotations
    ANTI JOIN health_annotators USING (annotator_id)
    WHERE chosen
      AND label IS NOT NULL
      AND annotator_id NOT IN (SELECT annotator_id FROM annotators WHERE kind = 'person')
  )
  QUALIFY count(*) OVER (PARTITION BY annotator_id, task, vocabulary) > 1
),
-- Numbers instead of names halve the time for a million turns.
labelled AS (
  SELECT
    a.utterance_id,
    c.asker,
    min({rank: a.rank, score: -a.score, code: c.code}).code AS code
  FROM annotations AS a
  JOIN codes AS c
    ON c.annotator_id = a.annotator_id
    AND c.task IS NOT DISTINCT FROM a.task
    AND c.vocabulary IS NOT DISTINCT FROM a.vocabulary
    AND c.label = a.label
  WHERE a.chosen
  GROUP BY a.utterance_id, c.asker
),
turns AS MATERIALIZED (
  SELECT
    u.conversation_id,
    u.speaker_id,
    l.asker,
    l.code,
    lag(l.code) OVER conversation AS code_before,
    u.speaker_id = lag(u.speaker_id) OVER conversation AS same_speaker
  FROM labelled AS l
  JOIN placed_utterances AS u ON u.utterance_id = l.utterance_id
  WHERE NOT u.by_bot
  WINDOW conversation AS (
    PARTITION BY u.conversation_id, l.asker
    ORDER BY turn_key(u.timestamp, u.start_s, u.utterance_id)
  )
),
found AS (
  SELECT
    code_before,
    code,
    CASE same_speaker WHEN true THEN 'same' WHEN false THEN 'other' ELSE 'unknown' END
      AS speaker,
    count(*) AS observed,
    nullif(count(DISTINCT speaker_id), 0) AS n_speakers
  FROM turns
  WHERE code_before IS NOT NULL
  GROUP BY ALL
),
counts AS MATERIALIZED (
  SELECT
    conversation_id,
    asker,
    code,
    count(*)::DOUBLE AS n,
    count(code_before) AS pairs,
    count(same_speaker) FILTER (same_speaker) AS same,
    count(same_speaker) FILTER (NOT same_speaker) AS other
  FROM turns
  GROUP BY conversation_id, asker, code
),
sizes AS (
  SELECT
    conversation_id,
    asker,
    row_number() OVER () AS number,
    sum(n) * (sum(n) - 1) AS orders,
    sum(same) / orders AS same,
    sum(other) / orders AS other,
    (sum(pairs) - sum(same) - sum(other)) / orders AS unknown
  FROM counts
  GROUP BY conversation_id, asker
  HAVING sum(n) > 1
),
cells AS MATERIALIZED (
  SELECT s.number, c.code, c.n, s.same, s.other, s.unknown
  FROM counts AS c
  JOIN sizes AS s ON s.conversation_id = c.conversation_id AND s.asker = c.asker
),
-- Of n turns, two given ones have labels a and b in n_a * n_b of n * (n - 1) orders.
chances AS (
  SELECT
    a.code AS code_before,
    b.code,
    sum(a.same * a.n * (b.n - (a.code = b.code)::INTEGER)) AS same,
    sum(a.other * a.n * (b.n - (a.code = b.code)::INTEGER)) AS other,
    sum(a.unknown * a.n * (b.n - (a.code = b.code)::INTEGER)) AS unknown,
    count(*) FILTER (a.code <> b.code OR a.n > 1) AS n_conversations
  FROM cells AS a
  JOIN cells AS b ON b.number = a.number
  GROUP BY a.code, b.code
),
shuffles AS (
  UNPIVOT chances ON same, other, unknown INTO NAME speaker VALUE shuffled
)
SELECT
  c.annotator_id,
  c.task,
  c.vocabulary,
  b.label AS label_before,
  c.label,
  s.speaker,
  coalesce(f.observed, 0) AS observed,
  round(s.shuffled, 6) AS shuffled,
  coalesce(f.observed, 0) / s.shuffled AS ratio,
  byar_low(coalesce(f.observed, 0)) / s.shuffled AS low,
  byar_high(coalesce(f.observed, 0)) / s.shuffled AS high,
  coalesce(f.observed, 0) AS n_utterances,
  s.n_conversations,
  f.n_speakers
FROM shuffles AS s
JOIN codes AS c ON c.code = s.code
JOIN codes AS b ON b.code = s.code_before
LEFT JOIN found AS f
  ON f.code = s.code AND f.code_before = s.code_before AND f.speaker = s.speaker
WHERE s.shuffled > 0
