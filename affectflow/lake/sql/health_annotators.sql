-- one row is one annotator whose answers may reveal health: no other view shows them
-- No view shows what another annotator derives from such answers, either.
WITH RECURSIVE telling AS (
  SELECT annotator_id FROM annotators WHERE list_contains(touches, 'health')
  UNION
  SELECT a.annotator_id
  FROM annotators AS a
  JOIN telling AS t
    ON t.annotator_id = a."over"
    OR list_contains(string_split(a."over", ','), t.annotator_id)
)
SELECT annotator_id FROM telling
