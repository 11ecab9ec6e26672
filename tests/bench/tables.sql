-- Four tables of different make, one secondary index each; about 130 bytes a row. Expects @rows, for each table.
-- No JSON: mydumper 0.10 cannot load it (a string with CHARACTER SET 'binary'), and then nothing could be compared.

SET SESSION time_zone = '+00:00', cte_max_recursion_depth = 1000000000, unique_checks = 0;

CREATE TABLE numbers (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  a INT NOT NULL, b BIGINT NULL, c DOUBLE NOT NULL, d DECIMAL(18,4) NOT NULL, e SMALLINT UNSIGNED NOT NULL, f DATE NULL,
  PRIMARY KEY (id),
  KEY a (a)
);
CREATE TABLE texts (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(60) NOT NULL, body VARCHAR(255) NOT NULL, remark VARCHAR(100) NULL,
  PRIMARY KEY (id),
  KEY name (name)
);
CREATE TABLE events (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id INT UNSIGNED NOT NULL, at DATETIME(6) NOT NULL, kind ENUM('view','click','buy','leave') NOT NULL,
  payload TEXT NOT NULL, seen_at TIMESTAMP NULL,
  PRIMARY KEY (id),
  KEY user_id (user_id, at)
);
CREATE TABLE binaries (
  owner INT UNSIGNED NOT NULL, position INT UNSIGNED NOT NULL,
  uuid BINARY(16) NOT NULL, content VARBINARY(160) NOT NULL, flags BIT(8) NOT NULL,
  PRIMARY KEY (owner, position),
  KEY uuid (uuid)
);

INSERT INTO numbers (id, a, b, c, d, e, f)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @rows),
drawn AS (SELECT n, CRC32(CONCAT('n', n)) AS h FROM seq)
SELECT n, CAST(h AS SIGNED) - 2147483648, IF(h % 9 = 0, NULL, h * h DIV 7), h / 977e0, h / 37, h % 65536,
  IF(h % 5 = 0, NULL, DATE_ADD('1990-01-01', INTERVAL h % 12000 DAY)) FROM drawn;

INSERT INTO texts (id, name, body, remark)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @rows),
drawn AS (SELECT n, CRC32(CONCAT('t', n)) AS h FROM seq)
SELECT n, CONCAT(ELT(1 + h % 4, 'Ελένη', '김민준', 'Müller', 'O''Hara'), ' ', h), CONCAT('it''s a "quoted" \\ line\n',
  REPEAT(ELT(1 + h % 3, 'lorem ipsum ', 'φως ', '빛과 소금 '), 2 + h % 9)), IF(h % 2, NULL, CONCAT('tab\t', h)) FROM drawn;

INSERT INTO events (id, user_id, at, kind, payload, seen_at)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @rows),
drawn AS (SELECT n, CRC32(CONCAT('e', n)) AS h FROM seq)
SELECT n, h % 100000, TIMESTAMP('2024-01-01') + INTERVAL h % 31000000 SECOND + INTERVAL h % 1000000 MICROSECOND, 1 + h % 4,
  CONCAT('{"page": "/p/', h % 5000, '", "ms": ', h % 9000, ', "ref": "', MD5(h), '"}'),
  IF(h % 3 = 0, NULL, TIMESTAMP('2024-06-01') + INTERVAL h % 9000000 SECOND) FROM drawn;

INSERT INTO binaries (owner, position, uuid, content, flags)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @rows),
drawn AS (SELECT n, CRC32(CONCAT('b', n)) AS h FROM seq)
SELECT n DIV 50, n % 50, UNHEX(MD5(n)), REPEAT(UNHEX(SHA2(h, 256)), 1 + h % 5), h % 256 FROM drawn;
