-- servers: source -> maria11
-- MariaDB has no index over an expression.
CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20), KEY low ((LOWER(a))), UNIQUE u ((CONCAT(a, id))));
INSERT INTO t VALUES (1, 'A');
