-- Another expression of a generated column, and one that becomes stored.
CREATE TABLE t (id INT PRIMARY KEY, a INT, twice INT AS (a * 2) VIRTUAL, kept INT AS (a + 1) STORED);
INSERT INTO t (id, a) VALUES (1, 4);
