-- A foreign key comes to a table that is there; orphans are looked for.
CREATE TABLE parent (id INT PRIMARY KEY, other INT, KEY (other));
CREATE TABLE child (id INT PRIMARY KEY, p INT, KEY p (p), CONSTRAINT f FOREIGN KEY (p) REFERENCES parent (id));
INSERT INTO parent VALUES (1, 1);
INSERT INTO child VALUES (1, 1);
