-- A check comes to a table with rows: refused if one breaks it.
CREATE TABLE t (id INT PRIMARY KEY, n INT, CONSTRAINT positive CHECK (n > 0));
INSERT INTO t VALUES (1, 2);
