"""The queries behind the pages: themes, threads, and messages with some words.

Text from outside is a parameter. `turn_key` orders turns; see `lake.views`.
"""

# Frustration and irritation come first.
THEMES = """
SELECT family, clustering_id, theme_id, theme, keywords, count, trend, n_speakers,
  n_conversations
FROM emotion_causes
ORDER BY family <> 'frustration', family <> 'irritation', family, clustering_id,
  position
"""
FAMILIES = """
SELECT clustering_id, list_sort(list(DISTINCT label)) AS labels
FROM theme_utterances GROUP BY clustering_id
"""

THEME = """
SELECT any_value(t.title) AS theme, any_value(t.keywords) AS keywords,
  any_value(u.family) AS family,
  count(DISTINCT u.utterance_id) AS messages,
  count(DISTINCT u.speaker_id) AS people,
  count(DISTINCT u.conversation_id) AS threads,
  min(u.timestamp) AS first_at, max(u.timestamp) AS last_at
FROM theme_utterances AS u
JOIN themes AS t ON t.clustering_id = u.clustering_id AND t.theme_id = u.theme_id
WHERE u.clustering_id = $clustering AND u.theme_id = $theme
HAVING count(*) > 0
"""
THEME_CONTAINERS = """
SELECT container, count(DISTINCT utterance_id) AS messages,
  count(DISTINCT speaker_id) AS people, count(DISTINCT conversation_id) AS threads,
  min(timestamp) AS first_at, max(timestamp) AS last_at
FROM theme_utterances WHERE clustering_id = $clustering AND theme_id = $theme
GROUP BY container ORDER BY messages DESC, container
"""
THEME_THREADS = """
WITH here AS (
  SELECT conversation_id, count(DISTINCT utterance_id) AS messages,
    min(timestamp) AS first_at, max(timestamp) AS last_at,
    any_value(container) AS container
  FROM theme_utterances WHERE clustering_id = $clustering AND theme_id = $theme
  GROUP BY conversation_id
), named AS (
  SELECT conversation_id, min_by(title, turn_key(timestamp, start_s, utterance_id))
    FILTER (title IS NOT NULL) AS title,
    min_by(text[:200], turn_key(timestamp, start_s, utterance_id)) AS opening
  FROM placed_utterances WHERE conversation_id IN (SELECT conversation_id FROM here)
  GROUP BY conversation_id
)
SELECT h.*, n.title, n.opening
FROM here AS h LEFT JOIN named AS n USING (conversation_id)
ORDER BY messages DESC, last_at DESC NULLS LAST, conversation_id LIMIT $most
"""
THEME_MESSAGES = """
SELECT t.cause_text, t.start, t."end", t.label, t.utterance_id, t.cause_utterance_id,
  t.conversation_id, t.container, t.timestamp, u.text, u.url
FROM theme_utterances AS t
JOIN placed_utterances AS u ON u.utterance_id = t.cause_utterance_id
WHERE t.clustering_id = $clustering AND t.theme_id = $theme
QUALIFY row_number() OVER (
  PARTITION BY t.utterance_id ORDER BY t.exemplar, t.cause_id
) = 1
ORDER BY t.exemplar, t.timestamp DESC NULLS LAST, t.utterance_id
LIMIT $most OFFSET $skipped
"""

# The label that a page of threads counts: frustration if it was measured.
THREADS = """
WITH flagged AS (
  SELECT DISTINCT utterance_id FROM {view}
  WHERE $annotator = '' OR annotator_id = $annotator
)
SELECT u.conversation_id, any_value(u.container) AS container,
  min_by(u.title, turn_key(u.timestamp, u.start_s, u.utterance_id))
    FILTER (u.title IS NOT NULL) AS title,
  min_by(u.text[:200], turn_key(u.timestamp, u.start_s, u.utterance_id)) AS opening,
  count(*) AS messages, count(f.utterance_id) AS flagged,
  count(DISTINCT u.speaker_id) AS people,
  min(u.timestamp) AS first_at, max(u.timestamp) AS last_at
FROM placed_utterances AS u LEFT JOIN flagged AS f USING (utterance_id)
GROUP BY u.conversation_id
ORDER BY {order}, u.conversation_id LIMIT $most OFFSET $skipped
"""
ORDERS = {
    "flagged": "flagged DESC, last_at DESC NULLS LAST",
    "latest": "last_at DESC NULLS LAST",
    "longest": "messages DESC",
}
HOW_MANY_THREADS = """
SELECT count(DISTINCT conversation_id) AS n FROM placed_utterances
"""

THREAD = """
SELECT conversation_id, any_value(container) AS container, count(*) AS messages,
  count(DISTINCT speaker_id) AS people, min(timestamp) AS first_at,
  max(timestamp) AS last_at,
  min_by(title, turn_key(timestamp, start_s, utterance_id))
    FILTER (title IS NOT NULL) AS title,
    min_by(text[:200], turn_key(timestamp, start_s, utterance_id)) AS opening
FROM placed_utterances WHERE conversation_id = $thread GROUP BY conversation_id
"""
THREAD_MESSAGES = """
WITH turns AS (
  SELECT utterance_id, reply_to, speaker_id, speaker_role, by_bot, timestamp, start_s,
    text, url, coalesce(deleted, false) AS deleted, visibility,
    row_number() OVER (ORDER BY turn_key(timestamp, start_s, utterance_id)) AS turn
  FROM placed_utterances WHERE conversation_id = $thread
)
SELECT *, CASE WHEN speaker_id IS NOT NULL
    THEN dense_rank() OVER (ORDER BY first_turn) END AS person
FROM (SELECT *, min(turn) OVER (PARTITION BY speaker_id) AS first_turn FROM turns)
ORDER BY turn LIMIT $most OFFSET $skipped
"""
# People who label are not named; health is in no view.
LABELS = """
SELECT a.utterance_id, CASE WHEN r.kind = 'person' THEN 'people'
    ELSE a.annotator_id END AS annotator,
  a.label, max(a.score) AS score
FROM annotations AS a
LEFT JOIN annotators AS r ON r.annotator_id = a.annotator_id
ANTI JOIN health_annotators AS h ON h.annotator_id = a.annotator_id
WHERE a.utterance_id IN (SELECT unnest($messages)) AND a.chosen AND a.label IS NOT NULL
GROUP BY ALL ORDER BY a.utterance_id, annotator, score DESC NULLS LAST, a.label
"""
CAUSES = """
SELECT DISTINCT c.cause_utterance_id AS utterance_id, c.start, c."end", c.label
FROM causes AS c
ANTI JOIN health_annotators AS h ON h.annotator_id = c.emotion_annotator_id
WHERE c.cause_utterance_id IN (SELECT unnest($messages)) AND c.status = 'ok'
  AND c.start IS NOT NULL AND c."end" IS NOT NULL
ORDER BY ALL
"""

FOUND = """
WITH found AS (
  SELECT utterance_id, conversation_id, container, timestamp, text, by_bot
  FROM placed_utterances
  WHERE contains(lower(text), lower($words))
  ORDER BY timestamp DESC NULLS LAST, utterance_id LIMIT $most OFFSET $skipped
), named AS (
  SELECT conversation_id, min_by(title, turn_key(timestamp, start_s, utterance_id))
    FILTER (title IS NOT NULL) AS title,
    min_by(text[:200], turn_key(timestamp, start_s, utterance_id)) AS opening
  FROM placed_utterances WHERE conversation_id IN (SELECT conversation_id FROM found)
  GROUP BY conversation_id
)
SELECT f.*, n.title, n.opening
FROM found AS f LEFT JOIN named AS n USING (conversation_id)
ORDER BY timestamp DESC NULLS LAST, utterance_id
"""
HOW_MANY_FOUND = """
SELECT count(*) AS n FROM placed_utterances WHERE contains(lower(text), lower($words))
"""
TABLES = """
SELECT table_name AS name,
  string_agg(column_name, ', ' ORDER BY column_index) AS columns
FROM duckdb_columns() WHERE NOT internal AND database_name = 'memory'
GROUP BY ALL ORDER BY 1
"""
