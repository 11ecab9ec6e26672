-- servers: source -> maria11
-- Zero dates as defaults and as values.
SET sql_mode = '';
CREATE TABLE t (id INT PRIMARY KEY, d DATE NOT NULL DEFAULT '0000-00-00', s DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00');
INSERT INTO t VALUES (1, '0000-00-00', '2024-00-01 00:00:00');
