-- servers: maria10 -> target
-- A name that MySQL reserves, written without quotes in a body.
CREATE TABLE t (id INT PRIMARY KEY, `rank` INT);
CREATE PROCEDURE p() SELECT rank FROM t;
CREATE VIEW v AS SELECT t.rank FROM t;
