-- servers: source -> maria11
-- Checks: MariaDB enforces all it has.
CREATE TABLE t (id INT PRIMARY KEY, n INT, CONSTRAINT positive CHECK (n > 0 AND (n < 10 OR n = 99)), CONSTRAINT wish CHECK (n <> 5) NOT ENFORCED);
INSERT INTO t VALUES (1, 5);
