-- one row is one episode: consecutive turns in which a person shows frustration, against chance
-- Consecutive: among that speaker's own turns in the conversation that the annotator
-- answered; others may speak in between. Turns without a speaker count as one speaker's.
-- *_shuffled: the same if the annotator's labels of the conversation were shuffled among
-- its turns: the exact mean over all orders; for length, recovered, onset_turn, after_other
-- and recovery_s per episode. *_ratio: observed / shuffled.
-- onset: the first turn; onset_turn: its place in the conversation, from 1.
-- length: turns. duration_s: from the first to the last.
-- recovered: the speaker goes on without frustration, recovery_s after the last turn.
-- trigger: the utterance just before the onset, trigger_by same, other, bot or unknown;
-- after_other: the trigger is by another person. cause_id: a cause mined for the onset,
-- preferably of its frustration.
-- outcome: of the conversation, according to the source; shuffling does not change it.
-- episodes: number in the conversation. n_turns: turns answered there; n_frustrated: turns
-- with frustration.
WITH answers AS (
  SELECT
    utterance_id,
    annotator_id,
    coalesce(bool_or(chosen AND label = 'frustration'), false) AS frustrated
  FROM annotations
  ANTI JOIN health_annotators USING (annotator_id)
  WHERE task = 'frustration'
    AND (status = 'ok' OR (label IS NOT NULL AND status IS DISTINCT FROM 'abstained'))
    AND annotator_id NOT IN (SELECT annotator_id FROM annotators WHERE kind = 'person')
  GROUP BY utterance_id, annotator_id
),
-- Conversations without frustration have no episode in any order.
numbered AS (
  SELECT
    *,
    row_number() OVER conversation AS turn,
    lag(utterance_id) OVER conversation AS id_before,
    CASE
      WHEN lag(by_bot) OVER conversation THEN 'bot'
      WHEN speaker_id = lag(speaker_id) OVER conversation THEN 'same'
      WHEN speaker_id <> lag(speaker_id) OVER conversation THEN 'other'
      WHEN lag(utterance_id) OVER conversation IS NOT NULL THEN 'unknown'
    END AS turn_before
  FROM (
    SELECT
      utterance_id, conversation_id, speaker_id, by_bot, timestamp, start_s, source,
      container, visibility
    FROM placed_utterances
    WHERE conversation_id IN (
      SELECT u.conversation_id
      FROM answers AS a
      JOIN placed_utterances AS u ON u.utterance_id = a.utterance_id
      WHERE a.frustrated AND NOT u.by_bot
    )
  )
  WINDOW conversation AS (
    PARTITION BY conversation_id ORDER BY turn_key(timestamp, start_s, utterance_id)
  )
),
turns AS MATERIALIZED (
  SELECT
    a.annotator_id,
    a.frustrated,
    t.*,
    coalesce(lag(a.frustrated) OVER own, false) AS frustrated_before,
    row_number() OVER own = 1 AS is_first,
    lead(t.utterance_id) OVER own AS id_next,
    date_diff('microsecond', t.timestamp, lead(t.timestamp) OVER own) / 1e6 AS pause_s
  FROM answers AS a
  JOIN numbered AS t ON t.utterance_id = a.utterance_id
  WHERE NOT t.by_bot
  WINDOW own AS (
    PARTITION BY t.conversation_id, a.annotator_id, t.speaker_id ORDER BY t.turn
  )
),
sums AS (
  SELECT
    conversation_id,
    annotator_id,
    count(*) AS n,
    count(*) FILTER (frustrated) AS k,
    count(*) FILTER (is_first) AS n_first,
    sum(turn) FILTER (is_first) AS turn_first,
    coalesce(sum(turn) FILTER (NOT is_first), 0) AS turn_later,
    count(*) FILTER (is_first AND turn_before = 'other') AS other_first,
    count(*) FILTER (NOT is_first AND turn_before = 'other') AS other_later,
    avg(pause_s) AS pause_s
  FROM turns
  GROUP BY conversation_id, annotator_id
  HAVING bool_or(frustrated)
),
-- In k of n orders a given turn has frustration; in k (n - k) of n (n - 1) it has, and
-- another given turn has not. A first turn starts an episode in the first case, a later
-- turn in the second.
chances AS (
  SELECT
    *,
    k / n AS p_first,
    CASE WHEN n > 1 THEN k * (n - k) / (n * (n - 1)) ELSE 0.0 END AS p_later,
    n_first * p_first + (n - n_first) * p_later AS episodes,
    (n - n_first) * p_later AS recovered,
    turn_first * p_first + turn_later * p_later AS onset_turns,
    other_first * p_first + other_later * p_later AS after_other
  FROM sums
),
parts AS (
  SELECT
    *,
    sum((NOT frustrated_before)::INTEGER) OVER (
      PARTITION BY conversation_id, annotator_id, speaker_id ORDER BY turn
    ) AS number
  FROM turns
  WHERE frustrated
),
episodes AS (
  SELECT
    conversation_id,
    annotator_id,
    speaker_id,
    number,
    arg_min(utterance_id, turn) AS onset_id,
    min(turn) AS onset_turn,
    min_by(timestamp, turn) AS onset_at,
    count(*) AS length,
    date_diff('microsecond', min(timestamp), max(timestamp)) / 1e6 AS duration_s,
    arg_max_null(id_next, turn) AS recovery_id,
    arg_max_null(pause_s, turn) AS recovery_s,
    arg_min_null(id_before, turn) AS trigger_id,
    arg_min_null(turn_before, turn) AS trigger_by,
    any_value(source) AS source,
    any_value(container) AS container
  FROM parts
  GROUP BY conversation_id, annotator_id, speaker_id, number
),
mined AS (
  SELECT utterance_id, min({other: label <> 'frustration', id: cause_id}).id AS cause_id
  FROM causes
  ANTI JOIN health_annotators AS h ON h.annotator_id = causes.emotion_annotator_id
  WHERE status = 'ok'
  GROUP BY utterance_id
)
SELECT
  e.conversation_id,
  e.annotator_id,
  e.speaker_id,
  row_number() OVER conversation AS episode,
  count(*) OVER whole AS episodes,
  round(c.episodes, 6) AS episodes_shuffled,
  count(*) OVER whole / c.episodes AS episodes_ratio,
  e.length,
  c.k / c.episodes AS length_shuffled,
  e.length * c.episodes / c.k AS length_ratio,
  e.duration_s,
  e.onset_id AS onset_utterance_id,
  e.onset_at,
  e.onset_turn,
  c.onset_turns / c.episodes AS onset_turn_shuffled,
  e.recovery_id IS NOT NULL AS recovered,
  c.recovered / c.episodes AS recovered_shuffled,
  e.recovery_id AS recovery_utterance_id,
  e.recovery_s,
  c.pause_s AS recovery_s_shuffled,
  e.trigger_id AS trigger_utterance_id,
  e.trigger_by,
  coalesce(e.trigger_by = 'other', false) AS after_other,
  c.after_other / c.episodes AS after_other_shuffled,
  m.cause_id,
  o.outcome,
  c.n AS n_turns,
  c.k AS n_frustrated,
  e.source,
  e.container
FROM episodes AS e
JOIN chances AS c
  ON c.conversation_id = e.conversation_id AND c.annotator_id = e.annotator_id
LEFT JOIN mined AS m ON m.utterance_id = e.onset_id
LEFT JOIN conversations AS o ON o.conversation_id = e.conversation_id
WINDOW
  whole AS (PARTITION BY e.conversation_id, e.annotator_id),
  conversation AS (
    PARTITION BY e.conversation_id, e.annotator_id ORDER BY e.onset_turn
  )
