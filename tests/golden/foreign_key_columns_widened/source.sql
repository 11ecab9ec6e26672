-- Both ends of a foreign key get a wider type.
CREATE TABLE parent (id BIGINT PRIMARY KEY);
CREATE TABLE child (id INT PRIMARY KEY, p BIGINT, KEY p (p), CONSTRAINT f FOREIGN KEY (p) REFERENCES parent (id));
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (1, 1);
