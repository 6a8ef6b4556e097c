-- one row is one language for one annotator: how much of it was labelled, and how much was not
-- utterances (by people) = answered + unsupported + silent + unanswered + not_asked.
-- lang: as given by the source; `und` if it gives none. unsupported: the annotator does not
-- read the language. silent: no words of the author's own. not_asked: not asked yet.
WITH spoken AS (
  SELECT
    utterance_id, conversation_id, speaker_id, coalesce(nullif(lang, ''), 'und') AS lang
  FROM placed_utterances
  WHERE NOT by_bot
),
sizes AS (
  SELECT
    lang,
    count(*) AS utterances,
    count(DISTINCT conversation_id) AS n_conversations,
    count(DISTINCT speaker_id) AS n_speakers
  FROM spoken
  GROUP BY lang
),
answers AS (
  SELECT
    utterance_id,
    annotator_id,
    -- Not from `emotions`: building its lists of labels took two thirds of the time.
    bool_or(
      status = 'ok' OR (label IS NOT NULL AND status IS DISTINCT FROM 'abstained')
    ) AS answered,
    bool_or(status = 'unsupported_language') AS unsupported,
    bool_or(status = 'no_author_text') AS silent
  FROM annotations
  ANTI JOIN health_annotators USING (annotator_id)
  WHERE annotator_id NOT IN (SELECT annotator_id FROM annotators WHERE kind = 'person')
  GROUP BY utterance_id, annotator_id
),
told AS (
  SELECT
    s.lang,
    a.annotator_id,
    count(*) AS asked,
    count(*) FILTER (a.answered IS TRUE) AS answered,
    count(*) FILTER (a.answered IS NOT TRUE AND a.unsupported) AS unsupported,
    count(*) FILTER (
      a.answered IS NOT TRUE AND a.unsupported IS NOT TRUE AND a.silent
    ) AS silent
  FROM answers AS a
  JOIN spoken AS s ON s.utterance_id = a.utterance_id
  GROUP BY s.lang, a.annotator_id
)
SELECT
  z.lang,
  who.annotator_id,
  z.utterances,
  coalesce(t.answered, 0) AS answered,
  coalesce(t.unsupported, 0) AS unsupported,
  coalesce(t.silent, 0) AS silent,
  coalesce(t.asked - t.answered - t.unsupported - t.silent, 0) AS unanswered,
  z.utterances - coalesce(t.asked, 0) AS not_asked,
  z.n_conversations,
  z.n_speakers
FROM sizes AS z
CROSS JOIN (SELECT DISTINCT annotator_id FROM answers) AS who
LEFT JOIN told AS t ON t.lang = z.lang AND t.annotator_id = who.annotator_id
