-- one row is one annotator whose answers may tell of health: no other view shows them
-- Nor does one show what an annotator makes of such answers.
WITH RECURSIVE telling AS (
  SELECT annotator_id FROM annotators WHERE list_contains(touches, 'health')
  UNION
  SELECT a.annotator_id
  FROM annotators AS a
  JOIN telling AS t ON t.annotator_id = a."over"
)
SELECT annotator_id FROM telling
