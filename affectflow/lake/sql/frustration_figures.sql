-- one row is one figure of the frustration episodes that an annotator found, against chance
-- observed, shuffled, ratio: as in frustration_episodes, over all conversations with
-- episodes. episodes: their number; low, high: 95 % interval of its ratio (Byar). The other
-- figures are per episode:
-- length in turns, recovered and after_other as shares, onset_turn, and recovery_s over
-- the episodes whose pause is known.
WITH episodes AS MATERIALIZED (
  SELECT * FROM frustration_episodes
),
conversations_here AS (
  SELECT
    annotator_id,
    conversation_id,
    any_value(episodes_shuffled) AS n_expected,
    any_value(n_frustrated) AS n_frustrated,
    any_value(recovered_shuffled) * n_expected AS recovered,
    any_value(onset_turn_shuffled) * n_expected AS onset_turn,
    any_value(after_other_shuffled) * n_expected AS after_other,
    any_value(recovery_s_shuffled) AS recovery_s
  FROM episodes
  GROUP BY annotator_id, conversation_id
),
expected AS (
  SELECT
    annotator_id,
    count(*) AS n_conversations,
    round(sum(n_expected), 6) AS episodes,
    sum(n_frustrated) / episodes AS length,
    sum(recovered) / episodes AS recovered,
    sum(recovery_s * recovered)
      / nullif(sum(recovered) FILTER (recovery_s IS NOT NULL), 0) AS recovery_s,
    sum(onset_turn) / episodes AS onset_turn,
    sum(after_other) / episodes AS after_other
  FROM conversations_here
  GROUP BY annotator_id
),
found AS (
  SELECT
    annotator_id,
    count(*)::DOUBLE AS episodes,
    avg(length) AS length,
    avg(recovered::INTEGER) AS recovered,
    avg(recovery_s) AS recovery_s,
    avg(onset_turn) AS onset_turn,
    avg(after_other::INTEGER) AS after_other,
    sum(length)::BIGINT AS n_utterances,
    nullif(count(DISTINCT speaker_id), 0) AS n_speakers
  FROM episodes
  GROUP BY annotator_id
),
figures AS (
  SELECT
    f.annotator_id, f.n_utterances, e.n_conversations, f.n_speakers,
    unnest([
      {figure: 'episodes', observed: f.episodes, shuffled: e.episodes},
      {figure: 'length', observed: f.length, shuffled: e.length},
      {figure: 'recovered', observed: f.recovered, shuffled: e.recovered},
      {figure: 'recovery_s', observed: f.recovery_s, shuffled: e.recovery_s},
      {figure: 'onset_turn', observed: f.onset_turn, shuffled: e.onset_turn},
      {figure: 'after_other', observed: f.after_other, shuffled: e.after_other}
    ], recursive := true)
  FROM found AS f
  JOIN expected AS e ON e.annotator_id = f.annotator_id
)
SELECT
  annotator_id,
  figure,
  observed,
  shuffled,
  observed / nullif(shuffled, 0) AS ratio,
  CASE WHEN figure = 'episodes' THEN byar_low(observed) / shuffled END AS low,
  CASE WHEN figure = 'episodes' THEN byar_high(observed) / shuffled END AS high,
  n_utterances,
  n_conversations,
  n_speakers
FROM figures
