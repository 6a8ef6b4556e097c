"""The queries of the report, by name.

The page shows each query with its section, so a query uses only the lake's views, and
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
families AS (
  SELECT vocabulary, label, label AS family FROM mined
  UNION
  SELECT from_vocabulary, from_label, to_label FROM folds
  WHERE from_label NOT IN ('gratitude', 'grateful')
),
told AS (
  SELECT f.family, c.label, c.emotion_annotator_id, c.annotator_id AS miner
  FROM mined AS c
  JOIN families AS f ON f.vocabulary IS NOT DISTINCT FROM c.vocabulary
    AND f.label IS NOT DISTINCT FROM c.label
)
SELECT family, count(*) AS n, list(DISTINCT label ORDER BY label) AS labels
FROM told GROUP BY family, emotion_annotator_id, miner
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
    "flagged": """
WITH dated AS (
  -- In UTC, and without a time zone: calendars with one take ten times as long.
  SELECT *, date_trunc($period, make_timestamp(epoch_us(timestamp))) AS start
  FROM flagged_messages WHERE annotator_id = $flagger AND measure = $measure
)
SELECT grouping(start, container, speaker_role) AS parts,
  start AT TIME ZONE 'UTC' AS period, container, speaker_role AS role,
  count(*) AS messages, count(DISTINCT speaker_id) AS people,
  count(DISTINCT conversation_id) AS conversations,
  count(*) FILTER (flagged) AS flagged,
  wilson_low(count(*) FILTER (flagged), count(*)) AS low
FROM dated
GROUP BY GROUPING SETS (
  (), (start), (container), (speaker_role), (start, container), (start, speaker_role)
)
ORDER BY parts DESC, period, container, role""",
    "in_themes": """
SELECT count(*) AS flagged,
  count(*) FILTER (is_in) AS in_themes,
  count(DISTINCT speaker_id) FILTER (is_in) AS people_in,
  count(*) FILTER (NOT is_in) AS in_none,
  count(DISTINCT speaker_id) FILTER (NOT is_in) AS people_in_none
FROM (
  SELECT *, utterance_id IN (
    SELECT utterance_id FROM theme_utterances WHERE clustering_id = $clustering
  ) AS is_in
  FROM flagged_messages
  WHERE annotator_id = $flagger AND measure = $measure AND flagged
)""",
    "theme_details": """
SELECT t.theme_id, min(t.timestamp) AS first_at, max(t.timestamp) AS last_at,
  count(DISTINCT t.conversation_id) FILTER (c.outcome = 'open') AS open_threads,
  count(DISTINCT t.conversation_id) FILTER (c.outcome IS NOT NULL) AS known_threads,
  count(DISTINCT t.utterance_id) FILTER (f.in_first_thread) AS newcomers,
  count(DISTINCT t.speaker_id) FILTER (f.in_first_thread) AS new_people,
  count(DISTINCT t.utterance_id) FILTER (NOT f.in_first_thread) AS others,
  count(DISTINCT t.speaker_id) FILTER (NOT f.in_first_thread) AS other_people
FROM theme_utterances AS t
LEFT JOIN conversations AS c ON c.conversation_id = t.conversation_id
LEFT JOIN flagged_messages AS f ON f.utterance_id = t.utterance_id
  AND f.annotator_id = $flagger AND f.measure = $measure
WHERE t.clustering_id = $clustering
GROUP BY t.theme_id ORDER BY t.theme_id""",
    "theme_places": """
SELECT theme_id, container, count(DISTINCT utterance_id) AS messages,
  count(DISTINCT speaker_id) AS people
FROM theme_utterances WHERE clustering_id = $clustering
GROUP BY ALL ORDER BY ALL""",
    "quotes": """
SELECT t.theme_id, t.text, t.start, t."end", t.url, u.source, true AS is_public
FROM theme_quotes AS t JOIN utterances AS u ON u.utterance_id = t.utterance_id
WHERE t.clustering_id = $clustering AND t.position <= 3
ORDER BY t.theme_id, t.position""",
    "quotes_for_owner": """
SELECT t.theme_id, u.text, t.start, t."end", u.url, u.source,
  u.visibility IS NOT DISTINCT FROM 'public' AS is_public
FROM theme_utterances AS t
JOIN utterances AS u ON u.utterance_id = t.cause_utterance_id
WHERE t.clustering_id = $clustering
  AND coalesce(u.visibility, 'unknown') IN ('public', 'unknown')
  AND NOT coalesce(u.is_bot, false) AND NOT coalesce(u.deleted, false)
  AND substr(u.text, t.start + 1, t."end" - t.start) = t.cause_text
QUALIFY row_number() OVER (
  PARTITION BY t.theme_id ORDER BY t.exemplar, t.membership DESC, t.cause_id
) <= 5
ORDER BY t.theme_id, t.exemplar, t.membership DESC, t.cause_id""",
    "loose_causes": """
SELECT u.text, c.start, c."end", u.url, u.source, u.visibility = 'public' AS is_public
FROM causes_in_no_theme AS c
JOIN flagged_messages AS f ON f.utterance_id = c.utterance_id
  AND f.annotator_id = $flagger AND f.measure = $measure AND f.flagged
JOIN utterances AS u ON u.utterance_id = c.cause_utterance_id
WHERE (
    u.visibility = 'public'
    OR coalesce(u.visibility, 'unknown') = 'unknown'
    AND ($reader = 'owner' OR u.source IN (SELECT source FROM public_sources))
  )
  AND NOT coalesce(u.is_bot, false) AND NOT coalesce(u.deleted, false)
  AND substr(u.text, c.start + 1, c."end" - c.start) = c.cause_text
QUALIFY row_number() OVER (
  PARTITION BY u.utterance_id ORDER BY c.score DESC NULLS LAST, c.cause_id
) = 1
ORDER BY c.score DESC NULLS LAST, c.cause_id LIMIT 12""",
    "unthemed": """
SELECT u.text, 0 AS start, 0 AS "end", u.url, u.source, f.container, f.timestamp,
  u.visibility IS NOT DISTINCT FROM 'public' AS is_public
FROM flagged_messages AS f JOIN utterances AS u ON u.utterance_id = f.utterance_id
WHERE f.annotator_id = $flagger AND f.measure = $measure AND f.flagged
  AND f.utterance_id NOT IN (
    SELECT utterance_id FROM theme_utterances WHERE clustering_id = $clustering
  )
  AND coalesce(u.visibility, 'unknown') IN ('public', 'unknown')
  AND NOT coalesce(u.deleted, false) AND u.text <> ''
ORDER BY f.timestamp DESC NULLS LAST, f.utterance_id LIMIT 100""",
    "threads": """
WITH told AS (
  SELECT *, timestamp > max(timestamp) OVER () - INTERVAL 7 DAY AS is_new
  FROM flagged_messages WHERE annotator_id = $flagger AND measure = $measure
), threads AS (
  SELECT conversation_id, any_value(container) AS container, count(*) AS messages,
    count(DISTINCT speaker_id) AS people, count(*) FILTER (flagged) AS flagged,
    count(*) FILTER (flagged AND is_new) AS flagged_now,
    max(timestamp) FILTER (flagged) AS last_flagged, bool_or(is_new) AS is_new,
    min({timestamp: timestamp, utterance_id: utterance_id}).utterance_id AS opener,
    max({timestamp: timestamp, utterance_id: utterance_id}) FILTER (flagged)
      .utterance_id AS newest
  FROM told GROUP BY conversation_id
)
SELECT t.* EXCLUDE (opener, newest), coalesce(c.title, u.title) AS title, c.outcome,
  u.url, u.source, CASE WHEN NOT coalesce(u.deleted, false) THEN u.text END AS opening,
  f.text AS flagged_text
FROM threads AS t
LEFT JOIN conversations AS c ON c.conversation_id = t.conversation_id
LEFT JOIN utterances AS u ON u.utterance_id = t.opener
LEFT JOIN utterances AS f ON f.utterance_id = t.newest
  AND coalesce(f.visibility, 'unknown') IN ('public', 'unknown')
  AND NOT coalesce(f.deleted, false)
WHERE t.flagged > 0 AND (t.flagged_now > 0 OR t.is_new IS NULL)
  AND coalesce(u.visibility, 'unknown') IN ('public', 'unknown')
ORDER BY coalesce(c.outcome = 'open', false) DESC, flagged_now DESC, flagged DESC,
  t.conversation_id
LIMIT 15""",
    "unmarked": """
SELECT DISTINCT source FROM utterances
WHERE coalesce(visibility, 'unknown') = 'unknown' ORDER BY source""",
    "public_sources": """
SELECT source FROM public_sources ORDER BY source""",
    "theme_periods": """
SELECT theme_id, date_trunc($period, timestamp) AS period,
  count(DISTINCT utterance_id) AS n, count(DISTINCT speaker_id) AS people
FROM theme_utterances
WHERE clustering_id = $clustering AND timestamp IS NOT NULL
GROUP BY ALL ORDER BY theme_id, period""",
    "annotators": """
SELECT annotator_id, kind, model, revision, licence, commercial_use, version,
  parameters, notice
FROM annotators ORDER BY kind, annotator_id""",
    "validations": """
WITH fitted AS (
  SELECT label, kind, n, fitted_on, {value: value, low: low, high: high} AS fit
  FROM measures
  WHERE unit_id = CASE WHEN label = $measure THEN $flagger ELSE $annotator END
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
    "compared": """
SELECT max(n) FILTER (kind = 'precision') AS messages,
  coalesce(bool_or(kind = 'prevalence'), false) AS of_lake,
  any_value(value) FILTER (kind = 'youden') AS youden,
  any_value(low) FILTER (kind = 'youden') AS youden_low,
  any_value(high) FILTER (kind = 'youden') AS youden_high
FROM measures WHERE unit_id = $flagger AND label = $measure""",
    "runs": """
SELECT run_id, stage, state, started, rows_in, rows_out, rows_dead, config_digest,
  versions
FROM runs ORDER BY started, run_id, stage""",
}
