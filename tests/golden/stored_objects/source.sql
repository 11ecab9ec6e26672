-- Everything that a schema holds beside tables: routines before what calls them, views after what they read, triggers
-- after the rows, events made disabled and enabled last.
CREATE TABLE person (id INT PRIMARY KEY, name VARCHAR(40));
INSERT INTO person VALUES (1, 'Kim');
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
CREATE PROCEDURE forget(person_id INT) DELETE FROM person WHERE id = person_id;
CREATE VIEW names AS SELECT name, twice(id) AS number FROM person;
CREATE VIEW known AS SELECT number FROM names;
CREATE TRIGGER tidy BEFORE INSERT ON person FOR EACH ROW SET NEW.name = TRIM(NEW.name);
CREATE TRIGGER again BEFORE INSERT ON person FOR EACH ROW SET NEW.name = LOWER(NEW.name);
CREATE EVENT tidy_up ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM person WHERE id < 0;
CREATE EVENT resting ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DISABLE DO DELETE FROM person WHERE id < 0;
