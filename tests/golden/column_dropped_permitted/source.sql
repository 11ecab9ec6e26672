-- options: --allow-destructive 'shop.*'
-- The same, permitted at plan time: the step is marked destructive and runs.
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
