-- Narrower types may refuse values: lossy, and run in strict mode, so that nothing is cut.
CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20), n SMALLINT);
INSERT INTO t VALUES (1, 'a', 5);
