"""The queries of the report, by name.

The page shows each query with its section, so a query uses the lake's views only and
its parameters (`$annotator`) can be filled in as literals.
"""

QUERIES: dict[str, str] = {
    "counts": """
WITH told AS (
  SELECT * FROM labelled_utterances
  WHERE annotator_id = $annotator AND task = $task AND NOT by_bot
), answers AS (
  SELECT
    count(*) AS asked,
    count(*) FILTER (answered) AS annotated,
    count(*) FILTER (NOT answered AND status = 'no_author_text') AS silent,
    count(*) FILTER (NOT answered AND status = 'unsupported_language') AS unsupported,
    count(DISTINCT speaker_id) FILTER (answered) AS people,
    count(*) FILTER (answered AND speaker_id IS NULL) AS without_speaker,
    count(*) FILTER (answered AND timestamp IS NULL) AS without_time,
    count(DISTINCT conversation_id) FILTER (answered) AS conversations,
    count(DISTINCT container) FILTER (answered) AS containers,
    list(DISTINCT source ORDER BY source) FILTER (answered) AS sources,
    min(timestamp) FILTER (answered) AS first_at,
    max(timestamp) FILTER (answered) AS last_at
  FROM told
), written AS (
  SELECT count(*) AS messages, count(*) FILTER (coalesce(is_bot, false)) AS bots
  FROM utterances
)
SELECT messages, bots, annotated, silent, unsupported,
  asked - annotated - silent - unsupported AS unanswered,
  messages - bots - asked AS unannotated,
  people, without_speaker, without_time, conversations, containers, sources, first_at,
  last_at
FROM written CROSS JOIN answers""",
    "languages": """
WITH told AS (
  SELECT *, CASE WHEN utterances >= $min_utterances
    AND (n_speakers >= $min_speakers OR n_speakers = 0) THEN lang END AS language
  FROM language_coverage WHERE annotator_id = $annotator
)
SELECT language, count(*) AS languages,
  sum(utterances)::BIGINT AS utterances, sum(answered)::BIGINT AS answered,
  sum(unsupported)::BIGINT AS unsupported, sum(silent)::BIGINT AS silent,
  sum(unanswered)::BIGINT AS unanswered, sum(not_asked)::BIGINT AS not_asked
FROM told GROUP BY language ORDER BY language IS NULL, utterances DESC, language""",
    "cues": """
WITH named AS (
  SELECT renderer_id, modality, cue, count(*) AS n FROM cues GROUP BY ALL
), told AS (
  SELECT renderer_id, modality, count(DISTINCT utterance_id) AS messages
  FROM cues GROUP BY ALL
)
SELECT t.renderer_id, t.modality, any_value(t.messages) AS messages,
  sum(n.n)::BIGINT AS cues, count(*) AS names,
  list(n.cue || ' ' || n.n ORDER BY n.n DESC, n.cue)[:6] AS most
FROM told AS t JOIN named AS n
  ON n.renderer_id = t.renderer_id AND n.modality = t.modality
GROUP BY t.renderer_id, t.modality ORDER BY cues DESC, t.renderer_id""",
    "top_five": """
WITH speakers AS (
  SELECT speaker_id, count(*) AS n FROM labelled_utterances
  WHERE annotator_id = $annotator AND task = $task AND answered
    AND NOT by_bot AND speaker_id IS NOT NULL
  GROUP BY speaker_id
), ranked AS (
  SELECT n, row_number() OVER (ORDER BY n DESC) AS position FROM speakers
)
SELECT sum(n) FILTER (position <= 5) / sum(n) AS share FROM ranked""",
    "segments": """
WITH spans AS (SELECT utterance_id, unnest(segments) AS span FROM utterances)
SELECT span.type AS type, count(*) AS spans,
  count(DISTINCT utterance_id) AS messages,
  sum(span."end" - span.start) AS characters
FROM spans GROUP BY span.type ORDER BY messages DESC, type""",
    "dead_letters": """
SELECT step, error_type, n, example_message
FROM dead_letter_summary WHERE n > 0 ORDER BY n DESC, step, error_type""",
    "labels": """
WITH sets AS (
  SELECT task, labels, count(*) AS n FROM labelled_utterances
  WHERE annotator_id = $annotator AND task IN ($task, 'frustration') AND NOT by_bot
  GROUP BY task, labels
), counts AS (
  SELECT task, label, sum(n)::BIGINT AS n
  FROM (
    SELECT task, n, unnest(list_distinct(list_transform(labels, lambda c: c.label)))
      AS label
    FROM sets
  )
  GROUP BY task, label
)
SELECT label, max(n) AS n FROM counts GROUP BY label ORDER BY n DESC, label""",
    "over_time": """
WITH sets AS (
  -- In UTC, and without a time zone: calendars with one take ten times as long.
  SELECT date_trunc($period, make_timestamp(epoch_us(timestamp))) AS period, labels,
    count(*) AS n
  FROM labelled_utterances
  WHERE annotator_id = $annotator AND task = $task
    AND NOT by_bot AND timestamp IS NOT NULL AND labels <> []
  GROUP BY ALL
), chosen AS (
  SELECT period, n, position, unnest(labels, recursive := true)
  FROM (SELECT *, row_number() OVER () AS position FROM sets)
), folded AS (
  SELECT c.period, c.n, c.position, f.to_label AS emotion
  FROM chosen AS c JOIN folds AS f
    ON f.from_vocabulary = c.vocabulary AND f.from_label = c.label
  WHERE f.to_vocabulary = 'ekman' AND f.weight > 0
  UNION
  SELECT period, n, position, label FROM chosen AS c
  WHERE label <> 'neutral' AND NOT EXISTS (
    SELECT 1 FROM folds
    WHERE from_vocabulary = c.vocabulary AND to_vocabulary = 'ekman'
  )
)
SELECT period AT TIME ZONE 'UTC' AS period, emotion, sum(n)::BIGINT AS n
FROM folded GROUP BY ALL ORDER BY ALL""",
    "volume": """
WITH counted AS (
  SELECT date_trunc($period, make_timestamp(epoch_us(timestamp))) AS period,
    speaker_id, count(*) AS n
  FROM labelled_utterances
  WHERE annotator_id = $annotator AND task = $task AND answered
    AND NOT by_bot AND timestamp IS NOT NULL
  GROUP BY ALL
)
SELECT period AT TIME ZONE 'UTC' AS period, sum(n)::BIGINT AS n,
  count(DISTINCT speaker_id) AS speakers
FROM counted GROUP BY period ORDER BY period""",
    "clusterings": """
WITH named AS (
  SELECT t.*, CASE WHEN a.kind = 'person' THEN 'people'
    ELSE t.emotion_annotator_id END AS annotator
  FROM theme_utterances AS t
  LEFT JOIN annotators AS a ON a.annotator_id = t.emotion_annotator_id
)
SELECT family, clustering_id, count(DISTINCT utterance_id) AS n,
  list(DISTINCT annotator ORDER BY annotator)
    FILTER (annotator IS NOT NULL) AS annotators
FROM named GROUP BY family, clustering_id
ORDER BY bool_or(emotion_annotator_id = $annotator) DESC, n DESC, clustering_id""",
    "causes": """
WITH mined AS (
  SELECT c.* FROM causes AS c
  LEFT JOIN annotators AS a ON a.annotator_id = c.annotator_id
  WHERE c.status = 'ok' AND a.kind IS DISTINCT FROM 'person'
),
told AS (
  SELECT cause_id, emotion_annotator_id, annotator_id AS miner, label AS family
  FROM mined
  UNION
  SELECT c.cause_id, c.emotion_annotator_id, c.annotator_id, f.to_label FROM mined AS c
  JOIN folds AS f ON f.from_vocabulary = c.vocabulary AND f.from_label = c.label
  WHERE c.label NOT IN ('gratitude', 'grateful')
)
SELECT family, count(*) AS n FROM told GROUP BY family, emotion_annotator_id, miner
QUALIFY row_number() OVER (
  PARTITION BY family
  ORDER BY coalesce(emotion_annotator_id = $annotator, false) DESC,
    coalesce(miner = (SELECT annotator_id FROM last_miner), false) DESC, n DESC
) = 1
ORDER BY family""",
    "in_no_theme": """
SELECT count(*) AS n FROM causes_in_no_theme""",
    "themes": """
SELECT theme_id, theme, keywords, count, share, low, high, trend, earlier, later,
  n_conversations, n_speakers
FROM emotion_causes WHERE clustering_id = $clustering
ORDER BY position""",
    "quotes": """
SELECT theme_id, quote, text, start, "end", url
FROM theme_quotes WHERE clustering_id = $clustering AND position <= 3
ORDER BY theme_id, position""",
    "unmarked": """
SELECT DISTINCT source FROM utterances
WHERE coalesce(visibility, 'unknown') = 'unknown' ORDER BY source""",
    "public_sources": """
SELECT source FROM public_sources ORDER BY source""",
    "theme_periods": """
SELECT theme_id, date_trunc($period, timestamp) AS period,
  count(DISTINCT utterance_id) AS n
FROM theme_utterances
WHERE clustering_id = $clustering AND timestamp IS NOT NULL
GROUP BY ALL ORDER BY theme_id, period""",
    "containers": """
WITH told AS (
  SELECT u.*, i.utterance_id IS NOT NULL AS displeased
  FROM labelled_utterances AS u LEFT JOIN irritation AS i
    ON i.utterance_id = u.utterance_id AND i.annotator_id = $annotator
  WHERE u.annotator_id = $annotator AND u.task = $task AND u.answered
    AND NOT u.by_bot
)
SELECT container, count(*) AS messages, count(DISTINCT speaker_id) AS people,
  count(DISTINCT conversation_id) AS conversations,
  rank() OVER (ORDER BY wilson_low(count(*) FILTER (displeased), count(*)) DESC)
    AS position
FROM told
GROUP BY container
HAVING count(*) >= $min_utterances AND count(DISTINCT speaker_id) >= $min_speakers
ORDER BY messages DESC, container""",
    "small_containers": """
SELECT count(*) AS n FROM (
  SELECT container FROM labelled_utterances
  WHERE annotator_id = $annotator AND task = $task AND answered AND NOT by_bot
  GROUP BY container
  HAVING count(*) < $min_utterances OR count(DISTINCT speaker_id) < $min_speakers
)""",
    "annotators": """
SELECT annotator_id, kind, model, revision, licence, commercial_use, version,
  parameters, notice
FROM annotators ORDER BY kind, annotator_id""",
    "validations": """
WITH fitted AS (
  SELECT label, kind, n, fitted_on, {value: value, low: low, high: high} AS fit
  FROM measures WHERE unit_id = $annotator
), people AS (
  SELECT label, any_value(value) FILTER (kind = 'raters') AS raters,
    any_value(value) FILTER (kind = 'agreement') AS alpha
  FROM measures WHERE unit_type = 'task' GROUP BY label
)
SELECT f.label, any_value(f.n) FILTER (kind = 'validation') AS n,
  any_value(f.fitted_on) FILTER (kind = 'validation') AS fitted_on,
  any_value(f.fit) FILTER (kind = 'precision') AS precision,
  any_value(f.fit) FILTER (kind = 'recall') AS recall,
  any_value(f.fit) FILTER (kind = 'apparent_prevalence') AS apparent,
  any_value(f.fit) FILTER (kind = 'prevalence') AS prevalence,
  any_value(p.raters) AS raters, any_value(p.alpha) AS alpha
FROM fitted AS f LEFT JOIN people AS p USING (label)
GROUP BY f.label HAVING bool_or(kind = 'validation') ORDER BY f.label""",
    "frustration": """
SELECT annotator_id, count(DISTINCT utterance_id) AS n
FROM annotations AS e LEFT JOIN annotators AS a USING (annotator_id)
ANTI JOIN health_annotators USING (annotator_id)
WHERE e.task = 'frustration' AND a.kind IS DISTINCT FROM 'person'
  AND (
    e.status = 'ok' OR (e.label IS NOT NULL AND e.status IS DISTINCT FROM 'abstained')
  )
  AND (
    annotator_id = $annotator
    OR annotator_id IN (
      SELECT emotion_annotator_id FROM causes
      WHERE label = 'frustration' AND status = 'ok'
    )
  )
GROUP BY annotator_id ORDER BY annotator_id = $annotator DESC, n DESC, annotator_id""",
    "runs": """
SELECT run_id, stage, state, started, rows_in, rows_out, rows_dead, config_digest,
  versions
FROM runs ORDER BY started, run_id, stage""",
}
