-- Another character set and another collation of columns.
CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, b VARCHAR(20) COLLATE utf8mb4_0900_as_cs);
INSERT INTO t VALUES (1, 'ä', 'b');
