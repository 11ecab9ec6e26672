CREATE TABLE parents (id INT PRIMARY KEY, name VARCHAR(80));
CREATE TABLE children (id INT PRIMARY KEY, parent INT, CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES parents (id));
INSERT INTO parents VALUES (1, 'a'), (8, 'own'), (9, 'own');
INSERT INTO children VALUES (1, 1);
