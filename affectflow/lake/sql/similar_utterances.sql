-- one row is a pair of utterances with vectors from the same model
-- Name one with WHERE utterance_id = '...' and order by similarity: there are many pairs.
-- similarity: the cosine of the two vectors, 1 where they point the same way.
SELECT
  a.utterance_id,
  b.utterance_id AS similar_id,
  a.annotator_id,
  a.modality,
  list_cosine_similarity(a.vector, b.vector) AS similarity,
  u.conversation_id,
  u.timestamp,
  u.source,
  u.container,
  u.text,
  u.url,
  u.visibility
FROM vectors AS a
JOIN vectors AS b
  ON b.annotator_id = a.annotator_id
  AND b.modality = a.modality
  AND len(b.vector) = len(a.vector)
  AND b.utterance_id <> a.utterance_id
JOIN placed_utterances AS u ON u.utterance_id = b.utterance_id
