-- one row is one utterance by a person, with the circumstances in which it was written
-- turns_before: messages before it in its conversation; opens: it is the first.
-- hours_open: since the first. pause_hours: since the previous one. wait_hours: since a
-- maintainer last wrote in it or, if none has yet, since the first.
-- newcomer: the lake has nothing earlier by this speaker. hour, weekend: in the
-- speaker's own time if the offset is known, otherwise UTC. length: in characters.
WITH turns AS (
  SELECT
    *,
    timestamp + to_minutes(coalesce(utc_offset_min, 0)::BIGINT) AS local_time,
    list_transform(coalesce(segments, []), lambda s: s.type) AS types,
    row_number() OVER in_order AS turn,
    epoch(min(timestamp) OVER conversation) AS opened_s,
    epoch(lag(timestamp) OVER in_order) AS before_s,
    epoch(
      max(timestamp) FILTER (
        lower(speaker_role) IN (
          'owner', 'member', 'collaborator', 'maintainer', 'admin', 'moderator', 'staff'
        )
      ) OVER (
        in_order ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      )
    ) AS answered_s,
    CASE
      WHEN speaker_id IS NOT NULL
      THEN row_number() OVER (
        PARTITION BY speaker_id ORDER BY turn_key(timestamp, start_s, utterance_id)
      ) = 1
    END AS newcomer
  FROM placed_utterances
  WINDOW
    conversation AS (PARTITION BY conversation_id),
    in_order AS (
      PARTITION BY conversation_id ORDER BY turn_key(timestamp, start_s, utterance_id)
    )
)
SELECT
  utterance_id,
  conversation_id,
  source,
  container,
  timestamp,
  kind,
  speaker_role AS role,
  contains(lower(kind), 'review') AS is_review,
  reply_to IS NOT NULL AS is_reply,
  turn = 1 AS opens,
  turn - 1 AS turns_before,
  (epoch(timestamp) - opened_s) / 3600 AS hours_open,
  (epoch(timestamp) - before_s) / 3600 AS pause_hours,
  (epoch(timestamp) - coalesce(answered_s, opened_s)) / 3600 AS wait_hours,
  newcomer,
  hour(local_time) AS hour,
  isodow(local_time) > 5 AS weekend,
  length(text) AS length,
  list_contains(types, 'code') AS has_code,
  list_contains(types, 'quote') AS has_quote,
  list_contains(types, 'log') AS has_log,
  list_contains(types, 'link') AS has_link
FROM turns
WHERE NOT by_bot
