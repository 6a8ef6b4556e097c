-- one row is one theme: what people give as the cause of their irritation
-- The columns are those of emotion_causes; share is null unless it was validated.
-- Irritation is displeasure, hostility included. It is not frustration.
SELECT * EXCLUDE (family)
FROM emotion_causes
WHERE family = 'irritation'
