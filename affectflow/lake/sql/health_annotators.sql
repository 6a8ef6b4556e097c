-- one row is one annotator whose answers may tell of health: no other view shows them
SELECT annotator_id FROM annotators WHERE list_contains(touches, 'health')
