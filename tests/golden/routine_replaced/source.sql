-- Routines of another text are dropped and made again, before the view that calls them.
CREATE FUNCTION f(n INT) RETURNS INT DETERMINISTIC RETURN n + 1;
CREATE PROCEDURE p(OUT n INT) COMMENT 'new' SET n = 1;
CREATE VIEW v AS SELECT f(1) AS two;
