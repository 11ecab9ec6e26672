-- What MySQL 8.0.12 does not know yet.

CREATE TABLE checked (id INT PRIMARY KEY, a INT CHECK (a > 0), b VARCHAR(20), c INT,
  CONSTRAINT `in%` CHECK (b IN ('it''s', '한글', '\\', 'a"b')), CONSTRAINT not_kept CHECK (c < 5) NOT ENFORCED);
INSERT INTO checked VALUES (1,1,'it''s',9),(2,NULL,'한글',NULL);
CREATE TABLE shy (id INT PRIMARY KEY, a INT INVISIBLE DEFAULT '7', b INT, c INT AS (b + 1) VIRTUAL INVISIBLE);
INSERT INTO shy (id,a,b) VALUES (1,2,3),(2,NULL,NULL);
CREATE TABLE computed (id BINARY(16) DEFAULT (UUID_TO_BIN('6ccd780c-baba-1026-9564-5b8c656024db')) PRIMARY KEY, a INT DEFAULT (1 + 2), j JSON DEFAULT (JSON_ARRAY('한')), t TEXT DEFAULT ('it''s'),
  d DATE DEFAULT (CURRENT_DATE), r DOUBLE DEFAULT (RAND()), p POINT DEFAULT (POINT(0,0)));
INSERT INTO computed (a) VALUES (1);
CREATE TABLE functional (id INT PRIMARY KEY, a VARCHAR(20), n INT, j JSON, KEY low ((LOWER(a)), n DESC), UNIQUE KEY ((n * 2)), KEY cast_date ((CAST(j->>'$.d' AS CHAR(10)) COLLATE utf8mb4_bin)),
  KEY multi ((CAST(j->'$.z' AS UNSIGNED ARRAY))), KEY multi2 (n, (CAST(j->'$.s' AS CHAR(20) ARRAY))));
INSERT INTO functional VALUES (1,'A',1,'{"z": [1,2,3], "s": ["a","한"], "d": "2020"}'),(2,NULL,NULL,NULL),(3,'é',3,'{"z": [], "s": []}');
SET sql_generate_invisible_primary_key = ON;
CREATE TABLE given_key (v VARCHAR(9));
INSERT INTO given_key VALUES ('a'),('a'),('b');
SET sql_generate_invisible_primary_key = OFF;
