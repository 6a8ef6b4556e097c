-- one row is one cause in a theme, with the person's utterance that expresses the emotion
-- family: the emotions whose causes were grouped; the word before the dash in clustering_id.
SELECT
  regexp_replace(t.clustering_id, '-[^-]*$', '') AS family,
  t.clustering_id,
  t.theme_id,
  m.membership,
  c.cause_id,
  c.emotion_annotator_id,
  c.label,
  c.cause_utterance_id,
  c.start,
  c."end",
  c.cause_text,
  coalesce(list_position(t.exemplar_ids, c.cause_id), 2147483647) AS exemplar,
  u.utterance_id,
  u.conversation_id,
  u.speaker_id,
  u.timestamp,
  u.source,
  u.container
FROM themes AS t
JOIN theme_members AS m
  ON m.theme_id = t.theme_id AND m.clustering_id = t.clustering_id
JOIN causes AS c ON c.cause_id = m.cause_id
JOIN placed_utterances AS u ON u.utterance_id = c.utterance_id
ANTI JOIN health_annotators AS h ON h.annotator_id = c.emotion_annotator_id
WHERE t.replaced_by IS NULL AND NOT u.by_bot
