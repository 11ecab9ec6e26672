-- InnoDB takes one new fulltext index in a statement: the second comes in another one.
CREATE TABLE t (id INT PRIMARY KEY, a TEXT, b TEXT, FULLTEXT fa (a), FULLTEXT fb (b));
INSERT INTO t VALUES (1, 'one', 'two');
