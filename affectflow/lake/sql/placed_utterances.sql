-- one row is one utterance, in the conversation it belongs to after late merges and windows
SELECT
  u.* REPLACE (
    coalesce(w.conversation_id, m.root, u.conversation_id) AS conversation_id
  ),
  coalesce(u.is_bot, false) AS by_bot
FROM utterances AS u
LEFT JOIN merged_conversations AS m ON m.conversation_id = u.conversation_id
LEFT JOIN windowed_utterances AS w ON w.utterance_id = u.utterance_id
