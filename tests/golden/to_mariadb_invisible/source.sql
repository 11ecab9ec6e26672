-- servers: source -> maria11
-- Invisible columns and indexes: MariaDB calls the latter ignored.
CREATE TABLE t (id INT PRIMARY KEY, a INT INVISIBLE, b INT NOT NULL DEFAULT 3 INVISIBLE, KEY hidden (a) INVISIBLE);
INSERT INTO t (id, a, b) VALUES (1, 2, 3);
