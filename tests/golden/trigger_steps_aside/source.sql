-- Triggers of a target table that is loaded go before the rows and come back after them, those of the target alone
-- too.
CREATE TABLE t (id INT PRIMARY KEY, n INT);
INSERT INTO t VALUES (1, 1);
CREATE TRIGGER wanted BEFORE INSERT ON t FOR EACH ROW SET NEW.n = NEW.n + 1;
