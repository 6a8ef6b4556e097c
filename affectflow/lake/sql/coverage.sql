-- one row is one container of one source: how much of it was labelled, and how much was not
-- utterances = annotated + silent + unsupported + unanswered + unannotated.
-- annotated: at least one annotator answered. silent: no words of the author's own to
-- label. unsupported: no annotator reads the language. unanswered: abstained, unparsed
-- or similar. Dead letters without a known utterance have a null container.
WITH answers AS (
  SELECT
    utterance_id,
    bool_or(
      status = 'ok' OR (label IS NOT NULL AND status IS DISTINCT FROM 'abstained')
    ) AS answered,
    bool_or(status = 'no_author_text') AS silent,
    bool_or(status = 'unsupported_language') AS unsupported
  FROM annotations
  ANTI JOIN health_annotators USING (annotator_id)
  -- Labels by hand do not count as labelled by an annotator.
  WHERE annotator_id NOT IN (SELECT annotator_id FROM annotators WHERE kind = 'person')
  GROUP BY utterance_id
),
told AS (
  SELECT
    u.source,
    u.container,
    u.conversation_id,
    u.speaker_id,
    u.by_bot,
    u.timestamp,
    CASE
      WHEN a.utterance_id IS NULL THEN 'unannotated'
      WHEN a.answered THEN 'annotated'
      WHEN a.silent THEN 'silent'
      WHEN a.unsupported THEN 'unsupported'
      ELSE 'unanswered'
    END AS outcome
  FROM placed_utterances AS u
  LEFT JOIN answers AS a ON a.utterance_id = u.utterance_id
),
refused AS (
  SELECT
    coalesce(u.source, split_part(d.utterance_id, ':', 1)) AS source,
    u.container,
    count(*) AS dead_letters
  FROM dead_letters AS d
  LEFT JOIN utterances AS u ON u.utterance_id = d.utterance_id
  WHERE d.status IS DISTINCT FROM 'replayed'
  GROUP BY ALL
),
counted AS (
  SELECT
    source,
    container,
    count(*) AS utterances,
    count(DISTINCT conversation_id) AS conversations,
    count(DISTINCT speaker_id) AS speakers,
    count(*) FILTER (by_bot) AS bots,
    count(*) FILTER (outcome = 'annotated') AS annotated,
    count(*) FILTER (outcome = 'silent') AS silent,
    count(*) FILTER (outcome = 'unsupported') AS unsupported,
    count(*) FILTER (outcome = 'unanswered') AS unanswered,
    count(*) FILTER (outcome = 'unannotated') AS unannotated,
    min(timestamp) AS first_at,
    max(timestamp) AS last_at
  FROM told
  GROUP BY source, container
)
SELECT
  coalesce(c.source, r.source) AS source,
  coalesce(c.container, r.container) AS container,
  coalesce(c.utterances, 0) AS utterances,
  coalesce(c.conversations, 0) AS conversations,
  coalesce(c.speakers, 0) AS speakers,
  coalesce(c.bots, 0) AS bots,
  coalesce(c.annotated, 0) AS annotated,
  coalesce(c.silent, 0) AS silent,
  coalesce(c.unsupported, 0) AS unsupported,
  coalesce(c.unanswered, 0) AS unanswered,
  coalesce(c.unannotated, 0) AS unannotated,
  coalesce(r.dead_letters, 0) AS dead_letters,
  c.first_at,
  c.last_at
FROM counted AS c
FULL JOIN refused AS r
  ON r.source IS NOT DISTINCT FROM c.source
  AND r.container IS NOT DISTINCT FROM c.container
