-- one row is one message with the best and worst of its replies as rated by one annotator
-- chosen, rejected: their texts, as preference training expects them. margin: how much
-- better the chosen one is. Messages whose replies are rated equal are left out.
WITH rated AS (
  SELECT
    a.annotator_id,
    u.reply_to,
    u.conversation_id,
    a.utterance_id,
    a.value,
    u.text
  FROM annotations AS a
  JOIN utterances AS u USING (utterance_id)
  WHERE a.task = 'follow_up_reward' AND a.label = 'reward' AND u.reply_to IS NOT NULL
),
pairs AS (
  SELECT
    annotator_id,
    reply_to,
    any_value(conversation_id) AS conversation_id,
    -- Ties are broken by id, so the pair is the same each time.
    arg_max(utterance_id, (value, utterance_id)) AS chosen_id,
    arg_max(text, (value, utterance_id)) AS chosen,
    arg_min(utterance_id, (value, utterance_id)) AS rejected_id,
    arg_min(text, (value, utterance_id)) AS rejected,
    max(value) - min(value) AS margin,
    count(*) AS n_replies
  FROM rated
  GROUP BY annotator_id, reply_to
  HAVING max(value) > min(value)
)
SELECT
  p.annotator_id,
  p.conversation_id,
  p.reply_to AS prompt_id,
  m.text AS prompt,
  p.chosen_id,
  p.chosen,
  p.rejected_id,
  p.rejected,
  p.margin,
  p.n_replies
FROM pairs AS p
JOIN utterances AS m ON m.utterance_id = p.reply_to
