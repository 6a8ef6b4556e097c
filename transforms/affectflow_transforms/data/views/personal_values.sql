-- one row is a value of an annotator as one rater would give it: scale x base + offset
-- Made by `affectflow measure PersonalScale --set base=ANNOTATOR`, of whose newest run on
-- an annotator the raters' scales are; no row before it. rater: people are numbered, their
-- names are in `measures`; base: what the annotator says, its value or else its score;
-- n: ratings behind the scale.
WITH newest AS (
  SELECT
    config -> 'options' AS options,
    config ->> 'by' AS grouped,
    config -> 'options' ->> 'base' AS annotator_id,
    ended
  FROM runs
  WHERE stage = 'measure' AND state = 'done'
    AND (config ->> 'measure') = 'personal-scale'
    AND (config -> 'options' ->> 'tell') = 'raters'
    AND (config -> 'options' ->> 'base') <> ''
  ORDER BY ended DESC
  LIMIT 1
),
scales AS (
  SELECT
    n.annotator_id,
    n.ended,
    m."group",
    m.unit_id,
    regexp_extract(m.label, '^(.*) (?:scale|offset)$', 1) AS label,
    max(m.value) FILTER (m.label LIKE '% scale') AS scale,
    max(m.value) FILTER (m.label LIKE '% offset') AS offset_,
    max(m.n) AS n
  FROM newest AS n
  JOIN measures AS m
    ON (m.parameters -> 'options')::VARCHAR = n.options::VARCHAR
    AND (m.parameters ->> 'by') = n.grouped
  WHERE m.kind = 'personal-scale' AND m.unit_type = 'rater'
  GROUP BY ALL
),
known AS (
  SELECT annotator_id AS unit_id FROM annotators WHERE kind <> 'person'
),
named AS (
  SELECT
    s.*,
    CASE
      WHEN k.unit_id IS NOT NULL THEN k.unit_id
      ELSE 'rater ' || dense_rank() OVER (ORDER BY hash(s.unit_id))
    END AS rater
  FROM scales AS s
  LEFT JOIN known AS k USING (unit_id)
)
SELECT
  a.utterance_id,
  s.rater,
  s.label,
  s."group",
  coalesce(a.value, a.score) AS base,
  s.scale * coalesce(a.value, a.score) + s.offset_ AS value,
  s.scale,
  s.offset_ AS "offset",
  s.n,
  s.annotator_id,
  s.ended AS measured
FROM named AS s
JOIN annotations AS a USING (annotator_id, label)
WHERE coalesce(a.value, a.score) IS NOT NULL
