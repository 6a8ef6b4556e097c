-- one row is one label of one utterance by majority of the people who answered a task in a vocabulary
-- yes: how many of the `answers` people chose it. label null: how many chose nothing.
-- holds: whether more than half chose it; null if they were evenly divided.
-- leads: more people put it first than any other label, and more than chose nothing.
-- If readers answered, what writers say of themselves does not count; unsure answers never
-- count. A label missing from a sheet was not asked about; a label missing from a free
-- answer was not chosen.
WITH given AS (
  -- An answer of nothing may name no vocabulary: it answers what the others were asked.
  SELECT * REPLACE (
    coalesce(vocabulary, max(vocabulary) OVER (PARTITION BY utterance_id, task))
      AS vocabulary
  )
  FROM annotations
  SEMI JOIN (SELECT annotator_id FROM annotators WHERE kind = 'person')
    USING (annotator_id)
  ANTI JOIN health_annotators USING (annotator_id)
  WHERE value IS NULL AND coalesce(status, 'ok') IN ('ok', 'truncated', 'abstained')
  WINDOW question AS (PARTITION BY utterance_id, task)
  QUALIFY bool_and(coalesce(perspective IN ('writer', 'self_report'), false))
      OVER question
    OR coalesce(perspective NOT IN ('writer', 'self_report'), true)
),
said AS (
  SELECT
    utterance_id,
    task,
    vocabulary,
    annotator_id,
    label,
    bool_or(coalesce(chosen, false)) AS chosen,
    bool_or(coalesce(chosen, false) AND coalesce(rank, 1) = 1) AS first,
    bool_and(status IS NOT DISTINCT FROM 'abstained') AS unsure,
    bool_or(sample_id IS NOT NULL OR NOT coalesce(chosen, true)) AND label IS NOT NULL
      AS is_listed
  FROM given
  GROUP BY utterance_id, task, vocabulary, annotator_id, label
),
raters AS (
  SELECT
    utterance_id,
    task,
    vocabulary,
    annotator_id,
    bool_or(is_listed) AS has_sheet,
    bool_or(chosen AND label IS NOT NULL) AS chose
  FROM said
  GROUP BY utterance_id, task, vocabulary, annotator_id
  HAVING NOT bool_and(unsure)
),
labels AS (
  SELECT DISTINCT utterance_id, task, vocabulary, label
  FROM said
  WHERE label IS NOT NULL AND NOT unsure
),
votes AS (
  SELECT
    l.utterance_id,
    l.task,
    l.vocabulary,
    l.label,
    count(*) FILTER (s.chosen) AS yes,
    count(*) AS answers,
    count(*) FILTER (s.first) AS firsts
  FROM labels AS l
  JOIN raters AS r
    ON r.utterance_id = l.utterance_id
    AND r.task IS NOT DISTINCT FROM l.task
    AND r.vocabulary IS NOT DISTINCT FROM l.vocabulary
  LEFT JOIN said AS s
    ON s.utterance_id = l.utterance_id
    AND s.task IS NOT DISTINCT FROM l.task
    AND s.vocabulary IS NOT DISTINCT FROM l.vocabulary
    AND s.annotator_id = r.annotator_id
    AND s.label = l.label
  WHERE CASE WHEN s.label IS NULL THEN NOT r.has_sheet ELSE NOT s.unsure END
  GROUP BY l.utterance_id, l.task, l.vocabulary, l.label
  UNION ALL
  SELECT
    utterance_id,
    task,
    vocabulary,
    NULL,
    count(*) FILTER (NOT chose),
    count(*),
    count(*) FILTER (NOT chose)
  FROM raters
  GROUP BY utterance_id, task, vocabulary
)
SELECT
  utterance_id,
  task,
  vocabulary,
  label,
  yes,
  answers,
  CASE WHEN 2 * yes <> answers THEN 2 * yes > answers END AS holds,
  firsts > 0 AND firsts > coalesce(max(firsts) OVER others, 0) AS leads
FROM votes
WHERE label IS NOT NULL OR yes > 0
WINDOW others AS (
  PARTITION BY utterance_id, task, vocabulary
  ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW
)
