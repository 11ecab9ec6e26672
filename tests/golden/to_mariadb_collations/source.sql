-- servers: source -> maria10
-- Collations of MySQL 8.0 that MariaDB 10.11 lacks; a unique key is checked again under the new one.
CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20) COLLATE utf8mb4_0900_ai_ci, b VARCHAR(20) COLLATE utf8mb4_0900_as_cs, c VARCHAR(20) COLLATE utf8mb4_0900_bin, d VARCHAR(20) COLLATE utf8mb4_de_pb_0900_ai_ci, e VARCHAR(20) CHARACTER SET utf8mb3, UNIQUE u (a)) COLLATE utf8mb4_0900_ai_ci;
INSERT INTO t VALUES (1, 'a', 'b', 'c', 'ä', 'e');
