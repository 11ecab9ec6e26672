-- servers: source -> maria10
-- Views, a function, a procedure, triggers and an event under another sql_mode and with collations that MariaDB 10.11
-- lacks.
CREATE TABLE t (id INT PRIMARY KEY, n VARCHAR(20) COLLATE utf8mb4_0900_ai_ci);
INSERT INTO t VALUES (1, 'a');
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
CREATE PROCEDURE p(IN n VARCHAR(10), OUT m INT) SELECT COUNT(*) INTO m FROM t WHERE t.n = n;
CREATE VIEW v AS SELECT id, n, twice(id) AS two FROM t WHERE n LIKE 'a%';
CREATE VIEW w AS SELECT CONCAT(n, 'x') AS x FROM v;
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.n = LOWER(NEW.n);
CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM t WHERE id < 0;
