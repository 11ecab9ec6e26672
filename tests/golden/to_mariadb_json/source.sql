-- servers: source -> maria11
-- JSON is text with a check on MariaDB; the documents arrive as MySQL prints them.
CREATE TABLE t (id INT PRIMARY KEY, j JSON NOT NULL, k JSON DEFAULT (JSON_OBJECT()));
INSERT INTO t VALUES (1, '{"b": 1, "a": [1.5, null]}', NULL);
