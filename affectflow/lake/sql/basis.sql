-- one row is one task of one annotator that a report may rest on; position 1 is its basis
-- told: `report`, `mine` or `analyze --annotator` named it last; otherwise the basis is the
-- annotator that answered here first. since: time of its first answer; null if not recorded.
-- answered: number of utterances.
WITH answers AS (
  SELECT
    annotator_id,
    task,
    any_value(vocabulary) AS vocabulary,
    count(DISTINCT utterance_id) AS answered
  FROM annotations
  WHERE status = 'ok' OR (label IS NOT NULL AND status IS DISTINCT FROM 'abstained')
  GROUP BY annotator_id, task
),
last_told AS (
  SELECT annotator_id FROM runs WHERE stage = 'basis' ORDER BY ended DESC LIMIT 1
),
candidates AS (
  SELECT
    a.annotator_id,
    a.task,
    a.vocabulary,
    a.answered,
    coalesce(r.kind = 'person', false) AS is_person,
    t.annotator_id IS NOT NULL AS told,
    r.since
  FROM answers AS a
  LEFT JOIN annotators AS r ON r.annotator_id = a.annotator_id
  LEFT JOIN last_told AS t ON t.annotator_id = a.annotator_id
  -- Answers that may reveal health appear in no report.
  ANTI JOIN health_annotators AS h ON h.annotator_id = a.annotator_id
)
SELECT
  row_number() OVER (
    ORDER BY told DESC, is_person, task <> 'emotion', task = 'frustration',
      since NULLS FIRST, answered DESC, annotator_id, task
  ) AS position,
  *
FROM candidates
