-- A table is partitioned no more: its rows stay.
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
