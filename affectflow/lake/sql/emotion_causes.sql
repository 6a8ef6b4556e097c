-- one row is one theme: what people give as the cause of one family of emotions
-- family: irritation, frustration, joy, ... count: distinct utterances of people.
-- share = count / utterances of the family with a cause in any theme; null unless
-- `measures` holds a validation of every annotator it rests on. As labelled, not
-- corrected for the measured error; low, high: 95 % interval (Wilson).
-- trend: count in the later half of the family's time span against the earlier half:
-- rising or falling where an even split is unlikely (|later - earlier| >= 1.96 sqrt(n),
-- and n >= 6: below that not even all in one half is unlikely); steady where neither twice
-- as many nor half as many is likely: the later half's share has a 95 % interval (Wilson)
-- within 1/3 and 2/3, which takes 32 or more; else too few to tell. unknown: no times.
WITH causes_here AS MATERIALIZED (
  -- Computed once, because it is used four times below.
  SELECT
    family, clustering_id, theme_id, emotion_annotator_id, utterance_id,
    conversation_id, speaker_id, timestamp
  FROM theme_utterances
),
family AS (
  SELECT
    clustering_id,
    count(DISTINCT utterance_id) AS total,
    min(timestamp) + (max(timestamp) - min(timestamp)) / 2 AS middle
  FROM causes_here
  GROUP BY clustering_id
),
validated AS (
  SELECT DISTINCT
    t.clustering_id,
    bool_and(
      EXISTS (
        SELECT 1
        FROM measures AS m
        WHERE m.kind = 'validation'
          AND m.unit_id = t.emotion_annotator_id
          AND m.label = t.family
      )
    ) OVER (PARTITION BY t.clustering_id) AS validated
  FROM (
    SELECT DISTINCT clustering_id, family, emotion_annotator_id FROM causes_here
  ) AS t
),
counts AS (
  SELECT
    t.family,
    t.clustering_id,
    t.theme_id,
    count(DISTINCT t.utterance_id) AS n,
    count(DISTINCT t.conversation_id) AS n_conversations,
    nullif(count(DISTINCT t.speaker_id), 0) AS n_speakers,
    count(DISTINCT t.utterance_id) FILTER (t.timestamp < f.middle) AS earlier,
    count(DISTINCT t.utterance_id) FILTER (t.timestamp >= f.middle) AS later,
    any_value(f.total) AS total
  FROM causes_here AS t
  JOIN family AS f USING (clustering_id)
  GROUP BY t.family, t.clustering_id, t.theme_id
),
quotes AS (
  SELECT
    clustering_id,
    theme_id,
    list({quote: quote, url: url} ORDER BY position) AS quotes
  FROM theme_quotes
  WHERE position <= 3
  GROUP BY clustering_id, theme_id
)
SELECT
  c.family,
  c.clustering_id,
  c.theme_id,
  row_number() OVER (
    PARTITION BY c.clustering_id ORDER BY c.n DESC, c.theme_id
  ) AS position,
  t.title AS theme,
  t.keywords,
  c.n AS count,
  CASE WHEN v.validated THEN c.n / c.total END AS share,
  CASE WHEN v.validated THEN wilson_low(c.n, c.total) END AS low,
  CASE WHEN v.validated THEN wilson_high(c.n, c.total) END AS high,
  CASE
    WHEN c.earlier + c.later = 0 THEN 'unknown'
    WHEN c.earlier + c.later < 6 THEN 'too few to tell'
    WHEN c.later - c.earlier >= 1.96 * sqrt(c.earlier + c.later) THEN 'rising'
    WHEN c.earlier - c.later >= 1.96 * sqrt(c.earlier + c.later) THEN 'falling'
    WHEN wilson_low(c.later, c.earlier + c.later) >= 1 / 3
      AND wilson_high(c.later, c.earlier + c.later) <= 2 / 3 THEN 'steady'
    ELSE 'too few to tell'
  END AS trend,
  c.earlier,
  c.later,
  q.quotes,
  c.n AS n_utterances,
  c.n_conversations,
  c.n_speakers
FROM counts AS c
JOIN themes AS t ON t.theme_id = c.theme_id AND t.clustering_id = c.clustering_id
JOIN validated AS v ON v.clustering_id = c.clustering_id
LEFT JOIN quotes AS q
  ON q.theme_id = c.theme_id AND q.clustering_id = c.clustering_id
