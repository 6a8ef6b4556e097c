-- one row is one utterance of a chat without replies, in its time window of a channel
-- Only sources listed in conversation_windows have windows. A message that answers, or is
-- answered, stays in its thread; system messages start no window.
WITH chats AS (
  SELECT
    u.utterance_id, u.conversation_id, u.reply_to, u.source, u.timestamp, u.kind,
    w.pause_s,
    -- A chat between two people has no channel: its ids start with the chat instead.
    coalesce(u.container, regexp_replace(u.conversation_id, '/[^/]*$', '')) AS place
  FROM utterances AS u
  JOIN conversation_windows AS w ON w.source = u.source
),
loose AS (
  SELECT conversation_id
  FROM chats
  GROUP BY conversation_id
  -- One message, or a channel's day, which is not named after any of its messages.
  HAVING count(reply_to) = 0
    AND (count(*) = 1 OR NOT bool_or(utterance_id = conversation_id))
),
threads AS (
  SELECT conversation_id FROM conversation_merges
  UNION ALL
  SELECT "into" FROM conversation_merges
),
begun AS (
  SELECT
    utterance_id, source, place, timestamp,
    coalesce(
      timestamp - lag(timestamp) OVER channel > to_seconds(pause_s), true
    ) AS begins
  FROM chats
  SEMI JOIN loose USING (conversation_id)
  ANTI JOIN threads USING (conversation_id)
  WHERE timestamp IS NOT NULL AND kind IS DISTINCT FROM 'system'
  WINDOW channel AS (PARTITION BY source, place ORDER BY timestamp, utterance_id)
),
numbered AS (
  SELECT *, sum(begins::INTEGER) OVER (
    PARTITION BY source, place ORDER BY timestamp, utterance_id
  ) AS number
  FROM begun
)
SELECT
  utterance_id,
  first_value(utterance_id) OVER (
    PARTITION BY source, place, number ORDER BY timestamp, utterance_id
  ) AS conversation_id
FROM numbered
