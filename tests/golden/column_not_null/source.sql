-- NULL becomes NOT NULL: refused over a NULL, never replaced by a default.
CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL);
INSERT INTO t VALUES (1, 'a');
