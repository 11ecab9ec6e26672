# Stored objects whose words are hard to read. {s} and {o} are their schemas, quoted where they must be; [s] and [o] the
# same inside of strings. A statement ends with a line of $$; a first line -- MODE says under which sql_mode it is made.
CREATE FUNCTION {o}.g(x INT) RETURNS INT DETERMINISTIC RETURN x * 2
$$
CREATE VIEW {o}.w AS SELECT a FROM {o}.u
$$
CREATE FUNCTION f(x INT) RETURNS INT DETERMINISTIC RETURN x + 1
$$
CREATE FUNCTION {s}.`f``2`(x VARCHAR(10) CHARSET latin1, y DECIMAL(10,2)) RETURNS VARCHAR(50) CHARSET utf8mb4 READS SQL DATA SQL SECURITY INVOKER COMMENT 'it''s [s].t \\ x' RETURN (SELECT CONCAT(b, '[s].t', "it's [s].f()", {s}.f(y)) FROM {s}.t LIMIT 1)
$$
CREATE PROCEDURE p(IN x INT, OUT y VARCHAR(10), INOUT {s} INT) BEGIN /* [s].t */ INSERT INTO {s}.log (w) SELECT  CONCAT({s} . t . b, '[s].t😀', 'it''s', 'a\'b') FROM {s}.t; -- [s].t
 CALL {s}.q(); # [s].t
 SET {s} = {s}.f(1); SELECT w INTO y FROM log LIMIT 1; END
$$
CREATE PROCEDURE q() BEGIN DECLARE done INT DEFAULT FALSE; DECLARE v VARCHAR(20) CHARSET utf8mb4; DECLARE c CURSOR FOR SELECT b FROM {s}.t WHERE a > 1; DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE; OPEN c; r: LOOP FETCH c INTO v; IF done THEN LEAVE r; END IF; CASE v WHEN 'x' THEN UPDATE {s}.t, {o}.u SET {s}.t.b = 'y', u.b = '[o].u' WHERE t.a = u.a; ELSE BEGIN DELETE FROM {s}.t WHERE {s}.t.a = 5; DELETE x FROM {s}.t AS x JOIN {o}.u ON x.a = {o}.u.a; END; END CASE; END LOOP; CLOSE c; END
$$
CREATE PROCEDURE q2() BEGIN INSERT INTO {s}.t VALUES (1, 'é한', NULL) ON DUPLICATE KEY UPDATE b = VALUES(b), t.j = NULL; REPLACE {s}.log SET w = 'x'; INSERT IGNORE {o}.u SELECT a, b FROM {s}.t; TRUNCATE TABLE {s}.log; CREATE TEMPORARY TABLE IF NOT EXISTS {s}.tmp LIKE {s}.t; DROP TEMPORARY TABLE IF EXISTS {s}.tmp; SELECT {o}.g(1), {s}.f(2), EXTRACT(YEAR FROM NOW()), TRIM(BOTH 'x' FROM b) FROM ({s}.t, {o}.w); SELECT * FROM 2024t, {s}.`2024t` x; END
$$
CREATE PROCEDURE row_alias() BEGIN SELECT {s}.a, {s}.b FROM {s}.{s} AS {s} WHERE {s}.a = 1; SELECT x.a FROM {s}.{s} x, {o}.{s} y; END
$$
-- ANSI_QUOTES
CREATE PROCEDURE ansi() BEGIN SELECT {s}."t"."b", '[s].t', "t".b FROM {s}."t" WHERE 'a"b' <> "b"; END
$$
-- NO_BACKSLASH_ESCAPES
CREATE PROCEDURE nbe() COMMENT 'a\b''c' BEGIN SELECT 'x\', {s}.t.b, 'y\' FROM {s}.t; END
$$
-- ANSI_QUOTES,NO_BACKSLASH_ESCAPES
CREATE PROCEDURE both_modes() SELECT CONCAT('x\', {s}."t"."b", '"[s]"."t"') FROM {s}.t
$$
CREATE PROCEDURE `한글 p`() SELECT '?', 'a?b', `b` FROM t
$$
CREATE PROCEDURE emoji() SELECT '😀', b FROM {s}.t
$$
CREATE PROCEDURE escapes() SELECT 'n\nl', '\'', '\\', "\"", 'it''s', "q""q", _latin1'\xe9', x'41', 0x42, N'x', {s}.f(1) FROM {s}.t
$$
CREATE PROCEDURE versioned() BEGIN SELECT 1 /*!50000 , 2 */; SELECT b FROM t; END
$$
CREATE TRIGGER tr_b BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.b = CONCAT(NEW.b, '[s].t'); INSERT INTO {s}.log(w) VALUES (NEW.b); END
$$
CREATE TRIGGER tr_a BEFORE INSERT ON t FOR EACH ROW PRECEDES tr_b SET NEW.b = {s}.f(NEW.a)
$$
CREATE TRIGGER tr_c BEFORE INSERT ON t FOR EACH ROW FOLLOWS tr_a BEGIN IF NEW.a > 1 THEN SET NEW.b = 'it''s 😀'; END IF; END
$$
-- ANSI_QUOTES
CREATE TRIGGER "tr d" AFTER UPDATE ON "t" FOR EACH ROW INSERT INTO {s}."log" (w) VALUES (OLD.b)
$$
CREATE TRIGGER `tr``e` AFTER DELETE ON {s}.`t` FOR EACH ROW DELETE FROM {s}.`select` WHERE {s}.`select`.a = OLD.a AND {s} = 1
$$
CREATE EVENT e1 ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01 00:00:00' ENDS '2032-01-01 00:00:00' ON COMPLETION PRESERVE ENABLE COMMENT 'it''s a \ comment' DO INSERT INTO {s}.log (w) VALUES ('[s].t')
$$
CREATE EVENT `e 2` ON SCHEDULE AT '2033-01-01 00:00:00' ON COMPLETION NOT PRESERVE DISABLE ON SLAVE DO BEGIN CALL {s}.q(); SET @x = 'it''s'; END
$$
-- NO_BACKSLASH_ESCAPES
CREATE EVENT e3 ON SCHEDULE EVERY '1:30' MINUTE_SECOND STARTS '2031-01-01' DISABLE COMMENT 'a\b' DO SELECT 1 FROM {s}.t
$$
CREATE VIEW v1 (`x y`, {s}) AS SELECT a, b FROM t
$$
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW v2 AS SELECT t.a, {s}.f(a) fa, {o}.g(a) ga, '[s].t' s1, '😀?' s3, "it's" s4 FROM t WHERE b LIKE '[s].%' WITH CASCADED CHECK OPTION
$$
CREATE ALGORITHM=TEMPTABLE VIEW v3 AS SELECT {s}.a, {s}.b FROM t AS {s} JOIN {s} AS x ON x.a = {s}.a
$$
CREATE VIEW v4 AS SELECT a FROM {s}
$$
CREATE VIEW v5 AS SELECT x.a, w.a aw FROM {o}.u AS {s} JOIN {o}.w JOIN {o}.{s} x ON x.a = {s}.a AND EXTRACT(DAY FROM {s}.b) = TRIM({s}.b)
$$
CREATE VIEW v6 AS SELECT t.a, (SELECT MAX(b) FROM {o}.u WHERE u.a = t.a) m, CASE WHEN b IN ('x', '[s].t') THEN {s}.f(1) ELSE INTERVAL(a, 1, 2) END c, CONVERT(b USING latin1) d FROM t WHERE EXISTS (SELECT 1 FROM {s}.v1) UNION SELECT 1, 2, 3, 4
$$
CREATE VIEW v7 AS SELECT MATCH(txt) AGAINST ('[s].t' IN BOOLEAN MODE) m FROM ft WHERE MATCH(txt) AGAINST ('x')
$$
-- ANSI_QUOTES
CREATE VIEW v8 AS SELECT "a", 'x"y' q FROM "t"
$$
-- NO_BACKSLASH_ESCAPES
CREATE VIEW v9 AS SELECT 'x\' q, '\\' r, b FROM t WHERE b = 'it''s\'
$$
CREATE VIEW `v``10.x` AS SELECT `t``x.y`.a FROM `t``x.y` JOIN t ON `t``x.y`.a = t.a
$$
CREATE VIEW v11 AS SELECT * FROM v1 NATURAL JOIN (SELECT a, '?' q FROM v4) d
$$
# Not in MySQL 5.7:
CREATE VIEW m1 AS WITH RECURSIVE c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c WHERE n < 5), t AS (SELECT a FROM {s}.t) SELECT c.n, t.a, ROW_NUMBER() OVER (PARTITION BY t.a ORDER BY c.n) r FROM c JOIN t
$$
CREATE VIEW m2 AS SELECT a, SUM(a) OVER w s FROM t WINDOW w AS (ORDER BY b)
$$
CREATE VIEW m3 AS SELECT jt.x, t.a FROM t, JSON_TABLE(t.j, '$[*]' COLUMNS (x INT PATH '$.x', y VARCHAR(9) PATH '$.t')) AS jt WHERE t.a IN (SELECT a FROM {s}.t)
$$
CREATE PROCEDURE m4() WITH {s} AS (SELECT a FROM {s}.t) SELECT {s}.a FROM {s}
$$
