-- A foreign key of the same name with other rules is dropped first and made last.
CREATE TABLE parent (id INT PRIMARY KEY, other INT, KEY (other));
CREATE TABLE child (id INT PRIMARY KEY, p INT, KEY p (p), CONSTRAINT f FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE);
INSERT INTO parent VALUES (1, 1);
INSERT INTO child VALUES (1, 1);
