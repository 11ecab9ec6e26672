-- servers: maria11 -> target
-- A routine in Oracle's language cannot be had on MySQL.
SET sql_mode = 'ORACLE';
DELIMITER //
CREATE FUNCTION f(n INT) RETURN INT AS BEGIN RETURN n + 1; END//
DELIMITER ;
SET sql_mode = DEFAULT;
CREATE TABLE t (id INT PRIMARY KEY);
