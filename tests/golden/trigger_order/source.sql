-- A trigger comes before another one: what follows it is made again, so that the order is the source's.
CREATE TABLE t (id INT PRIMARY KEY, n INT);
CREATE TRIGGER first BEFORE INSERT ON t FOR EACH ROW SET NEW.n = NEW.n + 1;
CREATE TRIGGER second BEFORE INSERT ON t FOR EACH ROW SET NEW.n = NEW.n * 2;
