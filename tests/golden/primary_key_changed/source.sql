-- Another primary key.
CREATE TABLE t (a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (b, a));
INSERT INTO t VALUES (1, 2);
