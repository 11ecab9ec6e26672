-- A column that only the source has is added in its place; rows that are there are proven afterwards.
CREATE TABLE t (id INT PRIMARY KEY, added VARCHAR(20) NOT NULL DEFAULT 'x' COMMENT 'new', name VARCHAR(20));
INSERT INTO t VALUES (1, 'x', 'a');
