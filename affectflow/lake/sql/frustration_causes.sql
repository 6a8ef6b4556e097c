-- one row is one theme: what people give as the cause of their frustration
-- The columns are those of emotion_causes; share is null unless it was validated.
-- Empty until an annotator with task 'frustration' has run, and then `mine`.
SELECT * EXCLUDE (family)
FROM emotion_causes
WHERE family = 'frustration'
