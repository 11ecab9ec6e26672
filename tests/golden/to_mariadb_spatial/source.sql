-- servers: source -> maria11
-- A reference system is no attribute of a column on MariaDB in the same words.
CREATE TABLE t (id INT PRIMARY KEY, g POINT NOT NULL SRID 0, SPATIAL s (g));
INSERT INTO t VALUES (1, POINT(1, 2));
