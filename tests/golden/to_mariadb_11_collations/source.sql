-- servers: source -> maria11
-- MariaDB 11.8 has collations of MySQL 8.0 under their own names.
CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20) COLLATE utf8mb4_0900_ai_ci, UNIQUE u (a)) COLLATE utf8mb4_0900_ai_ci;
INSERT INTO t VALUES (1, 'a');
