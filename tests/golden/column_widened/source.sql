-- Wider types hold every value: nothing is lossy.
CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(300), price DECIMAL(14,4), e ENUM('a','b','c'), d DATETIME(6));
INSERT INTO t VALUES (1, 'a', 1.5, 'b', '2024-01-01 00:00:00');
