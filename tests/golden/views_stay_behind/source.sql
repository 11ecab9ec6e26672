-- What is no table is named, kind by kind, so that nothing stays behind in silence.
CREATE TABLE person (id INT PRIMARY KEY, name VARCHAR(40));
INSERT INTO person VALUES (1, 'Kim');
CREATE VIEW names AS SELECT name FROM person;
CREATE TRIGGER tidy BEFORE INSERT ON person FOR EACH ROW SET NEW.name = TRIM(NEW.name);
CREATE PROCEDURE forget(person_id INT) DELETE FROM person WHERE id = person_id;
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
CREATE EVENT tidy_up ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM person WHERE id < 0;
