-- one row is a conversation whose parent arrived later, and the one it finally belongs to
WITH RECURSIVE walk AS (
  SELECT conversation_id, "into" AS root, [conversation_id, "into"] AS path
  FROM conversation_merges
  WHERE conversation_id <> "into"
  UNION ALL
  -- A merge may itself be merged; the path stops cycles.
  SELECT w.conversation_id, m."into", list_append(w.path, m."into")
  FROM walk AS w
  JOIN conversation_merges AS m ON m.conversation_id = w.root
  WHERE NOT list_contains(w.path, m."into")
)
SELECT conversation_id, arg_max(root, (len(path), root)) AS root
FROM walk
GROUP BY conversation_id
