-- servers: maria11 -> target
-- Names of checks are one for a table on MariaDB and one for the schema on MySQL; checks of columns have none.
CREATE TABLE a (id INT PRIMARY KEY CHECK (id > 0), n INT, CONSTRAINT same CHECK (n > 0));
CREATE TABLE b (id INT PRIMARY KEY, n INT, CONSTRAINT same CHECK (n > 1));
INSERT INTO a VALUES (1, 1);
