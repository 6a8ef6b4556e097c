-- one row is one label on which two annotators answered the same utterances
-- n: utterances that both answered. observed: share of these on which they agree whether
-- the label is chosen; low, high: its 95 % interval (Wilson). kappa: Cohen 1960, agreement
-- beyond chance; null where chance agreement is already complete.
WITH answered AS (
  SELECT * FROM emotions WHERE answered
),
pairs AS (
  SELECT
    a.task,
    a.vocabulary,
    a.annotator_id AS annotator_a,
    b.annotator_id AS annotator_b,
    a.conversation_id,
    a.speaker_id,
    a.labels AS labels_a,
    b.labels AS labels_b
  FROM answered AS a
  JOIN answered AS b
    ON b.utterance_id = a.utterance_id
    AND b.task = a.task
    AND b.vocabulary = a.vocabulary
    AND b.annotator_id > a.annotator_id
),
sizes AS (
  SELECT
    task, vocabulary, annotator_a, annotator_b,
    count(*) AS n,
    count(DISTINCT conversation_id) AS n_conversations,
    nullif(count(DISTINCT speaker_id), 0) AS n_speakers
  FROM pairs
  GROUP BY ALL
),
either AS (
  SELECT
    task, vocabulary, annotator_a, annotator_b, labels_a, labels_b,
    unnest(list_distinct(list_concat(labels_a, labels_b))) AS label
  FROM pairs
),
cells AS (
  SELECT
    task, vocabulary, annotator_a, annotator_b, label,
    count(*) FILTER (list_contains(labels_a, label) AND list_contains(labels_b, label))
      AS "both",
    count(*) FILTER (NOT list_contains(labels_b, label)) AS only_a,
    count(*) FILTER (NOT list_contains(labels_a, label)) AS only_b
  FROM either
  GROUP BY ALL
),
shares AS (
  SELECT
    *,
    n - "both" - only_a - only_b AS neither,
    (n - only_a - only_b) / n AS observed,
    ("both" + only_a) / n AS share_a,
    ("both" + only_b) / n AS share_b
  FROM cells
  JOIN sizes USING (task, vocabulary, annotator_a, annotator_b)
)
SELECT
  task,
  vocabulary,
  annotator_a,
  annotator_b,
  label,
  n,
  "both",
  only_a,
  only_b,
  neither,
  observed,
  wilson_low(n - only_a - only_b, n) AS low,
  wilson_high(n - only_a - only_b, n) AS high,
  (observed - share_a * share_b - (1 - share_a) * (1 - share_b))
    / nullif(1 - share_a * share_b - (1 - share_a) * (1 - share_b), 0) AS kappa,
  n AS n_utterances,
  n_conversations,
  n_speakers
FROM shares
