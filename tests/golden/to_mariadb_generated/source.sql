-- servers: source -> maria11
-- Generated columns, one of them NOT NULL, and a table partitioned by an expression.
CREATE TABLE t (id INT NOT NULL, a INT, twice INT AS (a * 2 + (id - 1)) VIRTUAL, said VARCHAR(40) AS (CONCAT('<', a, '>')) STORED NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO t (id, a) VALUES (1, 2);
