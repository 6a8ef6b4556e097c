-- one row is one label: what writers say about it against what readers say, as measured
-- gap: writer minus mean of readers. beyond_noise: the share of the gap's variance that
-- is not rating noise; at 0 or below, no gap was found. hidden: texts with the emotion
-- according to writers but not readers; hidden_share: their share of all n texts. auc: how
-- well words predict them. Made by `affectflow measure PerceptionGap`; the settings are in
-- `parameters`.
SELECT
  unit_id AS label,
  "group",
  max(value) FILTER (label = 'gap') AS gap,
  max(low) FILTER (label = 'gap') AS gap_low,
  max(high) FILTER (label = 'gap') AS gap_high,
  max(value) FILTER (label = 'correlation') AS correlation,
  max(value) FILTER (label = 'beyond_noise') AS beyond_noise,
  max(low) FILTER (label = 'beyond_noise') AS beyond_noise_low,
  max(high) FILTER (label = 'beyond_noise') AS beyond_noise_high,
  max(value) FILTER (label = 'hidden')::BIGINT AS hidden,
  max(value) FILTER (label = 'hidden_share') AS hidden_share,
  max(value) FILTER (label = 'auc') AS auc,
  max(n) FILTER (label = 'gap') AS n,
  max(value) FILTER (label = 'unpaired')::BIGINT AS unpaired,
  parameters,
  fitted_on
FROM measures
WHERE kind = 'perception-gap' AND unit_type = 'label'
GROUP BY unit_id, "group", parameters, fitted_on
