-- one row is one theme: how often it comes up in the later half of the time against the earlier half
-- The halves divide the time from the first to the last cause of its clustering.
-- earlier, later: conversations with the theme in each half; utterances_earlier,
-- utterances_later: all that people wrote in each half, whatever they felt.
-- ratio = (later / utterances_later) / (earlier / utterances_earlier).
-- low, high: of the ratio, at 95 % for all themes of the clustering together: each theme
-- at 1 - 0.05 / n_themes (Bonferroni). n_themes: those with 6 dated conversations or more.
-- trend: rising if low > 1, falling if high < 1, steady if neither a half nor twice as
-- often is likely (low >= 1/2, high <= 2); else, and below 6, too few to tell. unknown: no
-- times.
WITH spans AS (
  SELECT
    clustering_id,
    min(timestamp) AS first_at,
    max(timestamp) AS last_at,
    first_at + (last_at - first_at) / 2 AS middle
  FROM theme_utterances
  GROUP BY clustering_id
),
-- Even where few people feel it: more talk is not more trouble.
talk AS (
  SELECT
    s.clustering_id,
    count(*) FILTER (u.timestamp >= s.first_at AND u.timestamp < s.middle) AS earlier,
    count(*) FILTER (u.timestamp >= s.middle AND u.timestamp <= s.last_at) AS later
  FROM placed_utterances AS u
  CROSS JOIN spans AS s
  WHERE NOT u.by_bot
  GROUP BY s.clustering_id
),
counts AS (
  SELECT
    t.family,
    t.clustering_id,
    t.theme_id,
    count(DISTINCT t.conversation_id) FILTER (t.timestamp < s.middle) AS earlier,
    count(DISTINCT t.conversation_id) FILTER (t.timestamp >= s.middle) AS later,
    count(DISTINCT t.utterance_id) AS n_utterances,
    count(DISTINCT t.conversation_id) AS n_conversations,
    nullif(count(DISTINCT t.speaker_id), 0) AS n_speakers
  FROM theme_utterances AS t
  JOIN spans AS s ON s.clustering_id = t.clustering_id
  GROUP BY t.family, t.clustering_id, t.theme_id
),
tested AS (
  SELECT
    c.*,
    k.earlier AS utterances_earlier,
    k.later AS utterances_later,
    c.earlier + c.later AS dated,
    count(*) FILTER (dated >= 6) OVER (PARTITION BY c.clustering_id) AS n_themes,
    CASE WHEN dated >= 6 THEN normal_above(0.025 / nullif(n_themes, 0)) END AS z
  FROM counts AS c
  JOIN talk AS k ON k.clustering_id = c.clustering_id
),
-- Given their sum, the later of two counts is binomial (Przyborowski and Wilenski 1940).
bounds AS (
  SELECT
    *,
    utterances_earlier / nullif(utterances_later, 0) AS exposure,
    wilson_low(later, dated, z := z) AS share_low,
    wilson_high(later, dated, z := z) AS share_high
  FROM tested
),
intervals AS (
  SELECT
    *,
    exposure * later / nullif(earlier, 0) AS ratio,
    exposure * share_low / (1 - share_low) AS low,
    CASE WHEN earlier > 0 THEN exposure * share_high / (1 - share_high) END AS high
  FROM bounds
)
SELECT
  i.family,
  i.clustering_id,
  i.theme_id,
  t.title AS theme,
  i.earlier,
  i.later,
  i.utterances_earlier,
  i.utterances_later,
  i.ratio,
  i.low,
  i.high,
  i.n_themes,
  CASE
    WHEN i.dated = 0 OR i.exposure IS NULL THEN 'unknown'
    WHEN i.low > 1 THEN 'rising'
    WHEN i.high < 1 THEN 'falling'
    WHEN i.low >= 1 / 2 AND i.high <= 2 THEN 'steady'
    ELSE 'too few to tell'
  END AS trend,
  i.n_utterances,
  i.n_conversations,
  i.n_speakers
FROM intervals AS i
JOIN themes AS t ON t.theme_id = i.theme_id AND t.clustering_id = i.clustering_id
