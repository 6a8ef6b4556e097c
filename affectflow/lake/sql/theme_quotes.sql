-- one row is one public quote of a theme, the most characteristic first
-- public: according to the source, or to view public_sources if the source does not say.
-- text[start:end] = quote, counted from 0; one quote for each utterance that contains it.
WITH public AS (
  SELECT
    t.family, t.clustering_id, t.theme_id, t.cause_id, t.label,
    t.cause_text AS quote,
    u.text, t.start, t."end", u.url, u.timestamp, u.utterance_id,
    t.exemplar, t.membership
  FROM theme_utterances AS t
  JOIN utterances AS u ON u.utterance_id = t.cause_utterance_id
  WHERE (
      u.visibility = 'public'
      OR coalesce(u.visibility, 'unknown') = 'unknown'
      AND u.source IN (SELECT source FROM public_sources)
    )
    AND NOT coalesce(u.is_bot, false)
    AND NOT coalesce(u.deleted, false)
    AND t.cause_text IS NOT NULL
    -- An edit after mining may have moved the words; such a span is not quoted.
    AND substr(u.text, t.start + 1, t."end" - t.start) = t.cause_text
  QUALIFY row_number() OVER (
    PARTITION BY t.clustering_id, t.theme_id, u.utterance_id
    ORDER BY t.exemplar, t.membership DESC NULLS LAST, t.cause_id
  ) = 1
)
SELECT
  family, clustering_id, theme_id,
  row_number() OVER (
    PARTITION BY clustering_id, theme_id
    ORDER BY exemplar, membership DESC NULLS LAST, cause_id
  ) AS position,
  cause_id, label, quote, text, start, "end", url, timestamp, utterance_id
FROM public
