CREATE TABLE t (id INT PRIMARY KEY, a INT, twice INT AS (a + a + 0) VIRTUAL, kept INT AS (a + 2) STORED);
INSERT INTO t (id, a) VALUES (1, 4);
