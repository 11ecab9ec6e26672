-- servers: source -> new
-- From MySQL 8.0.33 to 9.
CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20) CHARACTER SET utf8mb3, j JSON, v VARCHAR(5) AS (j->>'$.a'), KEY k ((UPPER(a))));
INSERT INTO t (id, a, j) VALUES (1, 'a', '{"a": "b"}');
CREATE VIEW w AS SELECT v FROM t;
CREATE FUNCTION f(n INT) RETURNS INT DETERMINISTIC RETURN n;
