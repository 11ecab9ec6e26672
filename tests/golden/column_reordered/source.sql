-- Columns in another order: as few as can be are moved.
CREATE TABLE t (id INT PRIMARY KEY, d INT, a INT, b INT, c INT);
INSERT INTO t VALUES (1, 4, 1, 2, 3);
