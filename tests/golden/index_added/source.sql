-- Indexes of every kind are added to a table that is there: with the rows in place it is one statement.
CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(80), b INT, g POINT NOT NULL SRID 0, KEY plain (b DESC, a(10)), UNIQUE u (a, b), FULLTEXT f (a), SPATIAL s (g), KEY lower_a ((LOWER(a))));
INSERT INTO t VALUES (1, 'a', 2, POINT(1, 2));
