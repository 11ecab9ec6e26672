-- servers: maria11 -> target
-- JSON of MariaDB is text and stays so: MySQL's own type would reorder it.
CREATE TABLE t (id INT PRIMARY KEY, j JSON, k LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin);
INSERT INTO t VALUES (1, '{"b":1,  "a":2, "a":3}', 'x');
