-- one row is one boundary pattern in the replies that one annotator read, by source, container, language
-- rate = found / n, over the n replies that were read; null if none was: a language
-- without a pack is not a language without refusals. unsupported: replies in languages
-- that the annotator does not read. low, high: the 95 % interval of rate (Wilson).
WITH patterns AS (
  SELECT unnest([
    'direct_refusal', 'apology', 'explanation', 'deflection', 'acknowledgement',
    'boundary_setting', 'emotional_awareness'
  ]) AS pattern
),
replies AS (
  SELECT
    a.annotator_id,
    a.utterance_id,
    any_value(u.source) AS source,
    any_value(u.container) AS container,
    coalesce(nullif(any_value(u.lang), ''), 'und') AS lang,
    any_value(u.conversation_id) AS conversation_id,
    any_value(u.speaker_id) AS speaker_id,
    bool_or(a.status IN ('ok', 'truncated')) AS was_read,
    bool_or(a.status = 'unsupported_language') AS unsupported,
    list(a.label) FILTER (a.chosen) AS found
  FROM annotations AS a
  JOIN annotators AS w USING (annotator_id)
  JOIN utterances AS u ON u.utterance_id = a.utterance_id
  WHERE a.task = 'boundary' AND w.kind IS DISTINCT FROM 'person'
  GROUP BY a.annotator_id, a.utterance_id
),
counts AS (
  SELECT
    r.annotator_id,
    r.source,
    r.container,
    r.lang,
    p.pattern,
    count(*) FILTER (r.was_read) AS n,
    count(*) FILTER (r.was_read AND list_contains(r.found, p.pattern)) AS found,
    count(*) FILTER (r.unsupported) AS unsupported,
    count(DISTINCT r.conversation_id) FILTER (r.was_read) AS n_conversations,
    nullif(count(DISTINCT r.speaker_id) FILTER (r.was_read), 0) AS n_speakers
  FROM replies AS r
  CROSS JOIN patterns AS p
  GROUP BY ALL
)
SELECT
  annotator_id,
  source,
  container,
  lang,
  pattern,
  n,
  found,
  found / nullif(n, 0) AS rate,
  wilson_low(found, n) AS low,
  wilson_high(found, n) AS high,
  unsupported,
  n AS n_utterances,
  n_conversations,
  n_speakers
FROM counts
WHERE n > 0 OR unsupported > 0
