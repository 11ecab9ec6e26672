-- Row format, default collation and other options of a table.
CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(10) COLLATE utf8mb4_0900_ai_ci) ROW_FORMAT=COMPACT STATS_PERSISTENT=1 COLLATE=utf8mb4_bin;
