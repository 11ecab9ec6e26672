CREATE TABLE other_rows (id INT PRIMARY KEY, name VARCHAR(80));
CREATE TABLE only_on_the_target (id INT PRIMARY KEY);
INSERT INTO other_rows VALUES (1, 'a'), (2, 'another'), (9, 'own');
